#!/bin/sh
# The machine's clock is set an hour back, forth, ahead and back again while a tenant
# is written to S3, which refuses requests that bear such a time.  All arrives without
# delay, the times of an epoch's files never decrease, and a moment of true time is
# restored as it was: also after the clock was ahead, since a new epoch begins then.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

clock_new

s3_start
house_new "replica.url = $(s3_url house)" 'replica.interval = 100ms' \
	'replica.claim = 500ms'
tenant_new acme
# words
# shellcheck disable=SC2086
{
background replicator.log $jumping "$ROWHOUSE" replicator
REPLICATOR=$pid
wait_for 20 "$ROWHOUSE" status || bail "no replicator: $(cat replicator.log)"
background commits.err $jumping sh -c '"$@" >commits.out' sh \
	"$O/tools/commits" "$CONF" acme 1 125 60
COMMITS=$pid
}
written() {
	[ "$(wc -l <commits.out 2>/dev/null || echo 0)" -ge "$1" ]
}
shipped() {	# EPOCH TXID	and more, within less than the hour
	"$ROWHOUSE" status acme --json 2>/dev/null |
		sed -n 's/.*"epoch":\([0-9]*\),.*"replicated_txid":\([0-9]*\),.*/\1 \2/p' >place
	read -r at_epoch at_txid <place || return 1
	[ "$at_epoch" -gt "$1" ] || [ "$at_txid" -gt "$2" ]
}
n=0
at_epoch=1
at_txid=0
for offset in +0 -3600 +0 +3600 +0; do
	set_clock $offset
	n=$((n + 25))
	wait_for 20 written $n || bail "no commits: $(cat commits.err)"
	ok "with the clock at $offset s it goes on to S3" wait_for 20 shipped "$at_epoch" "$at_txid"
done
wait_for 20 gone "$COMMITS"
ok 'all arrives' wait_for 20 caught_up acme
shipped 0 0
is '  all of it' "$(sqlite3 caught-up.sqlite \
	'SELECT count(*) = max(n), max(n) FROM ledger')" '1|125'
is '  another epoch began when the clock had been ahead, and none else' \
	"$("$ROWHOUSE" status acme --json | sed 's/.*"epoch":\([0-9]*\).*/\1/')" 2
like '    the log says it' "$(cat replicator.log)" 'acme: epoch 00000002 begins: the clock was ahead, and is right again'
ok '  and nothing is wrong' "$ROWHOUSE" status
stop "$REPLICATOR"
like 'the log says whose clock it was' "$(cat replicator.log)" \
	"the clock of 127.0.0.1:$S3_PORT is (3600|3599) s behind ours; requests to it bear its time"
like '  and when it was mended' "$(cat replicator.log)" "the clock of 127.0.0.1:$S3_PORT is ours again"

for epoch in 1 2; do
	s3 times house/acme/0000000$epoch/0000/ >when
	is "the times of the files of epoch $epoch never decrease" "$(sort -c when 2>&1)" ''
	diag "$(wc -l <when) files"
done

# Of a whole interval's end: what was answered by then, and nothing that had not
# begun.  A commit began after the one before it was answered.
wrong=
for n in 5 12 20 56 62 70 81 88 95 107 112 120; do
	# those of the hour that had not come yet are in the epoch that it ended
	of=
	case $n in 8? | 9?) of='--epoch 1' ;; esac
	ms=$(($(sed -n "${n}s/.* //p" commits.out) / 100 * 100 + 100))
	rm -f at.sqlite
	# words
	# shellcheck disable=SC2086
	"$ROWHOUSE" restore acme $of --to at.sqlite --at \
		"$(date -u -d "@$((ms / 1000)).$(printf %03d $((ms % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ)" \
		>at.out 2>&1 || wrong="$wrong $n: $(cat at.out)"
	last=$(sqlite3 at.sqlite 'SELECT max(n) FROM ledger WHERE (SELECT count(*) = max(n) FROM ledger)')
	begun=$(sed -n "$((${last:-0} - 1))s/.* //p" commits.out)
	[ "${last:-0}" -ge $n ] && [ "${begun:-0}" -le $ms ] ||
		wrong="$wrong $n: $last, begun $begun, at $ms"
done
is 'what had not been before is restored to the moment' "$wrong" ''
"$ROWHOUSE" restore acme --at "$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)" --to later.sqlite >/dev/null 2>&1
is '  and the newest state is that of any later one' \
	"$(sqlite3 later.sqlite 'SELECT max(n) FROM ledger')" 125
for txid in $((at_txid - 3)) $((at_txid - 1)); do
	"$ROWHOUSE" restore acme --txid $txid --to by-txid.$txid >/dev/null 2>&1
	is "  and TXID $txid of it is there by its number" $? 0
done

done_testing
