#!/bin/sh
# `rowhouse restore` at the command line: what it refuses and in which words,
# what a dry run promises, JSON, a terminal, and scripts/restore in front of it.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
live=$(db_of acme)
{
	n=0
	for sql in 'CREATE TABLE log (n)' 'INSERT INTO log VALUES (1)' \
	    'INSERT INTO log VALUES (2)' 'INSERT INTO log VALUES (3)'; do
		n=$((n + 1))
		echo "state $((1795428000123 + n * 1000)) $sql"
		echo "put $((n == 1 ? 9 : 0)) $n $n"
	done
} | "$O/tools/mkreplica" "$REPLICA" acme 1 "$live" 4096

# refused STATUS NAME REGEXP ARGUMENT…
refused() {
	want=$1 name=$2 regexp=$3
	shift 3
	output=$("$ROWHOUSE" restore "$@" 2>&1 </dev/null)
	is "$name" $? "$want"
	like '  in these words' "$output" "$regexp"
}
refused 2 'no tenant' 'which tenant\?'
refused 2 'no target' 'where to\? --to FILE or --in-place' acme
like '  and both are explained' "$output" '--in-place   the tenant itself goes on from there'
refused 2 'two targets' '--to and --in-place: only one' acme --to x --in-place
refused 2 'two points' 'only one' acme --at now --txid 3 --to x
refused 2 'two tenants' 'one word too many: globex' acme globex --to x
refused 2 'an unknown option' 'unknown option --fast' acme --fast --to x
refused 2 'an option without its value' 'nothing follows --at' acme --to x --at
refused 2 'no slug' 'slug' '../acme' --to x
refused 2 'no time' "--at: .*some day" acme --at 'some day' --to x
refused 2 'no TXID' '--txid -3: is not a number from 1 on' acme --txid -3 --to x
refused 2 'no epoch' '--epoch one: is not an epoch' acme --epoch one --to x
refused 2 'no place for a replica' "'gs://b/p' is not a place for a replica" acme --from gs://b/p --to x
refused 2 'no bucket' "'b' is not the name of a bucket" acme --from s3://b/p --to x
refused 1 'another tenant' 'globex: there is no replica of it in ' globex --to x
refused 1 'another epoch' 'there is no epoch 00000009; the newest is 00000001' acme --epoch 9 --to x
refused 1 'a time before the first' 'acme: nothing is as old as 2026-11-23T10:00:00\.000Z; the oldest point of epoch 00000001 is TXID 1 of 2026-11-23T10:00:01\.123Z' \
	acme --at 2026-11-23T10:00:00Z --to x
refused 1 'a TXID beyond the last' 'epoch 00000001 has no TXID 9: its newest is TXID 4 of ' acme --txid 9 --to x
refused 1 'a directory that is not there' 'No such file or directory' acme --to nowhere/x
refused 1 'a configuration that is not there' 'configuration: .*nowhere' acme --to x -c nowhere
mv "$CONF" kept.conf
grep -v '^replica.url' kept.conf >"$CONF"
refused 2 'no replica' 'names no replica \(replica\.url\)' acme --to x
mv kept.conf "$CONF"
ok 'none of this made a file' test ! -e x

# --- what it does ------------------------------------------------------------------

output=$("$ROWHOUSE" restore acme --at 2026-11-23T10:00:03Z --dry-run)
is 'a dry run' $? 0
like '  names the state' "$output" 'TXID 2 of epoch 00000001'
like '  until when it lasts' "$output" 'until    2026-11-23T10:00:03\.123Z, TXID 3, 1\.000 s later'
like '  and what is fetched' "$output" 'fetches  2 objects'
"$ROWHOUSE" restore acme --at 2026-11-23T10:00:03Z --dry-run --json >plan.json
is '  in JSON, too' "$(sqlite3 :memory: "SELECT j ->> 'tenant', j ->> 'epoch', j ->> 'txid', j ->> 'time',
	j ->> 'next_txid', j ->> 'next_time' FROM (SELECT readfile('plan.json') AS j)")" \
	'acme|1|2|2026-11-23T10:00:02.123Z|3|2026-11-23T10:00:03.123Z'
output=$("$ROWHOUSE" restore acme --txid 3 --to three.sqlite 2>stderr)
is 'a restore to a file' $? 0
is '  is silent on the way' "$(cat stderr)" ''
like '  and says what it did' "$output" '^acme is restored to 2026-11-23T10:00:03\.123Z$'
is '  the file stands alone' "$(echo three.sqlite*)" three.sqlite
is '  which is so' "$(sqlite3 -readonly three.sqlite 'SELECT group_concat(n) FROM log')" 1,2
mkdir bare
(cd bare && ROWHOUSE_CONFIG=/nowhere "$ROWHOUSE" restore acme --from "$REPLICA" --to x >/dev/null)
is 'a replica is all that a bare machine needs' $? 0
cmp -s "$live" bare/x
is '  and that is the newest state' $? 0

# --- a terminal ----------------------------------------------------------------------

# on_terminal ANSWER ARGUMENT…	what is seen there
on_terminal() {
	answer=$1
	shift
	echo "$answer" | script -qec "'$ROWHOUSE' restore $*" /dev/null
}
seen=$(on_terminal globex acme --txid 2 --in-place)
like 'on a terminal it shows the plan first' "$seen" 'until    2026-11-23T10:00:03'
like '  and asks' "$seen" "Type the tenant's name"
like '  another answer changes nothing' "$seen" 'nothing was changed'
is '  indeed' "$(cd "$DATA/tenants/acme" && echo *)" 00000001
seen=$(on_terminal acme acme --txid 2 --in-place)
like 'the right one goes on' "$seen" 'acme is restored to 2026-11-23T10:00:02'
like '  shows how far it is' "$seen" 'acme: +[0-9]+ %, .* left'
like '  says where the old file is' "$seen" 'before   .*/tenants/acme/00000001/db\.sqlite is kept'
is '  the tenant is there' \
	"$(sqlite3 -readonly "$DATA/tenants/acme/00000002/db.sqlite" 'SELECT group_concat(n) FROM log')" 1
like '  the registry knows' "$("$ROWHOUSE" tenant show acme --json)" '"epoch": ?2'

# --- scripts/restore --------------------------------------------------------------------

output=$(ROWHOUSE="$ROWHOUSE" "$ROOT/scripts/restore" acme --txid 3 </dev/null)
is 'scripts/restore restores in place' $? 0
like '  as a new epoch' "$output" 'epoch    00000003 from now on'
output=$(ROWHOUSE="$ROWHOUSE" "$ROOT/scripts/restore" acme --points --json 2>&1 </dev/null)
is '  and says what could be restored' "$? $(printf '%s' "$output" | cut -c1-16)" '0 {"tenant":"acme"'
ROWHOUSE="$ROWHOUSE" "$ROOT/scripts/restore" acme --txid 3 --to script.sqlite >/dev/null
is '  or to a file' $? 0
cmp -s three.sqlite script.sqlite
is '  the same' $? 0
like '  and passes on what it is asked' \
	"$(ROWHOUSE="$ROWHOUSE" "$ROOT/scripts/restore" acme --txid 77 --dry-run 2>&1)" 'no TXID 77'
output=$(ROWHOUSE_CONFIG='' DEMO="$SCRATCH" ROWHOUSE="$ROWHOUSE" \
	"$ROOT/scripts/restore" acme --txid 2 --dry-run)
is '  it finds the configuration of the demo' $? 0

done_testing
