#!/bin/sh
# A bucket that others use, too, and things under our prefix that are not ours, some
# with names that look nearly like it: nothing of it is taken for a replica, read or
# deleted, while tenants are written, merged, thinned out, proven and restored.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
proxy_start
house_new "replica.url = $(s3_url house "$PROXY")" 'replica.interval = 100ms' \
	'replica.fine = 2s' 'replica.compact = 1s' 'replica.sweep = 500ms' \
	'replica.idle = 1s' 'replica.claim = 500ms'
tenant_new acme
tenant_new globex

e=house/acme/00000001
two=0000000000000002-0000000000000002.ltx
cat >foreign <<END
house
houses/acme/00000001/owner
house-2/acme/00000001/0009/0000000000000001-0000000000000001.ltx
other/house/acme/00000001/owner
house/
house/README.txt
house/acme/
house/acme/owner
house/acme/00000001
house/acme/00000001/
house/acme/1/owner
house/acme/00000000/owner
house/acme/0000000G/owner
house/acme/000000001/owner
house/acme/0000000A/notes.txt
$e/owner.bak
$e/0000/
$e/0000/$two.tmp
$e/0000/$two/
$e/0000/$two/part
$e/0000/0000000000000002-0000000000000002.LTX
$e/0000/2-2.ltx
$e/0000/00000000000000AA-00000000000000AA.ltx
$e/0000/00000000000000ab-00000000000000aa.ltx
$e/0000/0000000000000000-0000000000000000.ltx
$e/0000/ &<>"'%2F+é.ltx
$e/000/$two
$e/00001/$two
$e/000a/$two
$e/0/$two
$e/ltx/0/$two
house/ACME/00000001/owner
house/_other/00000001/owner
house/a_b/00000001/0000/$two
house/zzz/notes.txt
house/zzz/00000001/notes.txt
END
# an empty object, or one that says what it is
put_foreign() {
	while IFS= read -r key; do
		case $key in
		*/|*.tmp|*/2-2.ltx) printf '' | s3 put "$key" ;;
		*) echo "theirs: $key" | s3 put "$key" ;;
		esac || return 1
	done <foreign
}
foreign_is() {
	while IFS= read -r key; do
		printf '%s=%s\n' "$key" "$(s3 get "$key" 2>&1)"
	done <foreign
}
put_foreign || bail 'cannot put what is foreign'
foreign_is >before

house_start
for slug in acme globex; do
	sign_in $slug
	project_new $slug ACK
done
# A few in each window.
more() {
	n=$((${n:-0} + 1))
	for slug in acme globex; do
		sign_in $slug
		writer_start $slug ACK "w$n" 20
	done
	for p in $writers; do
		wait_for 20 gone "$p"
	done
	writers=
}
tidied() {
	more
	[ "$(grep -cE '^PUT 200 200 .*/house/acme/.*/0001/' "$PROXY_LOG")" -gt 2 ] &&
		grep -qE '^(DELETE|BATCH) 20' "$PROXY_LOG"
}
ok 'they are merged and thinned out' wait_for 40 tidied
for slug in acme globex; do
	ok "$slug arrives" wait_for 40 caught_up $slug
	ledger_ok "the replica of $slug" $slug caught-up.sqlite
done
said=$("$ROWHOUSE" verify --all 2>&1)
is 'all are proven' $? 0
diag "$said"
is 'the replica is well' "$("$ROWHOUSE" check | tail -n 1)" 'replica: ok'
ok '  and so is the status' "$ROWHOUSE" status
serve_stop

# Without its catalog compaction asks the store what is there.
rm -rf "$DATA"/tenants/*/shelf "$DATA"/registry/shelf
: >"$PROXY_LOG"
serve_start
tidied_again() {
	more
	grep -q '^LIST 200 .*house%2Facme%2F' "$PROXY_LOG" &&
		grep -qE '^(DELETE|BATCH) 20' "$PROXY_LOG"
}
ok 'without a catalog, too' wait_for 40 tidied_again
ok '  and the newest state is there' wait_for 20 caught_up acme
serve_stop

mv "$DATA" lost
output=$("$ROWHOUSE" restore --all 2>&1)
is 'a lost machine comes back' $? 0
like '  with our tenants alone' "$output" 'registry and 2 of 2 tenants'
diag "$output"

foreign_is >after
is 'what is not ours is as it was' "$(diff before after)" ''
grep -E '^(GET|PUT|DELETE|HEAD)' "$PROXY_LOG" | sed 's/.* //' |
	grep -vE '^/test/house/(_machine|_probe|(acme|globex|_registry)/[0-9a-f]{8}/(owner|[0-9a-f]{4}/[0-9a-f]{16}-[0-9a-f]{16}\.ltx))$' >touched
is '  and was not asked for' "$(cat touched)" ''
sed -n 's/^LIST .*[?&]prefix=//p' "$PROXY_LOG" | sed 's/%2F/\//g' | sort -u |
	grep -vE '^house/((acme|globex|_registry)/(00000001/000[0-9]/)?)?$' >touched
is '  nor listed' "$(cat touched)" ''

done_testing
