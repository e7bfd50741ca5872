#!/bin/sh
# rowhouse check says all that is wrong at once: mistakes of the application by
# file and line, a data directory or a key that cannot be used; and changes
# nothing.
. "$(dirname "$0")/../lib.sh"

house_new
mkdir tmp
TMPDIR=$SCRATCH/tmp
export TMPDIR
said=$("$ROWHOUSE" check 2>&1)
is 'a house that is not there yet is fine' $? 0
is '  and is said to be' "$said" "configuration $CONF: ok
application: ok
data: ok
key: ok
mail: ok
replica: ok"
ok '  nothing was made of it' [ -z "$(ls -A "$DATA")" ]
ok '  and the scratch database is gone' [ -z "$(ls -A tmp)" ]

mkdir -p app/api/broken app/api/Odd
cat >app/api/broken/GET.sql <<'END'
-- Reads what nobody may.
-- access: member
-- returns: many
SELECT i.id,
       u.email
  FROM issues i JOIN _users u ON u.id = i.assignee;
END
cat >app/api/broken/POST.sql <<'END'
-- access: anybody
-- returns: one
-- param: n integer default nine
INSERT INTO issues (title) VALUES (:titel) RETURNING id;
END
said=$("$ROWHOUSE" check 2>&1)
is 'a broken application is a problem' $? 1
is '  every mistake of the files is named' "$said" "configuration $CONF: ok
$SCRATCH/app/api/Odd: a folder is named in lower-case letters, digits, - and _, or {name}
$SCRATCH/app/api/broken/POST.sql:1: access: \"anybody\" is not one of public, member, admin, owner
$SCRATCH/app/api/broken/POST.sql:3: param n: default nine: Must be an integer.
$SCRATCH/app/api/broken/POST.sql:4: :titel is not declared: -- param: titel TYPE
$SCRATCH/app/api/broken/POST.sql:3: param n is not used
application: 5 problems
data: ok
key: ok
mail: ok
replica: ok"
rm -r app/api/Odd app/api/broken/POST.sql
said=$("$ROWHOUSE" check --app 2>&1)
is 'what needs SQLite is found when the rest is right' $? 1
is '  with the line, and nothing else looked at' "$said" "configuration $CONF: ok
$SCRATCH/app/api/broken/GET.sql:4: the system column _users.email may not be read
application: 1 problem"
rm -r app/api/broken

echo 'CREATE TABLE x (a, b' >app/schema/9999_x.sql
said=$("$ROWHOUSE" check --app 2>&1)
is 'a migration out of order is a problem' $? 1
like '  and which is missing is said' "$said" \
	"^$SCRATCH/app/schema/9999_x\.sql: migration [0-9]{4} is missing$"
last=$(find app/schema -name '0*.sql' | sed 's,.*/\(....\)_.*,\1,' | sort | tail -n 1)
next=app/schema/$(printf '%04d' $((1$last - 9999)))_x.sql
mv app/schema/9999_x.sql "$next"
said=$("$ROWHOUSE" check --app 2>&1)
is 'one that SQLite refuses too' $? 1
like '  by file and line' "$said" "^$SCRATCH/$next:1: .*incomplete input$"
rm "$next"

printf 'too short' >"$DATA/master.key"
chmod 0400 "$DATA/master.key"
said=$("$ROWHOUSE" check 2>&1)
is 'a key that is none is a problem' $? 1
like '  named' "$said" "^$DATA/master\.key: not a key"
chmod 0444 "$DATA/master.key"
like 'and so is one that everybody may read' "$("$ROWHOUSE" check 2>&1)" \
	"^$DATA/master\.key: a key that everybody may use \(mode 0444\)$"
rm -f "$DATA/master.key"

config_write 'data = rowhouse.conf'
like 'data that is no directory' "$("$ROWHOUSE" check 2>&1)" \
	"^$CONF is not a directory$"
config_write 'data = /dev/null/rowhouse' 'run = /tmp/run'
said=$("$ROWHOUSE" check 2>&1)
is 'data that cannot be made' $? 1
like '  is named' "$said" '^cannot look at /dev/null/rowhouse: Not a directory$'

"$ROWHOUSE" check --nonsense >/dev/null 2>&1
is 'wrong usage' $? 2
"$ROWHOUSE" check superfluous >/dev/null 2>&1
is '  of words, too' $? 2

done_testing
