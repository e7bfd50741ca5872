#!/bin/sh
# As a service of systemd, which holds the socket: a restart, a crash and a
# hang lose no request, and what systemd is told is so.
. "$(dirname "$0")/lib.sh"

pool_new
mkdir unit
SOCKET=$SCRATCH/unit/fcgi.sock

# unit_start COMMAND…	[WATCHDOG_MS]
unit_start() {
	: >unit/notify.log
	rm -f unit/*.sock
	background "$LOG" "$ROOT/tests/pool/systemd" "$SCRATCH/unit" "$@"
	UNIT=$pid
}
main() { cat unit/main.pid; }
told() {	# PATTERN [COUNT]
	[ "$(grep -Ec -e "$1" unit/notify.log)" -ge "${2:-1}" ]
}
is_another() {	# PID
	[ "$(main)" != "$1" ]
}

unit_start "$ROWHOUSE" pool
wait_for 20 told ' READY=1' || bail 'never ready'

bench_start bench.log POST /api/notes -t acme -d '{"text":"x"}' -c 1 -s 8 -r 300
before=$(main)
kill -s TERM "$before"
wait_for 20 is_another "$before"
wait_for 20 told ' READY=1' 2
ok 'a service that was stopped is there again' told ' READY=1' 2
ok '  it said that it stops' told STOPPING=1
killed=$(main)
kill -s KILL "$killed"
wait_for 20 told ' READY=1' 3
ok 'one that was killed, too' told ' READY=1' 3
ok '  all that while somebody writes' alive "$BENCH"
bench_end bench.log
ok '  often' test "$done" -gt 500
is '  and each is answered' "$status_201 $lost $refused" "$done 0 0"
is '  and there, once' "$(notes)" "$done"

# Supervisor and workers at once, as where the machine has no memory left: what they
# were at is lost, and nothing that was answered; who comes meanwhile waits.
together() { sqlite3 -readonly "$(db_of acme)" "SELECT count(*) FROM notes WHERE text = 'y'"; }
some() { [ "$(together)" -gt 50 ]; }
bench_start all.log POST /api/notes -t acme -d '{"text":"y"}' -c 3 -s 5 -r 300
wait_for 20 some || bail 'nothing is written'
killed=$(main)
# numbers
# shellcheck disable=SC2046
kill -s KILL "$killed" $(descendants "$killed")
wait_for 20 told ' READY=1' 4
ok 'all that are killed at once are there again' is_another "$killed"
bench_end all.log
ok '  no more is lost than they were at' test "$lost" -le 3
is '  none is refused' "$refused $status_201" "0 $done"
there=$(together)
ok '  what was answered is there' test "$there" -ge "$status_201"
ok '  and no more than that and the lost' test "$there" -le $((status_201 + lost))

# --- reload ---------------------------------------------------------------------
: >unit/notify.log
kill -s HUP "$(main)"
wait_for 20 told ' READY=1'
like 'a reload is announced, with the time it began at' "$(head -n 1 unit/notify.log)" \
    '^[0-9]+ RELOADING=1 MONOTONIC_USEC=[0-9]+$'
like '  and its end' "$(tail -n 1 unit/notify.log)" ' READY=1 STATUS=serves$'
: >unit/notify.log
echo 'SELECT nonsense' >app/api/notes/GET.sql
kill -s HUP "$(main)"
wait_for 20 told ' READY=1'
like 'one that fails ends as well, and says so' "$(tail -n 1 unit/notify.log)" \
    ' READY=1 STATUS=serves as before: the last renewal failed'
answers '  and what served serves' 200 healthy -t acme GET /api/health
app_new
unlike 'no worker talks to systemd' \
    "$(for p in $(descendants "$(main)"); do tr '\0' '\n' <"/proc/$p/environ"; done)" \
    '^(NOTIFY_SOCKET|LISTEN_|WATCHDOG_)'
stop "$UNIT"

# --- a supervisor that hangs ------------------------------------------------------
export WATCHDOG_MS=600
unit_start "$ROWHOUSE" pool
wait_for 20 told WATCHDOG=1 4
ok 'a supervisor whose loop turns says so' told WATCHDOG=1 4
unlike '  in time' "$(cat unit/notify.log)" '^[0-9]+ watchdog'
SERVE=$(main)
frozen=$(workers | tail -n 1)
kill -s STOP "$frozen"
bench_start bench.log GET /api/health -t acme -c 1 -n 1000
bench_end bench.log
is 'a worker that is stopped keeps no request from the others' "$status_200 $lost $refused" '1000 0 0'
is '  and is no reason to start anything again' "$(main)" "$SERVE"
kill -s CONT "$frozen"
hung=$(main)
kill -s STOP "$hung"
wait_for 20 told " watchdog $hung"
ok 'one that hangs is silent' told " watchdog $hung"
wait_for 20 told ' READY=1' 2
ok '  and another takes its place' is_another "$hung"
answers '  on the same socket' 200 healthy -t acme GET /api/health
stop "$UNIT"

# --- the two others ---------------------------------------------------------------
other() {	# NAME COMMAND…
	name=$1
	shift
	unit_start "$@"
	wait_for 20 told WATCHDOG=1 2
	ok "$name: is ready, and goes on saying so" told WATCHDOG=1 2
	unlike "$name: in time" "$(cat unit/notify.log)" '^[0-9]+ watchdog'
	hung=$(main)
	kill -s STOP "$hung"
	wait_for 20 is_another "$hung"
	ok "$name: one that hangs is replaced" is_another "$hung"
	wait_for 20 told ' READY=1' 2
	kill -s TERM "$(main)"
	wait_for 20 told STOPPING=1
	ok "$name: says that it stops" told STOPPING=1
	stop "$UNIT"
}
# a disk may take a while for the first base
WATCHDOG_MS=2000
config_write 'replica.url = replica' 'mail.url = smtp://127.0.0.1:9' \
    'mail.from = no-reply@rowhouse.example'
other replicator "$ROWHOUSE" replicator
other mailer "$ROWHOUSE" mailer
done_testing
