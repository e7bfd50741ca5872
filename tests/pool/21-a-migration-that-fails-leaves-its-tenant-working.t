#!/bin/sh
# A tenant whose migration fails is served as it was, where the new release can do
# that; the others go on to the new version.  It is not tried again all the time.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 1' 'worker.requests = 1000000' 'worker.idle = 100ms'
tenant_new globex
version() {	# SLUG
	sqlite3 -readonly "$(db_of "$1")" 'PRAGMA user_version'
}
pool_start
note same
note same
send -t globex -d '{"text":"one"}' POST /api/notes
is 'two tenants have notes' "$(notes) $status" '2 201'

cat >app/schema/0002_unique.sql <<'END'
CREATE TABLE seen (at TEXT) STRICT;
CREATE UNIQUE INDEX once ON notes (text);
END
kill -s HUP "$SERVE"
renewed() {
	send -t globex GET /api/notes
	[ "$(version globex)" = 2 ]
}
ok 'who can be migrated is' wait_for 20 renewed
send -t globex GET /api/notes
is '  and served' "$status" 200
for i in 1 2 3 4; do
	note "more $i"
	is "who cannot goes on writing ($i)" "$status" 201
	send -t acme GET /api/notes
	is '  and reading' "$status" 200
	closed() {
		[ -z "$(find "/proc/$(workers)/fd" -lname '*/acme/*' 2>/dev/null)" ]
	}
	wait_for 10 closed
done
is '  at the old version' "$(version acme)" 1
is '  with nothing of the new one' "$(sqlite3 -readonly "$(db_of acme)" \
	"SELECT count(*) FROM sqlite_schema WHERE name = 'seen'")" 0
is 'it was tried once, and that is said' "$(grep -c 'migration-failed' "$LOG")" 1
ok '  with file, line and reason' logged \
	'migration-failed.*acme.*0002_unique.sql:2: .*UNIQUE constraint failed: notes.text; it is served as it was'

# an endpoint that needs it
mkdir -p app/api/seen
printf -- '-- access: public\n-- returns: many\nSELECT at FROM seen;\n' >app/api/seen/GET.sql
kill -s HUP "$SERVE"
refused() {
	send -t acme GET /api/notes
	[ "$status" = 503 ]
}
ok 'where the new release cannot do without, it is 503' wait_for 20 refused
ok '  and the log has both' logged \
	'migration failed: .*0002_unique.sql:2: .*and without it: .*api/seen/GET.sql:3: no such table: seen'
send -t acme GET /api/notes
send -t acme GET /api/notes
is '  tried once' "$(grep -c 'migration-failed' "$LOG")" 2
send -t globex GET /api/seen
is 'the other one has it' "$status" 200

# a renewal tries again, and then nothing is in its way
sqlite3 "$(db_of acme)" "DELETE FROM notes WHERE id = 2"
kill -s HUP "$SERVE"
brought() {
	send -t acme GET /api/seen
	[ "$status" = 200 ]
}
ok 'with the rows put right, a renewal brings it up' wait_for 20 brought
is '  to the new version' "$(version acme)" 2

done_testing
