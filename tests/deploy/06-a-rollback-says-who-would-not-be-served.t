#!/bin/sh
# scripts/deploy --rollback, after a release that has migrated tenants: it says what
# the older one would make of each file as it is.  Whom it can serve as he is, it
# serves; where somebody would be 503 he is named, with why, and nothing is changed
# without --anyway.
. "$(dirname "$0")/lib.sh"

server_new 'workers = 2'
house_up
tenant_new globex
serve_says() {	# SLUG NUMBER
	api "$1" GET /api/release
	[ "$status $(json '$.release')" = "200 $2" ]
}
version() { sqlite3 -readonly "$(db_of "$1")" 'PRAGMA user_version'; }
sign_in acme
project_new acme WEB
first=$(current)
n=$(find app/schema -name '*.sql' | wc -l)

echo '# a column more: who was migrated is served as he is'
change 1
next=$(printf 'app/schema/%04d_colour.sql' $((n + 1)))
echo "ALTER TABLE projects ADD COLUMN colour TEXT NOT NULL DEFAULT 'white';" >"$next"
deploy
[ "$status" = 0 ] || bail "the second deploy: $output"
second=$(current)
ok 'acme is migrated' serve_says acme 1
is '  and globex is not' "$(version acme) $(version globex)" "$((n + 1)) $n"
other --rollback --dry-run
is 'a dry run of the way back' "$status" 0
like '  says what the older one has not' "$output" "$first has no schema/${next##*/}, which tenants may have by now; it is not undone"
like '  and whom it serves as he is' "$output" '2 tenants; 1 are ahead of this application, and are served as they are'
like '  and changes nothing' "$output" "$first would take the place of $second; nothing was changed"
is '    indeed' "$(serves) $(current)" "$second $second"
other --rollback
is 'the way back' "$status" 0
is '  is taken' "$(serves)" "$first"
ok '  and acme is served' serve_says acme 0
api acme POST /api/projects '{"key":"ALSO","name":"also"}'
is '  and writes' "$status" 201
other --rollback
is 'and forward again' "$(serves) $status" "$second 0"

echo '# a column is gone: who was migrated could not be served'
change 2
next=$(printf 'app/schema/%04d_gone.sql' $((n + 2)))
echo 'ALTER TABLE projects DROP COLUMN colour;' >"$next"
# what the older one reads and the newer one dropped
mkdir -p app/api/colours
printf -- '-- access: public\n-- returns: many\nSELECT colour FROM projects LIMIT 9;\n' >app/api/colours/GET.sql
mv "$next" kept.sql
deploy
[ "$status" = 0 ] || bail "the third deploy: $output"
third=$(current)
mv kept.sql "$next"
rm -r app/api/colours
change 3
deploy
[ "$status" = 0 ] || bail "the fourth deploy: $output"
fourth=$(current)
wait_for 20 serve_says acme 3
is 'acme has lost it' "$(version acme) $(version globex)" "$((n + 2)) $n"
other --rollback
still 'the way back' "$fourth" "$third would not serve the tenants named above; nothing was changed \(--anyway goes on"
like '  names him, and why' "$output" "tenant acme would be 503: .*is at migration $((n + 2)) and the application at $((n + 1)): .*api/colours/GET\.sql:3: no such column: colour"
like '  and what becomes of the other' "$output" '1 are behind, and are migrated when they are first touched'
other --rollback --dry-run
is 'a dry run says so, too' "$status" 1
other --rollback --anyway
is 'anyway it is done' "$status" 0
like '  and said' "$output" 'goes on without them'
is '  the third serves' "$(serves)" "$third"
ok '  globex' serve_says globex 2
api acme GET /api/release
is '  and acme is 503, as was said' "$status" 503
other --rollback
is 'forward again' "$status" 0
ok '  acme is served as well' wait_for 40 serve_says acme 3
other --status --anyway
is 'status has no such option' "$status" 2
done_testing
