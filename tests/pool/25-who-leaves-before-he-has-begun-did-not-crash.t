#!/bin/sh
# Workers are killed, and those that take their places are renewed at once: told to
# leave before they have come to listen for that.  The log has the kills, and calls
# nobody else crashed.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 4'
pool_start
n=0
while [ $n -lt 30 ]; do
	n=$((n + 1))
	for p in $(workers | head -n 3); do
		kill -s KILL "$p" 2>/dev/null
	done
	sleep 0.0$((n % 6))
	kill -s HUP "$SERVE"
	sleep 0.2
done
ok 'the pool answers' wait_for 20 "$ROWHOUSE" health
like 'the kills are in the log' "$(grep ' ended ' "$LOG")" 'signal 9 '
is '  and nothing else that ended badly' "$(grep ' ended ' "$LOG" | grep -v 'signal 9 ')" ''
done_testing
