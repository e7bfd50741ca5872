#!/bin/sh
# rowhouse restore --all and the steward, as root in an empty data directory of
# somebody: refused, with his name, and nothing is made there.  In a directory that is
# shared with a group what root rebuilds is served by its user, the master key too.
. "$(dirname "$0")/../lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'being somebody else needs root'
as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'

house_new
tenant_new acme
serve_start
ok 'all is replicated' wait_for 60 caught_up acme
ok '  the registry, too' wait_for 60 "$ROWHOUSE" restore _registry --to registry.sqlite
serve_stop
mv "$DATA" lost
chmod -R go+rX "$SCRATCH"
mkdir -m 755 "$DATA"
chown 65534:65534 "$DATA"
chown -R 65534:65534 "$RUN" "$REPLICA"

echo '# in his directory'
refused() {	# NAME COMMAND…
	name=$1
	shift
	output=$(timeout 20 "$@" 2>&1 </dev/null)
	is "$name as root is refused" $? 1
	like '  and why' "$output" "$DATA belongs to nobody, who could not open what root makes"
	like '  and what to do' "$output" 'run it as that user: sudo -u nobody rowhouse'
	is '  nothing is made' "$(ls -A "$DATA")" ''
}
refused 'a restore of all' "$ROWHOUSE" restore --all
refused 'the first tenant' "$ROWHOUSE" tenant create other --owner o@other.example
refused 'the steward' "$ROWHOUSE" steward
output=$(setpriv --reuid=65533 --regid=65533 --clear-groups "$ROWHOUSE" restore --all 2>&1)
is 'as a third one' $? 1
like '  and why' "$output" "$DATA belongs to nobody, and this is "
# words
# shellcheck disable=SC2086
ok 'as its user all is rebuilt' $as_nobody "$ROWHOUSE" restore --all

echo '# in one that is shared'
rm -rf "$DATA"
mkdir -m 2771 "$DATA"
chown 65534:65534 "$DATA"
chmod 2771 "$DATA"
ok 'root rebuilds all' "$ROWHOUSE" restore --all
is '  the master key is its user'\''s' "$(stat -c '%u %a' "$DATA/master.key")" '65534 400'
chown root "$DATA/master.key"
rm -rf "$DATA/tenants" "$DATA"/registry*
ok '  also where it was killed before that' "$ROWHOUSE" restore --all
is '  the key that was there is his now' "$(stat -c '%u %a' "$DATA/master.key")" '65534 400'
# shellcheck disable=SC2086
background "$SCRATCH/serve.log" $as_nobody "$ROWHOUSE" serve
SERVE=$pid
wait_for 20 accepts "$RUN/fcgi.sock" || bail 'its user cannot serve it'
caddy_start
wait_for 20 healthy
sign_in acme
project_new acme NEW
is 'its user serves it, and writes' "$status" 201
done_testing
