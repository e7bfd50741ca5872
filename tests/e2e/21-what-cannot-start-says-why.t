#!/bin/sh
# A configuration, a directory or a socket that cannot work is named, with what
# is wrong, before anything is served.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme

# serve_fails NAME PATTERN…
serve_fails() {
	name=$1
	shift
	output=$(timeout $((20 * PATIENCE)) "$ROWHOUSE" serve 2>&1)
	result=$?
	case $result in
	0|124) result 1 "$name" || diag "exit status $result: $output" ;;
	*) result 0 "$name" ;;
	esac
	for pattern; do
		like "  and says why" "$output" "$pattern"
	done
}

config_write 'wrokers = 3'
serve_fails 'a key that nobody knows' 'rowhouse\.conf:[0-9]+' wrokers
config_write 'workers = many'
serve_fails 'a value that is none' 'rowhouse\.conf:[0-9]+' workers many
config_write 'app = nowhere'
serve_fails 'an application that is not there' nowhere
config_write
ROWHOUSE_CONFIG=$SCRATCH/none.conf serve_fails 'a configuration that is not there' 'none\.conf'
printf 'run = run\n' >"$CONF"
serve_fails 'a configuration without data' data

config_write
mv app app.good
cp -R app.good app
mkdir -p app/api/broken
printf -- '-- access: member\n-- returns: many\nSELECT nonsense\n  FROM nowhere;\n' >app/api/broken/GET.sql
serve_fails 'an endpoint that is wrong' 'api/broken/GET\.sql:[0-9]+' 'nowhere'
printf -- '-- access: everybody\n-- returns: many\nSELECT 1;\n' >app/api/broken/GET.sql
serve_fails 'an access level that is none' 'api/broken/GET\.sql:1' everybody
rm -r app
cp -R app.good app
printf 'CREATE TABLE oops (;\n' >"app/schema/0099_oops.sql"
serve_fails 'a migration out of its order' '0099_oops\.sql'
rm -r app
mv app.good app

serve_start
serve_fails 'a second one on the same data' '[Rr]unning|in use|taken|lock'
ok '  and the first goes on' accepts "$RUN/fcgi.sock"
serve_stop

if [ "$(id -u)" -eq 0 ]; then
	as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
	chmod -R go+rX "$SCRATCH"
	# words
	# shellcheck disable=SC2086
	output=$(timeout 20 $as_nobody "$ROWHOUSE" serve 2>&1)
	result=$?
else
	chmod 500 "$DATA"
	output=$(timeout 20 "$ROWHOUSE" serve 2>&1)
	result=$?
	chmod 700 "$DATA"
fi
ok 'data that cannot be written is refused' test "$result" -ne 0 -a "$result" -ne 124
like '  and named' "$output" "$DATA|$RUN"
like '  as what it is' "$output" '[Pp]ermission|read-only'

for arguments in '' 'nonsense' 'serve --nonsense' 'serve extra' 'tenant' \
    'tenant create' 'tenant show' 'restore' 'restore acme extra' 'status --nonsense'; do
	# words
	# shellcheck disable=SC2086
	output=$("$ROWHOUSE" $arguments 2>&1 </dev/null)
	is "rowhouse $arguments is wrong usage" $? 2
	like '  and says what is right' "$output" '[Uu]sage|rowhouse'
done
output=$("$ROWHOUSE" tenant show nobody 2>&1)
is 'a tenant that is not there is a problem' $? 1
like '  and is named' "$output" nobody
for slug in A -a a- a_b "$(printf 'a%.0s' $(seq 41))" ../x 'a b' www api; do
	output=$(printf '%s\n' "$PASSWORD" |
		"$ROWHOUSE" tenant create "$slug" --owner a@b.example 2>&1)
	result=$?
	ok "a tenant cannot be called $slug" test $result -ne 0
	like '  and why' "$output" 'rowhouse'
done

done_testing
