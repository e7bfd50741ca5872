#!/bin/sh
# rowhouse tenant export: one plain file of one moment, while clients write.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
wait_for 60 acked_at_least acme 20 || bail 'nothing is written'
before=$(acked acme)
output=$("$ROWHOUSE" tenant export acme out.sqlite 2>&1)
is 'it is exported' $? 0
like '  and said to be a secret' "$output" 'out\.sqlite, with the hashes of its passwords'
ok '  nobody stopped writing' wait_for 60 acked_at_least acme $((before + 20))
writers_stop
is 'one file, for its owner' "$(stat -c '%a' out.sqlite) $(echo out.sqlite*)" '600 out.sqlite'
is '  sound' "$(sqlite3 out.sqlite 'PRAGMA integrity_check; PRAGMA journal_mode')" 'ok
delete'
ok '  with all that was acknowledged before' test \
	"$(sqlite3 out.sqlite 'SELECT count(*) FROM issues')" -ge "$before"
copy_of "$(db_of acme)" live.sqlite
is '  every row in its place' "$(sqlite3 out.sqlite "ATTACH 'live.sqlite' AS live;
	SELECT count(*) FROM issues i WHERE NOT EXISTS (SELECT 1 FROM live.issues l
	WHERE l.rowid = i.rowid AND l.title = i.title)")" 0
is '  and accounts' "$(sqlite3 out.sqlite 'SELECT email FROM _users')" owner@acme.example
ok 'the replica follows as before' wait_for 60 caught_up acme

output=$("$ROWHOUSE" tenant export acme out.sqlite 2>&1)
is 'a file that is there is kept' $? 1
like '  and named' "$output" 'out\.sqlite is there already'
output=$("$ROWHOUSE" tenant export nobody none.sqlite 2>&1)
is 'of nobody there is nothing' "$? $(ls none* 2>/dev/null)" '1 '
output=$("$ROWHOUSE" tenant export acme no/such/place.sqlite 2>&1)
is 'nor into a place that is not there' $? 1
like '  which is named' "$output" 'no/such/place'

# what a killed one leaves, and one that is at it
mkdir backup
echo half | tee backup/.acme.exporting backup/.acme.exporting-journal >backup/.globex.exporting
output=$(flock backup/.acme.exporting "$ROWHOUSE" tenant export acme backup/monday.sqlite 2>&1)
is 'not while another does' $? 75
like '  which is said' "$output" 'monday\.sqlite: backup/\.acme\.exporting: another process is at it'
ok 'but when nobody is at it any more' "$ROWHOUSE" tenant export acme backup/tuesday.sqlite
is '  which leaves nothing of it, and to others what is theirs' \
	"$(cd backup && echo * .[!.]*)" 'tuesday.sqlite .globex.exporting'
is '  but itself' "$(sqlite3 backup/tuesday.sqlite 'SELECT email FROM _users')" owner@acme.example
done_testing
