#!/bin/sh
# A history is in one replica.  Where replica.url names another, everything that was
# ever shipped is shipped anew, of tenants that nobody uses as well; where the replica
# that was there is not, nothing is shipped into the hole that it left.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.interval = 100ms' 'replica.idle = 300ms' 'replica.claim = 500ms' \
	'replica.sweep = 1s'
tenant_new acme
tenant_new idle
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
wait_for 30 acked_at_least acme 20 || bail 'nothing is written'
writers_stop
arrived() {	# SLUG	page by page
	"$ROWHOUSE" verify "$1" >verified 2>&1
}
ok 'acme is in the replica' wait_for 30 arrived acme
ok 'and so is idle' wait_for 30 arrived idle
at_rest() {
	"$ROWHOUSE" status idle | grep -qx 'state        idle'
}
ok '  which is at rest' wait_for 30 at_rest
missed() {
	"$ROWHOUSE" status 2>&1 | grep -q 'has nothing of the replica that was there'
}
# something shall be left in the spool
mv "$REPLICA" gone
mkdir "$REPLICA"
writer_start acme ACK late
wait_for 30 missed || bail 'the replica is not missed'
wait_for 30 acked_at_least acme 25 || bail 'nothing is written'
writers_stop
serve_stop
is 'some of it waits in the spool' "$(find "$DATA/tenants/acme" -name '*.ltx' -path '*/00000001/*' |
	grep -c /spool/ | sed 's/^[1-9].*/some/')" some
rmdir "$REPLICA"
mv gone "$REPLICA"

sed -i 's/^\([[:space:]]*replica.url\) =.*/\1 = other/' "$CONF"
serve_start
wait_for 20 healthy
ok 'in another one everything is there as well: acme' wait_for 30 arrived acme
ok '  and idle' wait_for 30 arrived idle
for slug in acme idle; do
	ok "  and $slug can be restored from it" "$ROWHOUSE" restore $slug --from "$SCRATCH/other" --to "$slug.sqlite"
	is '    with all its rows' "$(copy_of "$(db_of $slug)" live.sqlite && same_rows live.sqlite $slug.sqlite)" ''
	rm -f live.sqlite*
done
ok 'what was said is why' grep -q 'acme: epoch 00000002 begins: the replica is another one now' serve.log
epochs() {
	find "$SCRATCH/other/acme" -mindepth 1 -maxdepth 1 -type d | wc -l
}
is 'nothing of the old epoch went there' "$(epochs)" 1
serve_stop
serve_start
wait_for 20 healthy
ok 'a restart begins nothing' wait_for 30 arrived acme
is '  really' "$(epochs)" 1

# --- it is not mounted ----------------------------------------------------------
mv "$SCRATCH/other" "$SCRATCH/away"
mkdir "$SCRATCH/other"
writer_start acme ACK b
wait_for 30 acked_at_least acme 40 || bail 'nothing is written'
ok 'a replica that is not there is noticed' wait_for 30 missed
writers_stop
is '  and nothing is put into the hole' "$(find "$SCRATCH/other" -type f)" ''
serve_stop
serve_start
wait_for 20 healthy
ok '  nor after a restart' wait_for 30 missed
is '    really' "$(find "$SCRATCH/other" -type f)" ''
rmdir "$SCRATCH/other"
mv "$SCRATCH/away" "$SCRATCH/other"
ok 'when it is there again all is well, by itself' wait_for 60 caught_up acme
is '  in the same epoch' "$(epochs)" 1
ok '  and proven' wait_for 30 arrived acme

# --- it is gone for good ----------------------------------------------------------
serve_stop
rm -r "$SCRATCH/other"
rm "$DATA/claim"
serve_start
wait_for 20 healthy
ok 'what is gone for good is copied anew' wait_for 30 arrived acme
ok '  idle as well' wait_for 30 arrived idle
is '  in an epoch that stands alone' "$(epochs)" 1

# --- another takes its place while an object is on its way --------------------------
serve_stop
tenant_new large
sqlite3 "$(db_of large)" "CREATE TABLE big (b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1
    FROM n WHERE i < 200) INSERT INTO big SELECT randomblob(1000000) FROM n" >/dev/null
serve_start
looks=0
until [ -n "$(find "$SCRATCH/other/large" -name '*.put' -size +1M 2>/dev/null)" ]; do
	looks=$((looks + 1))
	[ $looks -lt 3000 ] || bail 'nothing large is on its way'
done
# until the sweep is due
PID=$(replicator)
kill -s STOP "$PID"
then=$(now_ms)
mv "$SCRATCH/other" "$SCRATCH/away"
mkdir "$SCRATCH/other"
due() { [ "$(now_ms)" -gt $((then + 1500)) ]; }
wait_for 10 due
kill -s CONT "$PID"
ok 'where another takes its place the replicator begins anew' wait_for 30 gone "$PID"
like '  and says so' "$(cat serve.log)" 'other is another directory: begins anew'
unlike '  it does not crash' "$(cat serve.log)" 'Assertion|signal'
done_testing
