#!/bin/sh
# rowhouse tenant sql: an operator looks, and changes, while clients write; the
# replica follows in the same epoch, which it does not after a stock shell.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
house_start
sign_in acme
project_new acme WEB
writer_start acme WEB w
ok 'somebody works' wait_for 60 acked_at_least acme 5
before=$(acked acme)

sql() {	# ARGUMENT…
	output=$("$ROWHOUSE" tenant sql "$@" 2>&1)
}
sql acme 'SELECT key, name FROM projects'
is 'it shows rows' "$output" 'key	name
WEB	WEB'
sql acme 'SELECT key FROM projects' --json
is '  for programs' "$output" '{"columns":["key"],"rows":[["WEB"]],"changes":0}'
is '  of what stands on its input' "$(printf 'SELECT 1 AS a;\nSELECT 2 AS b' |
	"$ROWHOUSE" tenant sql acme | tr '\n' ' ')" 'a 1 b 2 '
sql acme "UPDATE projects SET name = 'Changed', version = version + 1"
is 'it changes nothing' $? 1
like '  unless that is said' "$output" 'projects: is changed with --write only'
sql acme 'PRAGMA wal_checkpoint(TRUNCATE)' --write
is 'it makes no checkpoint' $? 1
sql acme 'SELECT nonsense'
is 'wrong SQL is wrong usage' $? 2
sql nobody 'SELECT 1'
is 'nobody has no file' $? 1
sql acme "UPDATE projects SET name = 'Changed', version = version + 1" --write --json
is 'with --write it does' "$output" '{"columns":[],"rows":[],"changes":1}'
ok '  nobody stopped writing' wait_for 60 acked_at_least acme $((before + 5))
writers_stop
api acme GET /api/projects
is '  who sees it' "$(json '$.items[0].name')" Changed
ok '  and so does the replica' wait_for 60 caught_up acme
is '  in the same epoch' "$(ls "$REPLICA/acme")" 00000001
ledger_ok 'the clients' acme "$(db_of acme)"

sql acme "SELECT count(*) AS n FROM issue_text WHERE issue_text MATCH 'nothing'"
is 'it finds words' "$output" 'n
0'

# nobody else has it open, nor is there another hint
ok 'one that is idle' wait_for 60 caught_up globex
sql globex "INSERT INTO projects (key, name, created, updated)
	VALUES ('SQL', 'By hand', datetime(), datetime());
	INSERT INTO issues (project, number, ref, title, created, updated)
	VALUES ('SQL', 1, 'SQL-1', 'needle in it', datetime(), datetime())" --write
is '  is written to' $? 0 || diag "$output"
ok '  and followed' wait_for 20 caught_up globex
is '  in the same epoch' "$(ls "$REPLICA/globex")" 00000001
ok 'one that is deleted' "$ROWHOUSE" tenant delete globex --yes
sql globex 'SELECT key FROM projects'
is '  is looked at' "$output" 'key
SQL'
sql globex 'DELETE FROM projects' --write
is '  and not written to' $? 1
like '    which is said' "$output" 'tenant globex is deleted'
done_testing
