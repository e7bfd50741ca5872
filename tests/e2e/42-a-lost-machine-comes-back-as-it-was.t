#!/bin/sh
# rowhouse restore --all --at TIME: each tenant as it was then, and the registry
# with it.  What was created since is not there, what was deleted or suspended
# since is as before, and those restored in place are what they were at TIME.
. "$(dirname "$0")/../lib.sh"

house_new
slugs='written quiet suspended deleted later-suspended later-deleted restored later-restored'
for slug in $slugs; do
	tenant_new "$slug"
done
house_start
write() {	# SLUG TITLE
	sign_in "$1"
	api "$1" GET /api/projects/WEB
	[ "$status" = 200 ] || project_new "$1" WEB
	api "$1" POST /api/projects/WEB/issues "{\"title\":\"$2\"}"
	is "$1 writes: $2" "$status" 201
}
in_place() {	# SLUG SECOND
	"$ROWHOUSE" restore "$1" --at "$2" --in-place --yes >>in-place.log 2>&1
}
passed() {	# SECOND
	[ "$(now_ms)" -gt $(($1 * 1000 + 100)) ]
}
rows="SELECT slug, state FROM tenants WHERE state <> 'deleted' ORDER BY slug"

# in this order, which is not the alphabet's
for slug in suspended restored later-deleted written later-restored later-suspended; do
	write "$slug" before
done
now=$(($(date +%s) + 1))
wait_for 5 passed $now
early=$now
write restored mistake
ok 'one is restored in place' in_place restored $early
ok 'one is suspended' "$ROWHOUSE" tenant suspend suspended
ok 'one is deleted' "$ROWHOUSE" tenant delete deleted --yes
write written 'the last before'

# --- then -------------------------------------------------------------------------

second=$(($(date +%s) + 1))
wait_for 5 passed $second
kept='written quiet suspended later-suspended later-deleted restored later-restored'
mkdir was
for slug in $kept; do
	copy_of "$(db_of "$slug")" "was/$slug"
done
sqlite3 -readonly "$DATA/registry.db" "$rows" >was/rows
moment=$(date -u -d "@$second" +%Y-%m-%dT%H:%M:%SZ)

# --- since ------------------------------------------------------------------------

tenant_new created
write created since
for slug in written quiet later-deleted later-suspended restored later-restored; do
	write "$slug" since
done
ok 'since then one is restored' in_place later-restored $early
ok '  one is suspended' "$ROWHOUSE" tenant suspend later-suspended
ok '  one is resumed' "$ROWHOUSE" tenant resume suspended
ok '  one is deleted' "$ROWHOUSE" tenant delete later-deleted --yes
write suspended since
knows_all() {
	rm -f registry.sqlite
	"$ROWHOUSE" restore _registry --to registry.sqlite >/dev/null 2>&1 &&
	[ "$(sqlite3 registry.sqlite "$rows" | md5sum)" = \
		"$(sqlite3 -readonly "$DATA/registry.db" "$rows" | md5sum)" ]
}
ok '  and the replica knows it' wait_for 20 knows_all
for slug in written quiet suspended restored created later-restored; do
	wait_for 20 caught_up "$slug" || bail "$slug does not catch up"
done
stop "$CADDY_PID"
serve_stop
mv "$DATA" lost

# --- what would come back ----------------------------------------------------------

"$ROWHOUSE" restore --all --at "$moment" --dry-run --json >plan.json 2>plan.err
is 'a plan for that moment' $? 0
is '  says nothing else' "$(cat plan.err)" ''
ok '  and touches nothing' test ! -e "$DATA"
is '  each that was there, as it was' "$(sqlite3 :memory: "
	SELECT json_extract(value, '\$.tenant') || '|' || json_extract(value, '\$.state')
	  FROM json_each(readfile('plan.json'), '\$.tenants') ORDER BY 1")" "$(cat was/rows)"
is '  none of a later moment' "$(sqlite3 :memory: "
	SELECT count(*) FROM json_each(readfile('plan.json'), '\$.tenants')
	 WHERE json_extract(value, '\$.time') > '$moment'")" 0
planned=$(sqlite3 :memory: "SELECT json_extract(value, '\$.tenant')
	FROM json_each(readfile('plan.json'), '\$.tenants')")
is '  the one written to last first' "$(echo "$planned" | head -n 1)" written

# --- and comes ------------------------------------------------------------------------

"$ROWHOUSE" restore --all --at "$moment" --jobs 1 --json >done.json 2>done.err
is 'it comes back' $? 0
is '  silently, into a pipe' "$(cat done.err)" ''
is '  all of it' "$(sqlite3 :memory: "SELECT json_extract(readfile('done.json'), '\$.restored'),
	json_extract(readfile('done.json'), '\$.failed')")" '7|0'
is 'the registry is as it was' "$(sqlite3 -readonly "$DATA/registry.db" "$rows")" "$(cat was/rows)"
bad=
for slug in $kept; do
	copy_of "$(db_of "$slug")" now
	cmp -s "was/$slug" now || bad="$bad $slug"
done
is '  and so is every tenant, page by page' "$bad" ''
is '  and nobody else' "$(cd "$DATA/tenants" && echo *)" "$(echo "$kept" | tr ' ' '\n' | sort | xargs)"
is '  made in the order of the plan' \
	"$(find "$DATA/tenants" -name db.sqlite -printf '%T@ %p\n' | sort -n |
		sed 's|.*/tenants/\([^/]*\)/.*|\1|')" "$planned"

house_start
sign_in written
api written GET /api/projects/WEB/issues
is 'the house goes on from there' "$(json '$.items[0].title')" 'the last before'
api suspended GET /api/health
is '  who was suspended is' "$status" 503
api created GET /api/health
is '  who was not there is not' "$status" 404
ok '  and is replicated' wait_for 20 caught_up written

done_testing
