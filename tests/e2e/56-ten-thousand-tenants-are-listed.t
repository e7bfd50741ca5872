#!/bin/sh
# rowhouse tenant list and show: what they are asked may be anything, and there may
# be ten thousand.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
uid=$("$ROWHOUSE" tenant show acme --json | sed 's/.*"uid":"\([^"]*\)".*/\1/')

# rows alone, but for a file of every tenth
sqlite3 "$DATA/registry.db" "WITH RECURSIVE n (i) AS
	(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
	INSERT INTO tenants (slug, uid, state, epoch, parent_epoch, parent_txid,
		generation, size_max, created, updated, plan)
	SELECT format('t%05d', i), format('u%014d', i),
		iif(i % 10 = 0, 'suspended', 'active'), 1, 0, 0, 1, 0, 1000 * i, 0, '' FROM n"
(cd "$DATA/tenants" && seq -f 't%05.0f/00000001' 10 10 10000 | xargs mkdir -p) ||
	bail 'directories for them'
for n in 20 40 60; do
	truncate -s "${n}K" "$DATA/tenants/t000$n/00000001/db.sqlite"
done

listed() {	# ARGUMENT…	the slugs
	"$ROWHOUSE" tenant list "$@" --json | tr '{' '\n' | sed -n 's/.*"slug":"\([^"]*\)".*/\1/p'
}
begun=$(now_ms)
is 'all are listed' "$(listed | md5sum)" "$({ echo acme; seq -f 't%05.0f' 10000; } | md5sum)"
diag "in $(($(now_ms) - begun)) ms"
ok '  fast' test $(($(now_ms) - begun)) -lt $((5000 * PATIENCE))
is '  for people' "$("$ROWHOUSE" tenant list | wc -l)" 10002
is 'the newest first' "$(listed --sort -created --limit 3 | tr '\n' ' ')" 'acme t10000 t09999 '
is 'the largest' "$(listed --sort -size --limit 4 | tr '\n' ' ')" 'acme t00060 t00040 t00020 '
is 'of a state' "$(listed --state suspended --sort -slug | sed -n '1p;1000p' | tr '\n' ' ')" \
	't10000 t00010 '
is 'of a pattern' "$(listed 't0000[1-3]' | tr '\n' ' ')" 't00001 t00002 t00003 '
is '  and a state' "$(listed 't0?000' --state suspended --limit 2 | tr '\n' ' ')" 't01000 t02000 '

# what matches nothing is an answer, and a quick one
long=$(printf 'a*%.0s' $(seq 200))
for pattern in '' '[' '[!a-' "$(printf '\377\376')" "$(printf '\033[2J')" "$long" "\\" T00001 "'; --"; do
	begun=$(now_ms)
	output=$("$ROWHOUSE" tenant list "$pattern" --json 2>&1)
	is "none is like $(printf '%.20s' "$pattern" | tr -c ' -~' '?')" "$? $output" '0 {"tenants":[]}'
	ok '  soon' test $(($(now_ms) - begun)) -lt $((5000 * PATIENCE))
done

refused() {	# REGEXP ARGUMENT…
	regexp=$1
	shift
	output=$("$ROWHOUSE" tenant "$@" 2>&1)
	is "$(printf '%.40s' "$*" | tr -c ' -~' '?') is refused" $? 2
	like '  and named' "$output" "^rowhouse tenant: $regexp"
	unlike '  without a control character' "$output" '[[:cntrl:]]'
}
for key in '' - -- name SLUG ' slug' 'slug,size' "$(printf '\033[2J')"; do
	refused '--sort .*: is not slug, created' list --sort "$key"
done
for state in '' Active gone "$(printf 'active\n')x" "$(printf '\377')"; do
	refused '--state .*: is not active, suspended or deleted' list --state "$state"
done
for limit in '' 0 -1 1.5 0x10 1e3 ' 1' 99999999999999999999; do
	refused '--limit .*: is not a number from 1 on' list --limit "$limit"
done
refused 'nothing follows --limit' list --limit
refused 'one word too many: b' list a b
refused 'unknown option --sort' show acme --sort slug
for slug in '' Acme ../acme 'acme ' "$(printf 'acme\033')" "$(printf '\377')" "$long" 'acme/00000001'; do
	refused '(the slug is empty|slug ".*": )' show "$slug"
done
like 'one of ten thousand is shown' "$("$ROWHOUSE" tenant show t10000 --json)" \
	'"uid":"u00000000010000","state":"suspended"'
like '  the first, too' "$("$ROWHOUSE" tenant show acme)" "uid +$uid"
output=$("$ROWHOUSE" tenant list 2>&1 >/dev/full)
is 'where it cannot be written that is no success' $? 1
like '  which is said' "$output" 'standard output'
done_testing
