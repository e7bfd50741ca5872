#!/bin/sh
# Where every tenant begins anew, since the replica is another one, whole copies are made
# as few at once as at a first start: those who have just written do not wait for all of them.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.interval = 100ms' 'replica.idle = 300ms' 'replica.claim = 500ms' \
	'replica.sweep = 1s'
tenants='a b c d e f g h'
for slug in $tenants; do
	tenant_new "$slug"
	sqlite3 "$(db_of "$slug")" "CREATE TABLE big (b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1
	    FROM n WHERE i < 60) INSERT INTO big SELECT zeroblob(1000000) FROM n" >/dev/null
done
# drafts of whole copies, the most at once that are seen
watch() {
	rm -f most
	# shellcheck disable=SC2016
	background watch.log sh -c 'most=0
		while :; do
			now=$(find "$1" -name "*-9.ltx.tmp" 2>/dev/null | wc -l)
			[ "$now" -le "$most" ] || echo "$now" >most
			[ "$now" -le "$most" ] || most=$now
		done' watch "$DATA/tenants"
	WATCH=$pid
}
seen() {
	stop "$WATCH"
	cat most
}
copied() {	# DIRECTORY	every tenant is, and at rest
	[ "$(find "$1" -name '0000000000000001-0000000000000001.ltx' 2>/dev/null | wc -l)" -ge 9 ] &&
		[ "$("$ROWHOUSE" status --json | grep -o '"state":"idle"' | wc -l)" -ge 8 ]
}
watch
serve_start
ok 'at a first start all are copied' wait_for 60 copied "$REPLICA"
like '  a few at once' "$(seen)" '^[1-4]$'
serve_stop
sed -i 's/^\([[:space:]]*replica.url\) =.*/\1 = other/' "$CONF"
watch
serve_start
ok 'into another replica all are copied' wait_for 60 copied "$SCRATCH/other"
like '  a few at once' "$(seen)" '^[1-4]$'
for slug in a h; do
	ok "  $slug as it is" "$ROWHOUSE" verify "$slug"
done
done_testing
