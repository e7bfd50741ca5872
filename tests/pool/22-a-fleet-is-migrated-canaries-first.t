#!/bin/sh
# rowhouse migrate: tried on copies, then canaries, then all the others; who fails
# is named and left as it was, and too many of them end it.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 2'
for i in 1 2 3 4 5 6 7 8; do
	tenant_new "t$i"
done
tenant_new asleep
tenant_new dropped
"$ROWHOUSE" tenant suspend asleep >/dev/null
"$ROWHOUSE" tenant delete dropped --yes >/dev/null
pool_start

versions() {	# of all, as "N×M"
	for f in data/tenants/*/*/db.sqlite; do
		sqlite3 -readonly "$f" 'PRAGMA user_version'
	done | sort | uniq -c | awk '{ printf "%s%sx%s", n++ ? " " : "", $1, $2 }'
}
version() {	# SLUG
	sqlite3 -readonly "$(db_of "$1")" 'PRAGMA user_version'
}
migrate() {	# ARGUMENT…	sets rc, said, complained
	"$ROWHOUSE" migrate "$@" >said 2>complained
	rc=$?
	said=$(cat said)
	complained=$(cat complained)
}
line_of() {	# SLUG JSON-PATH	of what was said with --json
	grep "\"tenant\":\"$1\"" said >one
	sqlite3 :memory: "SELECT json_extract(readfile('one'), '$2')"
}
summary() {	# JSON-PATH
	tail -n 1 said >one
	sqlite3 :memory: "SELECT json_extract(readfile('one'), '$1')"
}
content() {
	sha256sum data/tenants/*/*/db.sqlite
	find data -name '*migrat*'
}

migrate
is 'with nothing pending' "$rc $complained" '0 '
like '  that is said' "$said" '^10 of 10 tenants: 10 current, 0 migrated, 0 ahead, 0 gone, 0 failed; '

# t3 has what the next one cannot take
for text in same same; do
	send -t t3 -d "{\"text\":\"$text\"}" POST /api/notes
done
is 'a tenant has rows in its way' "$status" 201
cat >app/schema/0002_unique.sql <<'END'
CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;
CREATE UNIQUE INDEX once ON notes (text);
END
content >before
migrate --dry-run --json
is 'a dry run fails' "$rc" 1
is '  for that one' "$(grep -c '"result":"failed"' said)$(line_of t3 '$.result')" 1failed
is '  by number' "$(line_of t3 '$.migration')" 2
like '  with file, line and reason' "$(line_of t3 '$.error')" \
	'app/schema/0002_unique.sql:2: .*UNIQUE constraint failed: notes.text'
is '  and says what it would do to the others' "$(line_of t1 '$.result') $(line_of t1 '$.from') $(line_of t1 '$.to')" 'migrated 1 2'
is '  in all' "$(summary '$.migrated') $(summary '$.failed') $(summary '$.dry_run')" '9 1 1'
content >after
is '  and leaves no trace' "$(diff before after)" ''
is '  nobody was migrated' "$(versions)" '11x1'
mkdir -p data/migrate.dry
: >data/migrate.dry/left-by-a-killed-one.sqlite
migrate --dry-run t1
is 'of one alone' "$rc $said" "0 t1: would be migrated from 1 to 2
on copies: 1 of 1 tenants: 0 current, 1 migrated, 0 ahead, 0 gone, 0 failed; ${said##*; }"
ok '  what a killed one left is removed' test ! -e data/migrate.dry

migrate --canary t3
is 'a canary that fails' "$rc" 1
like '  is named' "$said" '^t3: failed: .*0002_unique.sql:2: '
like '  ends it' "$said" '1 failed; .*stopped'
is '  before anybody else is touched' "$(versions)" '11x1'
migrate --canary t1,t2 --max-failures 0 --jobs 1
is 'with a failure more than may be' "$rc $(version t1) $(version t2) $(version t3)" '1 2 2 1'
is '  those after it are left alone' "$(version t4) $(version t8)" '1 1'
migrate --max-failures 50% --canary t1 --json
is 'with as many as may be' "$rc" 1
is '  all the others are migrated' "$(versions)" '2x1 9x2'
is '  the suspended one as well, the deleted one not' \
	"$(version asleep) $(version dropped)" '2 1'
is '  who was before is current' "$(line_of t1 '$.result') $(line_of t1 '$.canary')" 'current 1'
is '  in all' "$(summary '$.current') $(summary '$.migrated') $(summary '$.failed') $(summary '$.stopped')" '4 5 1 0'
send -t t3 GET /api/notes
is 'who failed is served' "$status" 200
migrate t1 t3
is 'those named alone' "$rc $(grep -c . said)" '1 2'
sqlite3 "$(db_of t3)" 'DELETE FROM notes WHERE id = 2'
migrate
is 'with the rows put right' "$rc" 0
like '  only that one is left to do' "$said" '10 of 10 tenants: 9 current, 1 migrated, 0 ahead, 0 gone, 0 failed; '
is '  all are at the new version' "$(versions)" '1x1 10x2'

# what must not begin
cat >app/schema/0003_third.sql <<'END'
CREATE TABLE third (id INTEGER PRIMARY KEY) STRICT;
END
printf -- '-- access: public\n-- returns: one\nSELECT nonsense FROM nowhere;\n' >app/api/mine/POST.sql
migrate
is 'an application that is not sound' "$rc" 2
like '  is named' "$complained" 'api/mine/POST.sql:3: '
is '  and touches nobody' "$(versions)" '1x1 10x2'
rm app/api/mine/POST.sql
migrate nobody
is 'a tenant that is none' "$rc $said" '1 '
migrate t1 --canary t2
is 'a canary that is not among them' "$rc $said" '1 '
migrate dropped
is 'a deleted one' "$rc $said" '1 '
migrate --jobs 0
is 'no jobs' "$rc" 2
is 'none of that touches anybody' "$(versions)" '1x1 10x2'

# somebody holds the lock of one of them
sed -i '/^db.busy_timeout/d' "$CONF"
echo 'db.busy_timeout = 50ms' >>"$CONF"
lock_held t5
migrate --max-failures 3
is 'one that is busy is tried again later' "$rc $(version t5) $(version t6)" '75 2 3'
lock_released
migrate
is '  by the next call' "$rc $(version t5)" '0 3'

done_testing
