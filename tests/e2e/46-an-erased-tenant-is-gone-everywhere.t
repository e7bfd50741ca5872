#!/bin/sh
# rowhouse tenant erase: after it nothing is left of a tenant, here or in the
# replica, which is proven by a list; its slug is free; nobody else notices.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.claim = 1s'
tenant_new acme
tenant_new globex
house_start
for slug in acme globex; do
	sign_in "$slug"
	project_new "$slug" WEB
done
ok 'both are replicated' wait_for 60 caught_up acme
ok '  the other, too' wait_for 60 caught_up globex
ok 'it has a host' "$ROWHOUSE" tenant host add acme acme.example

refused() {	# NAME STATUS REGEXP ARGUMENT…
	name=$1 want=$2 regexp=$3
	shift 3
	output=$("$ROWHOUSE" tenant "$@" 2>&1 </dev/null)
	is "$name" $? "$want"
	like '  in these words' "$output" "$regexp"
}
refused 'one that is not deleted is not erased' 1 'tenant acme is not deleted' erase acme --yes
refused 'nobody is not erased' 1 'there is no tenant nobody' erase nobody --yes
refused 'no slug is wrong usage' 2 'a word is missing' erase
uid=$(sqlite3 -readonly "$(db_of acme)" "SELECT value FROM _meta WHERE key = 'uid'")
ok 'it is deleted' "$ROWHOUSE" tenant delete acme --yes
refused 'not without a word of it' 2 'say --yes' erase acme

# a replica that is not there is not an empty one, and a replicator went on in it
serve_stop
mv "$REPLICA" elsewhere
mkdir -p "$REPLICA/_registry/00000001/ltx/0"
cp elsewhere/_machine "$REPLICA"
refused 'nor where the replica is not mounted' 1 'is no replica of this registry' erase acme --yes
rm -r "$REPLICA"
mv elsewhere "$REPLICA"
serve_start
wait_for 20 healthy || bail "the house does not answer"
is '  then it is not begun' "$(sqlite3 -readonly "$DATA/registry.db" \
	'SELECT count(*) FROM erasures')" 0

n=$(find "$REPLICA/acme" -type f | wc -l)
bytes=$(find "$REPLICA/acme" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
# what no version of ours would have written
mkdir "$REPLICA/acme/00000001/odd"
echo "12 bytes long" >"$REPLICA/acme/00000001/odd/thing"
sign_in globex
writer_start globex WEB w
ok 'somebody works next door' wait_for 60 acked_at_least globex 5
before=$(acked globex)
output=$("$ROWHOUSE" tenant erase acme --yes --json 2>&1)
is 'it is erased' $? 0
like '  which tells how much that was' "$output" \
	"\"uid\":\"$uid\",.*\"objects_removed\":$((n + 1)),\"bytes_removed\":$((bytes + 14)),\"objects_left\":0"
is '  and is so in the replica' "$(ls -d "$REPLICA/acme" 2>/dev/null)" ''
is '  on the disk' "$(ls -d "$DATA/tenants/acme" 2>/dev/null)" ''
refused '  in the registry' 1 'there is no tenant acme' show acme
is '  with its hosts' "$(sqlite3 -readonly "$DATA/registry.db" \
	'SELECT count(*) FROM hosts')" 0
ok '  nobody stopped writing' wait_for 60 acked_at_least globex $((before + 5))
writers_stop
refused 'not twice' 1 'there is no tenant acme' erase acme --yes

tenant_new acme
sign_in acme
api acme GET /api/projects
is 'its slug is free, for another' "$status $(json '$.items[0].key')" '200 '
unlike '  with another uid' \
	"$(sqlite3 -readonly "$(db_of acme)" "SELECT value FROM _meta WHERE key = 'uid'")" "$uid"
project_new acme FRESH
ok '  who is replicated' wait_for 60 caught_up acme
ok '  as the other one is' wait_for 60 caught_up globex
ledger_ok 'the other one' globex "$(db_of globex)"

# half done: no way back, and the next call ends it
ok 'deleted again' "$ROWHOUSE" tenant delete acme --yes
serve_stop
refused 'without the replicator it is not begun' 75 'nothing is erased: no replicator is running' \
	erase acme --yes
serve_start
ok '  so that it can be undeleted' "$ROWHOUSE" tenant undelete acme
ok '  and deleted' "$ROWHOUSE" tenant delete acme --yes
begun() {
	[ "$(sqlite3 -readonly "$DATA/registry.db" 'SELECT count(*) FROM erasures')" = 1 ]
}
wait_for 20 accepts "$RUN/control.sock"
asked=$(replicator)
kill -s STOP "$asked"
background erase.log "$ROWHOUSE" tenant erase acme --yes
ok 'a replicator that does not answer is waited for' wait_for 20 begun
stop "$pid" KILL
kill -s CONT "$asked"
serve_stop
refused 'without one it does not go on' 75 'is erased in part: no replicator' erase acme --yes
like '  which show says' "$("$ROWHOUSE" tenant show acme)" 'erasing since +20'
unlike '  and no time for an undelete' "$("$ROWHOUSE" tenant show acme --json)" undelete_until
refused 'nor back' 1 'tenant acme is being erased' undelete acme
output=$("$ROWHOUSE" restore acme --in-place --yes 2>&1)
is '  nor by a restore' $? 1
like '  in these words' "$output" 'tenant acme is being erased'
# what is left yet is no state that there was
refused '  nor is a clone made of it' 1 'tenant acme is being erased' clone acme copy
output=$("$ROWHOUSE" restore acme --to copy.sqlite 2>&1)
is '  nor a file' "$? $(ls copy.sqlite 2>/dev/null)" '1 '
like '  in these words' "$output" 'tenant acme is being erased'
serve_start
ok 'but with it, as soon as it answers' wait_for 20 "$ROWHOUSE" tenant erase acme --yes
is '  to the end' "$(ls -d "$REPLICA/acme" "$DATA/tenants/acme" 2>/dev/null)" ''

done_testing
