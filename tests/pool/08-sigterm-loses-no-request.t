#!/bin/sh
# SIGTERM: who has connected is answered, who comes later is refused at once;
# then everything is gone, the socket as well.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 2'
# whose requests do not wait for those of the one that sends so many
tenant_new globex
acked=0
for round in 1 2 3 4; do
	pool_start
	pids=$(workers)
	# so many that the queue is longer than the pause before the workers know
	bench_start queue.log GET '/api/slow?n=40000' -t acme -s 2 -c 24
	queue=$BENCH
	bench_start bench.log POST /api/notes -t acme -d '{"text":"x"}' -s 2 -c 16
	background slow.log "$FCGI" -t globex -d '{"text":"slow"}' -w 1200 "$SOCKET" \
		POST /api/notes
	slow=$pid
	sleep 0.6
	kill -s TERM "$SERVE"
	wait "$SERVE"
	is "round $round: it ends well" $? 0
	wait "$slow"
	is '  a request that was in progress is answered' $? 0
	like '  with what it asked for' "$(head -n 1 slow.log)" '^Status: 201'
	rm slow.log
	bench=$BENCH BENCH=$queue
	bench_end queue.log
	is '  nobody who had queued is lost' "$lost" 0
	BENCH=$bench
	bench_end bench.log
	is '  nobody who had connected is lost' "$lost" 0
	ok '  there were some' test "$done" -gt 0
	ok '  who came later was refused' test "$refused" -gt 0
	# where the disk is slow, some are told to come again
	is '  nobody got an error' $((status_201 + status_429)) "$done"
	acked=$((acked + status_201))
	is '  all that was acknowledged is there' "$(notes) $(notes globex)" "$acked $round"
	ok '  the socket is gone' test ! -e "$SOCKET"
	for p in $pids; do
		gone "$p" || result 1 "  worker $p is gone"
	done
done

pool_start
background slow.log "$FCGI" -t acme -d '{"text":"slow"}' -w 60000 "$SOCKET" POST /api/notes
sleep 0.3
begun_ms=$(now_ms)
kill -s TERM "$SERVE"
sleep 0.3
ok 'it waits for a request in progress' alive "$SERVE"
kill -s TERM "$SERVE"
ok 'told twice it does not' wait_for 5 gone "$SERVE"
wait "$SERVE"
done_testing
