#!/bin/sh
# The machine's clock is set an hour back, forth, ahead and back again while a tenant
# is written to S3, which refuses requests that bear such a time.  All arrives without
# delay, the times of the files never decrease, and a moment that the clock had not
# been past before is restored as it was.
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
shipped() {	# TXID	and more, within less than the hour
	at=$("$ROWHOUSE" status acme --json 2>/dev/null |
		sed -n 's/.*"replicated_txid":\([0-9]*\),.*/\1/p')
	[ "${at:-0}" -gt "$1" ]
}
n=0
was=0
for offset in +0 -3600 +0 +3600 +0; do
	set_clock $offset
	n=$((n + 25))
	wait_for 20 written $n || bail "no commits: $(cat commits.err)"
	wait_for 20 shipped "$was"
	is "with the clock at $offset s it goes on to S3" $? 0
	was=$at
done
wait_for 20 gone "$COMMITS"
ok 'all arrives' wait_for 20 caught_up acme
is '  all of it' "$(sqlite3 caught-up.sqlite \
	'SELECT count(*) = max(n), max(n) FROM ledger')" '1|125'
is '  in one epoch' "$("$ROWHOUSE" status acme --json | sed 's/.*"epoch":\([0-9]*\).*/\1/')" 1
ok '  and nothing is wrong' "$ROWHOUSE" status
stop "$REPLICATOR"
like 'the log says whose clock it was' "$(cat replicator.log)" \
	"the clock of 127.0.0.1:$S3_PORT is (3600|3599) s behind ours; requests to it bear its time"
like '  and when it was mended' "$(cat replicator.log)" "the clock of 127.0.0.1:$S3_PORT is ours again"

s3 times house/acme/00000001/0000/ >when
is 'the times of files never decrease' "$(sort -c when 2>&1)" ''
diag "$(wc -l <when) files"

# Of a whole interval's end: what was answered by then, and nothing that had not
# begun.  A commit began after the one before it was answered.
wrong=
for n in 5 12 20 56 62 70 81 88 95; do
	ms=$(($(sed -n "${n}s/.* //p" commits.out) / 100 * 100 + 100))
	rm -f at.sqlite
	"$ROWHOUSE" restore acme --to at.sqlite --at \
		"$(date -u -d "@$((ms / 1000)).$(printf %03d $((ms % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ)" \
		>at.out 2>&1 || wrong="$wrong $n: $(cat at.out)"
	last=$(sqlite3 at.sqlite 'SELECT max(n) FROM ledger WHERE (SELECT count(*) = max(n) FROM ledger)')
	begun=$(sed -n "$((${last:-0} - 1))s/.* //p" commits.out)
	[ "${last:-0}" -ge $n ] && [ "${begun:-0}" -le $ms ] ||
		wrong="$wrong $n: $last, begun $begun, at $ms"
done
is 'what had not been before is restored to the moment' "$wrong" ''

# What comes while the clock goes over a time again has the newest time there was.
"$ROWHOUSE" restore acme --at now --dry-run --json >plan.json
like 'a moment that was twice is the first' \
	"$(sqlite3 :memory: "SELECT j ->> 'next_time' > strftime('%Y-%m-%dT%H:%M', 'now', '+50 minutes') FROM (SELECT readfile('plan.json') AS j)")" 1
"$ROWHOUSE" restore acme --at "$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)" --to later.sqlite >/dev/null 2>&1
is '  and the newest state is that of any later one' \
	"$(sqlite3 later.sqlite 'SELECT max(n) FROM ledger')" 125
for txid in $((was - 3)) $((was - 1)); do
	"$ROWHOUSE" restore acme --txid $txid --to by-txid.$txid >/dev/null 2>&1
	is "  and TXID $txid of it is there by its number" $? 0
done

done_testing
