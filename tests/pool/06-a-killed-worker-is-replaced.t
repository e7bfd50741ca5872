#!/bin/sh
# kill -9 of workers costs the requests they were in, and nothing else; one that
# keeps dying is started again ever more slowly.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 3'
pool_start
bench_start bench.log POST /api/notes -t acme -d '{"text":"x"}' -s 4 -c 4 -r 800
kills=0
while [ $kills -lt 12 ] && alive "$BENCH"; do
	victim=$(workers | head -n 1)
	[ -n "$victim" ] && kill -s KILL "$victim" 2>/dev/null && kills=$((kills + 1))
	wait_for 5 gone "$victim"
	sleep 0.2
done
bench_end bench.log
diag "$kills workers killed"
ok 'most were killed while requests came' test $kills -ge 8
ok 'no more are lost than were killed' test "$lost" -le $kills
is 'nobody was turned away' "$refused" 0
# a place of a killed worker is taken for a moment
is 'all others are done, or told to come again' $((status_201 + status_429)) "$done"
ok '  which is rare' test "$status_429" -le 20
rows=$(notes)
ok 'all that was acknowledged is there' test "$rows" -ge "$status_201"
ok 'and at most what was lost besides' test "$rows" -le $((status_201 + lost))
three() { [ "$(workers | wc -l)" -eq 3 ]; }
ok 'there are three again' wait_for 10 three
is 'the log says how they ended' "$(grep -c 'ended text="worker [0-9]*: signal 9 (Killed)"' "$LOG")" $kills
pool_stop

# A worker that cannot start any more: its key is gone.
pool_start
mv "$DATA/master.key" kept.key
for p in $(workers); do
	kill -s KILL "$p"
done
sleep 3
ended=$(grep -c 'exit status' "$LOG")
diag "$ended failed starts in three seconds"
ok 'who cannot start is not started over and over' test "$ended" -ge 6 -a "$ended" -le 18
mv kept.key "$DATA/master.key"
serves_again() {
	send -t acme GET /api/health
	[ "$status" = 200 ]
}
ok 'and serves when it can' wait_for 10 serves_again
pool_stop
done_testing
