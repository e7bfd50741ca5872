#!/bin/sh
# rowhouse restore --all, after the machine is lost: registry and sixty tenants,
# killed on the way and run again; the house serves what is there already.
. "$(dirname "$0")/../lib.sh"

TENANTS=60
house_new
slugs=$(seq -f 't%02g' $TENANTS)
for slug in $slugs; do
	tenant_new "$slug"
done
serve_start
all_replicated() {
	# shellcheck disable=SC2046
	[ "$(find "$REPLICA" -path '*/ltx/9/*.ltx' | wc -l)" -gt $TENANTS ]
}
ok 'all are replicated' wait_for 60 all_replicated
ok 'one is deleted' "$ROWHOUSE" tenant delete t60 --yes
deleted() {
	rm -f registry.sqlite
	"$ROWHOUSE" restore _registry --to registry.sqlite >/dev/null 2>&1 &&
	[ "$(sqlite3 registry.sqlite "SELECT state FROM tenants WHERE slug = 't60'")" = deleted ]
}
ok '  as the replica knows' wait_for 20 deleted
serve_stop

refused() {	# NAME STATUS REGEXP ARGUMENT…
	name=$1 want=$2 regexp=$3
	shift 3
	output=$("$ROWHOUSE" restore --all "$@" 2>&1)
	is "$name" $? "$want"
	like '  in these words' "$output" "$regexp"
}
refused 'a machine that is not lost' 1 'registry\.db is there: this machine is not lost'
refused 'no jobs' 2 '--jobs 0: is not a number from 1 to 64' --jobs 0
refused 'a target' 2 '--all goes with --at' --to x

mv "$DATA" lost
refused 'no replica' 1 'the registry: _registry: there is no replica of it' --from "$SCRATCH/nowhere"
is '  and nothing is begun' "$(ls -A "$DATA")" ''

restored() {
	find "$DATA/tenants" -name db.sqlite 2>/dev/null | wc -l
}
some() {
	[ "$(restored)" -ge 5 ]
}
background all.log "$ROWHOUSE" restore --all --jobs 2
wait_for 30 some
kill -s KILL "$pid"
wait "$pid" 2>/dev/null
n=$(restored)
diag "killed with $n of them"
if [ "$n" -lt $((TENANTS - 1)) ]; then
	ok 'what is left says that it is not whole' test -e "$DATA/restoring"
	refused '  another place than was begun' 1 'a restore of all was begun here, from .*/replica' --from "$SCRATCH/nowhere"
	refused '  another time' 1 'from .*/replica, to another time' --at '1 hour ago'
	serve_start
	restoring() {
		"$ROWHOUSE" status | grep -q ' restoring '
	}
	ok '  and so does status, while the house serves' wait_for 60 restoring
else
	serve_start
fi
find "$DATA/tenants" -name db.sqlite -printf '%i %p\n' | sort >before
output=$(ROWHOUSE="$ROWHOUSE" "$ROOT/scripts/restore" --all)
is 'it goes on' $? 0
diag "$output"
like '  to the end' "$output" "registry and $((TENANTS - 1)) of $((TENANTS - 1)) tenants"
like '  without the deleted one' "$output" 'deleted  1,'
ok '  and is done' test ! -e "$DATA/restoring"
find "$DATA/tenants" -name db.sqlite -printf '%i %p\n' | sort >after
finished=$(sqlite3 "$DATA/registry.db" 'SELECT count(*) FROM tenants WHERE epoch > 1')
is '  one file each, and no more' "$(wc -l <after) $finished" "$((TENANTS - 1)) $((TENANTS - 1))"
serve_stop

bad=
for slug in $slugs; do
	[ "$slug" != t60 ] || continue
	copy_of "lost/tenants/$slug/00000001/db.sqlite" was
	copy_of "$(db_of "$slug")" now
	cmp -s was now || bad="$bad $slug"
done
is 'page by page as they were' "$bad" ''
refused 'a second time' 1 'this machine is not lost'

done_testing
