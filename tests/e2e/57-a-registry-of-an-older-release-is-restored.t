#!/bin/sh
# A machine that is lost with an older release comes back with this one: the
# registry in the replica has the schema of then.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
serve_start
ok 'it is replicated' wait_for 60 caught_up acme
serve_stop
generation() {
	sqlite3 -readonly "$DATA/registry.db" 'SELECT generation FROM tenants'
}
before=$(generation)

sqlite3 "$DATA/registry.db" "VACUUM INTO 'registry.sqlite'"
rm -r "$REPLICA/_registry"
printf '%s\n' "state $(now_ms) ALTER TABLE tenants DROP COLUMN was; DROP TABLE deeds; PRAGMA user_version = 4" \
	'put 9 1 1' | "$O/tools/mkreplica" "$REPLICA" _registry 1 registry.sqlite 4096 ||
	bail 'a replica of an older registry'

rm -r "$DATA"
ok 'what would come back is said' "$ROWHOUSE" restore --all --dry-run
ok 'it comes back' "$ROWHOUSE" restore --all --yes
is '  as this release has it' "$("$ROWHOUSE" tenant list --json | grep -o '"slug":"[^"]*","uid"')" \
	'"slug":"acme","uid"'
ok '  with its tokens revoked' test "$(generation)" -gt "$before"

rm "$DATA"/registry.db*
ok 'alone, too' "$ROWHOUSE" restore _registry --in-place --yes
ok '  with its tokens revoked' test "$(generation)" -gt "$before"
ok 'it goes on' "$ROWHOUSE" tenant suspend acme
done_testing
