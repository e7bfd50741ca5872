#!/bin/sh
# What the units of scripts/systemd leave a service, as systemd itself rates it
# (0 is nothing, 10 is everything), and that systemd understands every line.
. "$(dirname "$0")/../lib.sh"

command -v systemd-analyze >/dev/null || skip_all 'the package systemd is not installed'
UNITS=$ROOT/scripts/systemd

# tight UNIT TENTHS	as `systemd-analyze security` has it
tight() {
	systemd-analyze security --no-pager --offline=true --threshold="$2" "$1" >security.log 2>&1
}
score() {	# UNIT TENTHS
	ok "$1 is exposed to $(($2 / 10)).$(($2 % 10)) at the most" tight "$UNITS/$1" "$2"
	like '  as rated' "$(tail -n 1 security.log)" '[0-9.]+ (SAFE|OK)'
	unlike '  without a word that it does not know' "$(cat security.log)" 'Unknown|ignoring'
}
score rowhouse-pool.service 3
score rowhouse-mailer.service 12
score rowhouse-replicator.service 12
score rowhouse-steward.service 12
sed '/^PrivateNetwork=/d' "$UNITS/rowhouse-pool.service" >loose.service
ok 'a pool with a network would not be' test ! "$(tight ./loose.service 3 && echo yes)"

mkdir units
for unit in "$UNITS"/*.service "$UNITS"/*.socket; do
	sed "s|/usr/local/bin/rowhouse|$ROWHOUSE|g" "$unit" >"units/${unit##*/}"
done
verify() {
	(cd units && systemd-analyze verify --man=no --recursive-errors=no \
		./*.service ./*.socket) 2>&1
}
is 'systemd understands each line' "$(verify)" ''
sed -i 's/^WatchdogSec=/WatchdogSecs=/' units/rowhouse-pool.service
like '  and would say what it does not' "$(verify)" "Unknown key.*'WatchdogSecs'"
done_testing
