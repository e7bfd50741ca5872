#!/bin/sh
# scripts/deploy, through a real sshd: a release arrives, is checked, rehearsed,
# swapped in and serves; the one before can be had back; nothing is done twice.
. "$(dirname "$0")/lib.sh"

server_new
change 0
deploy --dry-run
is 'a dry run succeeds' "$status" 0
like '  and says what it would do' "$output" 'would take the place of nothing; nothing was changed'
is '  and leaves nothing' "$(ls "$DIR")" 'deploy.conf
lock'
house_up
first=$(current)
like 'the first release says how it is started' "$output" "nothing is running; start it:  $DIR/current/rowhouse serve -c $CONF"
is '  and it serves' "$(serves)" "$first"
diag "$output"

change 1
deploy
is 'another is deployed' "$status" 0
second=$(current)
diag "$output"
ok '  it is another' test "$second" != "$first"
is '  it serves' "$(serves)" "$second"
ok '  with its application' says 1
is "  and the operator's page" "$(ls "$DIR/current/caddy/operator")" "$(ls "$ROOT/caddy/operator")"
like '  it says how long that took' "$output" "$second serves, [0-9]+ ms after the swap"
new_replicator() {
	[ "$(readlink "/proc/$(replicator)/exe")" = "$DIR/releases/$second/rowhouse" ]
}
ok '  and its replicator' new_replicator

deploy
is 'the same again succeeds' "$status" 0
like '  and does nothing' "$output" "$second serves already, and is the same; nothing was changed"
is '  there are two' "$(releases)" 2

change 2
deploy --dry-run
like 'a dry run says what would go' "$output" "would take the place of $second; nothing was changed"
is '  and changes nothing' "$(current) $(releases)" "$second 2"

other --status
like 'status says what serves' "$output" "the pool answers: $second"
like '  and what was before' "$output" "current $second, previous $first"

other --rollback
is 'a rollback succeeds' "$status" 0
is '  the first serves' "$(serves)" "$first"
ok '  with its application' says 0
other --rollback
is 'once more is forward again' "$(serves) $status" "$second 0"

for n in 3 4 5 6 7; do
	change $n
	deploy
	[ "$status" = 0 ] || diag "$output"
done
is 'five are kept' "$(releases)" 5
ok '  the newest serves' says 7
ok '  the oldest are gone' test ! -e "$DIR/releases/$first" -a ! -e "$DIR/releases/$second"
is 'nothing else is left' "$(ls "$DIR")" 'current
deploy.conf
lock
previous
releases'
done_testing
