#!/bin/sh
# rowhouse tenant import: what was exported goes on as another tenant, here or
# elsewhere; a file with anything in it that is not the application's does not.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"found by its words"}'
is 'acme has an issue' "$status" 201
old_token=$TOKEN
ok 'it is exported' "$ROWHOUSE" tenant export acme out.sqlite
writer_start acme WEB w
ok 'and written to' wait_for 60 acked_at_least acme 5
sum=$(md5sum out.sqlite)
output=$("$ROWHOUSE" tenant import branch out.sqlite 2>&1)
is 'the file becomes a tenant' $? 0
like '  which is said' "$output" 'tenant branch is what out\.sqlite has; its host is branch\.localhost'
is '  the file is as it was' "$(md5sum out.sqlite) $(echo out.sqlite*)" "$sum out.sqlite"
before=$(acked acme)
ok '  nobody stopped writing' wait_for 60 acked_at_least acme $((before + 5))
writers_stop

TOKEN=$old_token
api branch GET /api/projects
is 'a token of the one is nothing at the other' "$status" 401
sign_in branch owner@acme.example
api branch GET /api/projects/WEB/issues
is 'its people sign in as they did' "$status $(json '$.items[0].title')" '200 found by its words'
api branch GET '/api/search?q=words'
is '  and find what they had' "$status" 200
project_new branch NEW
ok 'it is replicated' wait_for 60 caught_up branch
ok '  as the first is' wait_for 60 caught_up acme

refused() {	# NAME SQL REGEXP
	cp out.sqlite bad.sqlite
	sqlite3 bad.sqlite "$2" || bail "$2"
	output=$("$ROWHOUSE" tenant import bad bad.sqlite 2>&1)
	is "$1" $? 2
	like '  and named' "$output" "$3"
	is '  and leaves nothing' "$(cd "$DATA/tenants" && echo .[!.]* ./*)" '.[!.]* ./acme ./branch'
}
refused 'a trigger is refused' 'CREATE TRIGGER evil AFTER INSERT ON issues BEGIN
	DELETE FROM _users; END' 'bad\.sqlite: its trigger evil is not the application'
refused 'a name that would command a terminal is shown without that' "CREATE TRIGGER
	\"$(printf 'a\033[2Jb')\" AFTER INSERT ON issues BEGIN DELETE FROM _users; END" \
	'its trigger a\?\[2Jb is not'
refused 'a trigger whose name is like those of SQLite is refused' "PRAGMA writable_schema = ON;
	INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_evil', '_audit', 0,
	    'CREATE TRIGGER sqlite_evil AFTER INSERT ON _audit BEGIN DELETE FROM _users; END')" \
	'its trigger sqlite_evil is not the application'
refused 'statistics that compute something are refused' "ANALYZE; PRAGMA writable_schema = ON;
	UPDATE sqlite_schema SET sql = 'CREATE TABLE sqlite_stat1(tbl,idx,stat AS (hex(idx)))'
	 WHERE name = 'sqlite_stat1'" 'its table sqlite_stat1 is not the application'
for change in "_users SET name = printf('%.*c', 3000000, 'x')" \
    "_users SET email = printf('%.*c@acme.example', 300, 'x')" \
    "_users SET token_key = printf('%.*c', 2000, 'x')" \
    "_users SET password_hash = printf('%.*c', 2000, 'x')"; do
	refused "an account that could not have been made here is refused: ${change%% =*}" \
		"UPDATE $change" 'an account has a field that is too long'
done
refused 'a second factor that could not is refused' "INSERT INTO _factors
	SELECT id, zeroblob(20), 1, 0, printf('%.*c', 3000000, 'x') FROM _users" \
	'a second factor has a field that is too long'
refused 'a row that refers to nothing is refused' 'PRAGMA foreign_keys = OFF;
	INSERT INTO issue_labels VALUES (99, 99)' 'bad\.sqlite: '
refused 'a later schema is refused' 'PRAGMA user_version = 99' 'version 99, the application'
sqlite3 out.sqlite .dump >wide.sql
refused_wide() {
	rm -f wide.sqlite
	{ echo "PRAGMA encoding = 'UTF-16le';"; cat wide.sql
	echo "PRAGMA user_version = $(sqlite3 out.sqlite 'PRAGMA user_version');"; } |
		sqlite3 wide.sqlite || bail 'a file in UTF-16'
	output=$("$ROWHOUSE" tenant import bad wide.sqlite 2>&1)
	is 'a file whose texts are UTF-16 is refused' $? 2
	like '  and named' "$output" 'wide\.sqlite: its texts are not UTF-8'
}
refused_wide
cp out.sqlite known.sqlite
sqlite3 known.sqlite ANALYZE
ok 'one that knows how many rows it has is taken' "$ROWHOUSE" tenant import known known.sqlite
sqlite3 out.sqlite '.dump' 'PRAGMA user_version' >dump
output=$("$ROWHOUSE" tenant import bad dump 2>&1)
is 'what is no database is refused' $? 2
like '  and named' "$output" 'dump: '
output=$("$ROWHOUSE" tenant import acme out.sqlite 2>&1)
is 'a slug that is taken is refused' $? 1
like '  and named' "$output" 'tenant acme exists already'
done_testing
