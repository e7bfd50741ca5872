#!/bin/sh
# The whole data directory is lost.  The registry comes back from the replica,
# and after it every tenant.
. "$(dirname "$0")/../lib.sh"

house_new
for slug in acme globex; do
	tenant_new $slug
done
house_start
for slug in acme globex; do
	sign_in $slug
	project_new $slug HOME
	ok "$slug is replicated" wait_for 20 caught_up $slug
done
ok 'a host is added' "$ROWHOUSE" tenant host add globex www.globex.example
registry_caught_up() {
	rm -f registry.sqlite
	"$ROWHOUSE" restore _registry --to registry.sqlite >/dev/null 2>&1 &&
	sqlite3 registry.sqlite .dump | grep -q www.globex.example
}
ok 'the registry is replicated' wait_for 20 registry_caught_up
serve_stop

mv "$DATA" lost
mkdir "$DATA"
# a key that was kept elsewhere must not make old tokens good again
cp -p lost/master.key "$DATA"
old=$TOKEN
ok 'the registry is restored' "$ROWHOUSE" restore _registry --in-place
for slug in acme globex; do
	ok "$slug is restored" "$ROWHOUSE" restore $slug --in-place
done
serve_start
ok 'the house answers again' wait_for 20 healthy
TOKEN=$old
api globex GET /api/projects
is 'tokens from before are not' "$status" 401
for slug in acme globex; do
	sign_in $slug
	api $slug GET /api/projects
	is "$slug has its data" "$status $(json '$.items[0].key')" '200 HOME'
	ok "$slug is replicated again" wait_for 20 caught_up $slug
done
http -H 'Host: www.globex.example' -H "Authorization: Bearer $TOKEN" \
	"http://127.0.0.1:$PORT/api/projects"
is 'hosts are known' "$status" 200

done_testing
