#!/bin/sh
# rowhouse serve starts the replicator beside the pool, starts it again when it
# dies, and tells it last, so that it ships what the last requests wrote.
. "$(dirname "$0")/lib.sh"

pool_new 'replica.url = replica'
background "$LOG" "$ROWHOUSE" serve
SERVE=$pid
served=0
wait_for 20 serving || bail 'rowhouse serve does not serve'
there() { [ -n "$(replicator)" ]; }
ok 'there is a replicator' wait_for 10 there
first=$(replicator)
kill -s KILL "$first"
another() { there && [ "$(replicator)" != "$first" ]; }
ok 'another one takes its place' wait_for 10 another

bench_start bench.log POST /api/notes -t acme -d '{"text":"x"}' -s 1 -c 4
bench_end bench.log
first=$(replicator)
kill -s HUP "$SERVE"
ok 'a renewal replaces it, too' wait_for 20 another
unlike '  which is no failure' "$(cat "$LOG")" 'replicator [0-9]+: (exit status [^0]|signal [^9])'

# guards: one that was waiting to be started again at a renewal never was
first=$(replicator)
background holder.log perl -e 'use Fcntl ":flock"; open(F, "+<", shift) or die; $| = 1;
	print "waits\n"; flock(F, LOCK_EX) or die; sleep 600' "$DATA/replicator.lock"
holder=$pid
wait_for 20 grep waits holder.log
stop "$first" KILL
ended() {
	[ "$(grep -c 'ended text="replicator .*exit status' "$LOG")" -ge "$1" ]
}
ok 'where it cannot start it is tried later each time' wait_for 60 ended 6
stop "$holder"
kill -s HUP "$SERVE"
ok '  and a renewal does not end that' wait_for 10 there
ok '  but has it at once' wait_for 10 "$ROWHOUSE" status acme
note last
serve_stop
ok 'all of it has ended' gone "$SERVE"
"$ROWHOUSE" restore acme --to "$SCRATCH/restored.sqlite" >restore.log 2>&1
is 'the replica has every row that was acknowledged' \
    "$(sqlite3 -readonly restored.sqlite 'SELECT count(*) FROM notes')" $((status_201 + 1))
done_testing
