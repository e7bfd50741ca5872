#!/bin/sh
# From a bucket: a lost machine, a clone, and what stands alone under a prefix,
# as Litestream's replicas do.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
url=$(s3_url house)
house_new "replica.url = $url"
slugs=$(seq -f 't%02g' 12)
for slug in $slugs; do
	tenant_new "$slug"
done
house_start
sign_in t05
project_new t05 WEB
ok 'a tenant is replicated' wait_for 60 caught_up t05
all_replicated() {
	for s in $slugs _registry; do
		"$ROWHOUSE" restore "$s" --dry-run >/dev/null 2>&1 || return 1
	done
	"$ROWHOUSE" restore _registry --to registry.sqlite >/dev/null 2>&1
	rows=$(sqlite3 registry.sqlite 'SELECT count(*) FROM tenants')
	rm -f registry.sqlite
	[ "$rows" = 12 ]
}
ok 'so are all' wait_for 60 all_replicated
ok 'a clone' "$ROWHOUSE" tenant clone t05 copy
is '  has what its source has' \
	"$(sqlite3 -readonly "$(db_of copy)" 'SELECT key FROM projects')" WEB
ok '  and is replicated' wait_for 60 caught_up copy
ok 'what stands alone is restored' "$ROWHOUSE" restore \
	--litestream "$(s3_url house/t05/00000001)" --to alone
ok '  and by its name' "$ROWHOUSE" restore t05 --to named
ok '  the same' cmp alone named
knows_copy() {
	rm -f registry.sqlite
	"$ROWHOUSE" restore _registry --to registry.sqlite >/dev/null 2>&1 &&
	[ "$(sqlite3 registry.sqlite 'SELECT count(*) FROM tenants')" = 13 ]
}
ok 'the registry with it' wait_for 60 knows_copy
serve_stop

mv "$DATA" lost
output=$("$ROWHOUSE" restore --all 2>&1)
is 'the machine is lost, and comes back' $? 0
like '  all of it' "$output" 'registry and 13 of 13 tenants'
bad=
for slug in $slugs copy; do
	copy_of "lost/tenants/$slug/00000001/db.sqlite" was
	copy_of "$(db_of "$slug")" now
	cmp -s was now || bad="$bad $slug"
done
is '  page by page' "$bad" ''

done_testing
