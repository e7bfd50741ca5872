#!/bin/sh
# SIGHUP under load, again and again: new workers, new endpoints, another number
# of them, and every request answered as if nothing happened.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 2'
pool_start

renewals() { grep -c ' renewed ' "$LOG"; }
renew() {
	before=$(renewals)
	kill -s HUP "$SERVE"
	wait_for 20 renewed || bail "no renewal: $(tail -n 3 "$LOG")"
}
renewed() { [ "$(renewals)" -gt "$before" ]; }

workers | sort >first
bench_start get.log GET /api/notes -t acme -s 6 -c 6
get=$BENCH
bench_start post.log POST /api/notes -t acme -d '{"text":"x"}' -s 6 -c 2 -r 400
post=$BENCH
n=0
while alive "$get"; do
	renew
	n=$((n + 1))
done
ok 'there were many' test $n -ge 5
diag "$n renewals"
BENCH=$get
bench_end get.log
is 'no GET is lost' "$lost" 0
is '  none is refused' "$refused" 0
# where the disk is slow, some are told to come again
is '  each has its answer' $((status_200 + status_429)) "$done"
BENCH=$post
bench_end post.log
is 'no POST is lost' "$lost" 0
is '  none is refused' "$refused" 0
is '  each has its answer' $((status_201 + status_429)) "$done"
is '  and is done once' "$(notes)" "$status_201"
swapped() {
	workers | sort >after
	[ "$(wc -l <after)" -eq 2 ] && [ -z "$(comm -12 first after)" ]
}
ok 'the workers are others' wait_for 10 swapped
unlike 'no failure is in the log' "$(cat "$LOG")" ' (warn|error) '

config_write 'replica.url =' 'statement.read = 30s' 'workers = 5'
renew
five() { [ "$(workers | wc -l)" -eq 5 ]; }
ok 'another number of workers is taken over' wait_for 10 five

# A request in progress is finished by the worker that has it.
background slow.log "$FCGI" -t acme -d '{"text":"slow"}' -w 1500 "$SOCKET" POST /api/notes
slow=$pid
sleep 0.3
renew
renew
wait "$slow"
is 'who began before two renewals is answered after' $? 0
like '  with what it asked for' "$(head -n 1 slow.log)" '^Status: 201'
pool_stop
done_testing
