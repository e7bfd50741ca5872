#!/bin/sh
# rowhouse tenant on a full disk, on a read-only one, as somebody else and as root in
# somebody's house: every verb says what is the matter, and changes nothing.

# Apart, so that what is mounted goes with the test.
if [ "$(id -u)" -eq 0 ] && [ -z "${APART:-}" ] && unshare -m true 2>/dev/null; then
	exec env APART=1 unshare -m "$0"
fi
. "$(dirname "$0")/../lib.sh"

[ -n "${APART:-}" ] || skip_all 'mounting a disk and being somebody else needs root'
mkdir -p "$DATA"
mount -t tmpfs -o size=6m,mode=700 rowhouse-test "$DATA" 2>/dev/null ||
	skip_all 'no tmpfs can be mounted here'
as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'

house_new 'plan.pro.rate = 100/s'
tenant_new acme
tenant_new gone
serve_start
ok 'all is replicated' wait_for 60 caught_up acme
ok '  of the other, too' wait_for 60 caught_up gone
ok 'one has a host' "$ROWHOUSE" tenant host add acme acme.example
ok '  and was exported' "$ROWHOUSE" tenant export acme acme.sqlite
ok 'one is deleted' "$ROWHOUSE" tenant delete gone --yes

# what there is: rows, files of tenants, and beside them
state() {
	sqlite3 -readonly "$DATA/registry.db" "SELECT slug, state, plan, epoch FROM tenants;
		SELECT * FROM hosts; SELECT * FROM erasures" 2>&1
	find "$DATA/tenants" -mindepth 1 -maxdepth 1 | sort
	find . -maxdepth 1 -name '*export*' -o -maxdepth 1 -name 'new.sqlite*'
}

# refused 'AS WHOM' REGEXP VERB…	each of them fails with these words
refused() {
	as=$1 regexp=$2 before=$(state)
	shift 2
	for words; do
		# words
		# shellcheck disable=SC2086
		output=$(printf '%s\n' "$PASSWORD" | $as "$ROWHOUSE" tenant $words 2>&1)
		is "  $words" $? 1
		like '    and why' "$output" "^rowhouse tenant: .*$regexp"
	done
	is '  nothing is changed' "$(state)" "$before"
}

set -- 'suspend acme' 'resume acme' 'plan acme pro' 'delete acme --yes' 'undelete gone' \
	'erase gone --yes' 'host add acme new.example' 'host remove acme acme.example'

echo '# on a full disk'
dd if=/dev/zero of="$DATA/ballast" bs=4k 2>/dev/null
refused '' '(is full|No space left on device|needs .*, and .* is free there)' 'create fresh --owner o@fresh.example' \
	'import fresh acme.sqlite' 'clone acme fresh' "export acme $DATA/new.sqlite"
# a row may find room in what the WAL has already
for words; do
	before=$(state)
	# words
	# shellcheck disable=SC2086
	output=$("$ROWHOUSE" tenant $words 2>&1) || {
		like "  $words says so" "$output" 'is full'
		is '    and changes nothing' "$(state)" "$before"
	}
done
is '  an export to where there is room is made' \
	"$("$ROWHOUSE" tenant export acme room.sqlite >/dev/null 2>&1; echo $?)" 0
rm "$DATA/ballast"
ok '  with room again one is made' tenant_new fresh
serve_stop

echo '# as somebody else'
chmod -R go+rX "$SCRATCH"
chmod 755 "$DATA"
refused "$as_nobody" "$DATA belongs to root, and this is nobody" "$@" list 'show acme' \
	'invite other' 'create other --owner o@other.example' 'import other acme.sqlite' \
	'clone acme other' 'sql acme SELECT' "export acme new.sqlite"
like '  and what to do' "$output" 'run it as that user: sudo -u root rowhouse'

echo '# on a read-only file system'
ok 'mounted so' mount -o remount,ro "$DATA"
refused '' "the file system of $DATA is read-only" "$@" list 'show acme' 'invite other' \
	'create other --owner o@other.example' 'import other acme.sqlite' \
	'clone acme other' 'sql acme SELECT' 'export acme new.sqlite'
mount -o remount,rw "$DATA" || bail 'it stays read-only'

echo '# as root in the house of somebody'
chown -R 65534:65534 "$DATA" "$RUN" "$REPLICA"
mine=$(find "$DATA" -user root)
refused '' 'registry\.db belongs to nobody, who could not open what root makes' \
	'create other --owner o@other.example' 'import other acme.sqlite' 'clone acme other'
output=$("$ROWHOUSE" restore acme --in-place --yes 2>&1)
is '  nor is one restored in place' $? 1
like '    and why' "$output" 'registry\.db belongs to nobody'
# where there was room for that
"$ROWHOUSE" tenant undelete acme >/dev/null 2>&1
"$ROWHOUSE" tenant host remove acme new.example >/dev/null 2>&1
for words in 'list' 'show acme' 'suspend acme' 'resume acme' 'plan acme pro' 'delete acme --yes' \
    'undelete acme' 'host add acme new.example' 'host remove acme new.example' \
    'export acme new.sqlite' 'sql acme SELECT(1)'; do
	# words
	# shellcheck disable=SC2086
	ok "  $words" "$ROWHOUSE" tenant $words
done
is '  nothing there is his' "$(find "$DATA" -user root)" "$mine"
# shellcheck disable=SC2086
ok '  so that its user goes on' $as_nobody "$ROWHOUSE" tenant suspend acme
done_testing
