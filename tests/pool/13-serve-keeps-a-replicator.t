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
note last
serve_stop
ok 'all of it has ended' gone "$SERVE"
"$ROWHOUSE" restore acme --to "$SCRATCH/restored.sqlite" >restore.log 2>&1
is 'the replica has every row that was acknowledged' \
    "$(sqlite3 -readonly restored.sqlite 'SELECT count(*) FROM notes')" $((status_201 + 1))
done_testing
