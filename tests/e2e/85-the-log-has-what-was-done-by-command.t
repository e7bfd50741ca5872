#!/bin/sh
# What is done to a tenant by a command is in the platform's log as what is done by
# HTTP: by whom, in the transaction of the change, and not where nothing was changed.
. "$(dirname "$0")/../lib.sh"

house_new 'plan.pro.rate = 100/s'
deeds() {	# SLUG		the oldest first; from the command line nobody has an address
	sqlite3 "$DATA/registry.db" "SELECT what || '/' || detail || address FROM deeds
		WHERE slug = '$1' ORDER BY id" | tr '\n' ' '
}
# what getlogin(3) asks first
user=$(cat /proc/self/loginuid 2>/dev/null || echo 4294967295)
[ "$user" = 4294967295 ] && user=$(id -u)
user=$(getent passwd "$user" | cut -d: -f1)

tenant_new acme
is 'a tenant is made' "$(deeds acme)" 'tenant-created/ '
is '  by whoever runs the command' "$(sqlite3 "$DATA/registry.db" \
	'SELECT DISTINCT who FROM deeds')" "command${user:+ $user}"
serve_start
ok 'it is replicated' wait_for 60 caught_up acme
for words in 'suspend acme' 'resume acme' 'plan acme pro' 'host add acme shop.example.com' \
    'host remove acme shop.example.com' 'export acme file.sqlite' 'clone acme copy' \
    'import again file.sqlite' 'delete acme --yes' 'undelete acme' 'invite guest'; do
	# words
	# shellcheck disable=SC2086
	ok "$words" "$ROWHOUSE" tenant $words
done
is 'each is in the log, in its order' "$(deeds acme)" \
	'tenant-created/ tenant-suspended/ tenant-resumed/ plan-set/pro host-added/shop.example.com host-removed/shop.example.com tenant-deleted/ tenant-undeleted/ '
is '  the clone under its own name' "$(deeds copy)" 'tenant-cloned/acme '
is '  as what was imported' "$(deeds again)" 'tenant-imported/file.sqlite '
ok 'rows that are changed by hand' "$ROWHOUSE" tenant sql acme "UPDATE _users SET name = 'Nobody'" --write
is '  are in the log, and not what is in them' "$(deeds acme | sed 's/.* \([^ ]* \)$/\1/')" 'sql-written/ '
is '  the invitation' "$(deeds guest)" 'invited/ '
unlike '  without a secret' "$(sqlite3 "$DATA/registry.db" 'SELECT * FROM deeds')" "$PASSWORD|@"

epoch=$("$ROWHOUSE" tenant show acme --json | sed 's/.*"epoch":\([0-9]*\).*/\1/')
ok 'a restore' "$ROWHOUSE" restore acme --in-place --latest --yes
like '  says to what' "$(deeds acme)" "tenant-restored/TXID [0-9]+ of epoch $(printf %08x "$epoch") \$"
ok 'one that is deleted' "$ROWHOUSE" tenant delete copy --yes
ok '  is erased' "$ROWHOUSE" tenant erase copy --yes
is '  of which the log remains' "$(deeds copy)" 'tenant-cloned/acme tenant-deleted/ tenant-erased/ '

# --- what was not done ---------------------------------------------------------
before=$(sqlite3 "$DATA/registry.db" 'SELECT count(*) FROM deeds')
for words in 'suspend nobody' 'plan acme nonsense' 'host add acme not_a_host' 'host remove acme no.example.com' \
    'delete nobody --yes' 'undelete acme' 'erase acme --yes' 'clone acme again' 'import acme file.sqlite' \
    'invite acme' 'create acme --owner a@acme.example' 'show acme' 'list' 'export acme acme.sqlite'; do
	# words
	# shellcheck disable=SC2086
	printf '%s\n' "$PASSWORD" | "$ROWHOUSE" tenant $words >/dev/null 2>&1
done
for words in 'SELECT count(*) FROM _users' 'DELETE FROM _users WHERE 0' 'DELETE FROM _meta'; do
	"$ROWHOUSE" tenant sql acme "$words" --write >/dev/null 2>&1
done
"$ROWHOUSE" restore acme --dry-run --latest >/dev/null 2>&1
"$ROWHOUSE" restore nobody --in-place --yes >/dev/null 2>&1
is 'what is refused or changes nothing is not in it' \
	"$(sqlite3 "$DATA/registry.db" 'SELECT count(*) FROM deeds')" "$before"

# --- neither without the other ---------------------------------------------------
sqlite3 "$DATA/registry.db" "CREATE TRIGGER full BEFORE INSERT ON deeds
	BEGIN SELECT raise(ABORT, 'no room for it'); END"
output=$("$ROWHOUSE" tenant suspend acme 2>&1)
is 'where the log cannot be written' "$?" 1
like '  that is said' "$output" 'no room for it'
is '  and nothing was changed' "$("$ROWHOUSE" tenant show acme --json | sed 's/.*"state":"\([a-z]*\)".*/\1/')" active
output=$("$ROWHOUSE" restore acme --in-place --latest --yes 2>&1)
like '  by a restore either' "$output $("$ROWHOUSE" tenant show acme --json)" \
	"no room for it.*\"epoch\":$((epoch + 1)),"
output=$("$ROWHOUSE" tenant sql acme "UPDATE _users SET name = 'Somebody'" --write 2>&1)
like '  nor are rows' "$output $("$ROWHOUSE" tenant sql acme 'SELECT name FROM _users' | tr '\n' ' ')" \
	'no room for it name Nobody'
output=$("$ROWHOUSE" tenant invite other 2>/dev/null)
is '  nor is anybody invited' "$output" ''
sqlite3 "$DATA/registry.db" 'DROP TRIGGER full'

# --- by whom -----------------------------------------------------------------------
if [ "$(id -u)" = 0 ]; then
	ok 'sudo says by whom, where the kernel does not know' \
		env SUDO_USER=alice "$ROWHOUSE" tenant suspend acme
	like '  in the log' "$(sqlite3 "$DATA/registry.db" 'SELECT who FROM deeds ORDER BY id DESC LIMIT 1')" \
		"^command (alice|${user:-alice})\$"
fi
done_testing
