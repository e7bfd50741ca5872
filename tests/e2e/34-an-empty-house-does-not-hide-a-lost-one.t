#!/bin/sh
# A machine is lost, and rowhouse is started on the new one before anything was
# restored.  What it finds there is another house: of that nothing goes to the
# replica, which still gives back the first.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
background first.log "$ROWHOUSE" replicator
FIRST=$pid
caught_up_all() {
	"$ROWHOUSE" restore _registry --to registry.sqlite >restore.out 2>&1 &&
		[ "$(sqlite3 registry.sqlite 'SELECT slug FROM tenants')" = acme ]
}
replicated() {
	rm -f registry.sqlite
	caught_up_all && "$ROWHOUSE" restore acme --dry-run >restore.out 2>&1
}
ok 'the house is replicated' wait_for 60 replicated
stop "$FIRST"

mv "$DATA" lost
before=$(find "$REPLICA" -type f ! -name _machine | sort)
house_start
refused() {
	"$ROWHOUSE" status >status.out 2>status.err
	grep -q 'is the replica of another house' status.err
}
ok 'the empty house ships nothing' wait_for 60 refused
like '  and says what to do' "$(tr '\n' ' ' <status.err)" \
	"stop rowhouse, move $DATA away and run rowhouse restore --all; to keep this one set another replica.url"
like '  in its log, too' "$(cat serve.log)" \
	'error claim|claim.*is the replica of another house'
tenant_new newcomer
captured() { ls "$DATA"/tenants/newcomer/*/spool/*/*.ltx >/dev/null 2>&1; }
ok 'what is written there is captured' wait_for 60 captured
serve_stop
is '  and not shipped' "$(find "$REPLICA" -type f ! -name _machine | sort)" "$before"

mv "$DATA" empty
ok 'the first house comes back' "$ROWHOUSE" restore --all
is '  with its tenant' "$(sqlite3 "$DATA/registry.db" 'SELECT slug FROM tenants')" acme
background again.log "$ROWHOUSE" replicator
works() { "$ROWHOUSE" status >status.out 2>status.err; }
ok '  and is replicated again' wait_for 60 works
stop "$pid"

done_testing
