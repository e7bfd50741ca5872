#!/bin/sh
# A machine is rebuilt from the replica while the old one still runs.  The new
# one is the owner from then on; the old one notices, ships nothing more and
# says so, however often it is started.  With $S3 the replica is a bucket.
. "$(dirname "$0")/../lib.sh"

if [ -n "${S3:-}" ]; then
	. "$ROOT/tests/s3/s3.sh"
	s3_start
	REPLICA_URL=$(s3_url house)
fi
house_new 'replica.claim = 500ms' 'replica.interval = 100ms' \
	"replica.url = ${REPLICA_URL:-replica}"
objects() {	# of the tenant, that are there
	if [ -n "${S3:-}" ]; then
		s3 list house/acme/00000001/
	else
		find "$REPLICA/acme/00000001" -type f | sort
	fi
}
tenant_new acme
background old.log "$ROWHOUSE" replicator
OLD=$pid
shipped() {	# CONF	the tenant's TXID that is with the store
	"$ROWHOUSE" status acme --json -c "$1" 2>/dev/null |
		sed -n 's/.*"replicated_txid":\([0-9]*\).*/\1/p'
}
all_shipped() {	# CONF
	line=$("$ROWHOUSE" status acme --json -c "$1" 2>/dev/null)
	at=$(echo "$line" | sed -n 's/.*"txid":\([0-9]*\).*/\1/p')
	[ "${at:-0}" -gt 0 ] && [ "$at" = "$(shipped "$1")" ]
}
write() {	# DATA SQL	as a worker would: no checkpoint at the end
	# shellcheck disable=SC2012	# the names are ours
	sqlite3 -cmd '.dbconfig no_ckpt_on_close on' \
		"$(ls -d "$1"/tenants/acme/*/db.sqlite | tail -n 1)" \
		"$2" >/dev/null
}
ok 'the old machine replicates' wait_for 20 all_shipped "$CONF"

sed "s|^data = .*|data = $SCRATCH/new|; s|^run = .*|run = $SCRATCH/newrun|" \
	"$CONF" >new.conf
mkdir "$SCRATCH/new"
ok 'the registry is restored on the new one' \
	"$ROWHOUSE" restore _registry --in-place -c new.conf
ok 'and the tenant' "$ROWHOUSE" restore acme --in-place -c new.conf
background new.log "$ROWHOUSE" replicator -c "$SCRATCH/new.conf"
NEW=$pid
# something to ask for: the old one asks only while it has something to do
fenced() {
	write "$DATA" 'CREATE TABLE IF NOT EXISTS late (a);
	    INSERT INTO late VALUES (1)'
	! "$ROWHOUSE" status >status.out 2>status.err &&
		grep -q 'this machine was replaced' status.err
}
ok 'the old one notices' wait_for 20 fenced
like '  and says by whom, and what to do' "$(tr '\n' ' ' <status.err)" \
	"(replica|style=path) belongs to .* since .*: this machine was replaced, and ships nothing.*stop the other one, remove $DATA/claim and restart"
like '  in the log, too' "$(cat old.log)" 'error claim|claim.*this machine was replaced'
before=$(objects)
write "$DATA" "INSERT INTO late VALUES (2)"
kept() { ls "$DATA"/tenants/acme/00000001/spool/00000001/*.ltx >/dev/null 2>&1; }
ok 'what it captures stays in its spool' wait_for 20 kept
stop "$OLD"
background old2.log "$ROWHOUSE" replicator
OLD=$pid
ok 'started again it is still the older one' wait_for 20 fenced
is 'nothing of it came to the replica since' "$(objects)" "$before"
ok 'the new one replicates' wait_for 20 all_shipped "$SCRATCH/new.conf"
ok '  and nothing is wrong with it' "$ROWHOUSE" status -c new.conf
stop "$NEW"
stop "$OLD"

done_testing
