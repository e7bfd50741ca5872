#!/bin/sh
# A stock sqlite3 shell writes, vacuums and checkpoints a tenant's file while
# clients do, and once more while Rowhouse is stopped.  The replica is right
# after each.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.sweep = 200ms' 'replica.interval = 100ms'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a

shell() {	# SQL
	sqlite3 "$(db_of acme)" "$1" 2>&1
}
foreign() {	# NAME SQL
	n=$(acked acme)
	wait_for 20 acked_at_least acme $((n + 10)) || bail 'nothing is written'
	unlike "$1" "$(shell "$2")" 'Error|error'
}
foreign 'a shell writes' \
	"INSERT INTO labels (name, colour) VALUES ('by hand 1', '#000000')"
foreign 'a shell checkpoints' 'PRAGMA wal_checkpoint(PASSIVE)'
foreign 'a shell truncates the WAL, or is refused' \
	'PRAGMA busy_timeout=200; PRAGMA wal_checkpoint(TRUNCATE)'
foreign 'a shell writes a lot' "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL
	SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO labels (name, colour)
	SELECT 'many ' || i, '#111111' FROM n"
foreign 'a shell deletes it' "DELETE FROM labels WHERE name LIKE 'many %'"
foreign 'a shell vacuums' 'VACUUM'
writers_stop
ok 'the replica is right' wait_for 30 caught_up acme
ledger_ok 'the file' acme live.sqlite
ledger_ok 'the replica' acme caught-up.sqlite
is 'the shell wrote into both' \
	"$(sqlite3 caught-up.sqlite "SELECT name FROM labels")" 'by hand 1'

serve_stop
shell "INSERT INTO labels (name, colour) VALUES ('by hand 2', '#000000');
	VACUUM; PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
serve_start
ok 'a shell that wrote while we were stopped is noticed' wait_for 30 caught_up acme
is '  and in the replica' \
	"$(sqlite3 caught-up.sqlite "SELECT count(*) FROM labels")" 2

done_testing
