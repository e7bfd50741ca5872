#!/bin/sh
# rowhouse tenant clone: a new tenant as another was at some time.
. "$(dirname "$0")/../lib.sh"

house_new 'plan.pro.rate = 100/s' 'plan.free.rate = 100/s'
tenant_new acme
tenant_new globex
house_start
sign_in acme
project_new acme WEB
good=$(($(date +%s) + 1))
past() {	# SECOND
	[ "$(date +%s)" -gt "$1" ]
}
wait_for 5 past $good
project_new acme LATER
acme=$TOKEN

refused() {	# NAME STATUS REGEXP ARGUMENT…
	name=$1 want=$2 regexp=$3
	shift 3
	output=$("$ROWHOUSE" tenant clone "$@" 2>&1)
	is "$name" $? "$want"
	like '  in these words' "$output" "$regexp"
}
refused 'one name' 2 'a word is missing' acme
refused 'an option of another verb' 2 'unknown option --yes' acme copy --yes
refused 'two points' 2 '--at, --txid and --latest: only one' acme copy --latest --at $good
refused 'a plan that is none' 1 'has no plan "gold"' acme copy --plan gold
refused 'a name that is taken' 1 'globex' acme globex
refused 'a name that the platform keeps' 2 'the platform keeps that name' acme www
refused 'no name' 2 'slug' acme ../x
refused 'nobody' 1 'nobody: there is no replica of it' nobody copy
refused 'a time before the first' 1 'nothing is as old as' acme copy --at 2001-01-01T00:00:00Z
is 'nothing is left of that' "$(find "$DATA/tenants" -maxdepth 1 -name '*copy*')" ''
like 'the usage knows it' "$("$ROWHOUSE" tenant --help)" 'tenant clone SRC DST'

# what a killed attempt leaves
mkdir -p "$DATA/tenants/.copy-dead/00000001" "$DATA/tenants/.copy-copy/00000001"
echo half >"$DATA/tenants/.copy-copy/00000001/db.sqlite"
output=$("$ROWHOUSE" tenant -c "$CONF" clone acme copy --at $good 2>&1)
is 'a clone' $? 0
like '  says of when' "$output" '^tenant copy is what acme was at .*, TXID [0-9]+ of epoch 00000001$'
is '  and what a killed one left is gone' "$(find "$DATA/tenants" -name '.copy-*')" ''
TOKEN=$acme
api copy GET /api/projects
is 'a token of the source is worthless there' "$status" 401
sign_in copy owner@acme.example
api copy GET /api/projects
is 'it has what was there, and nothing later' \
	"$(json '$.items[0].key') $(json '$.items[1].key')" 'WEB '
project_new copy OWN
ok '  it is replicated' wait_for 20 caught_up copy
TOKEN=$acme
api acme GET /api/projects
is 'the source is what it was, signed in' \
	"$status $(json '$.items[0].key') $(json '$.items[1].key') $(json '$.items[2].key')" '200 LATER WEB '
ok 'the source gets a plan' "$ROWHOUSE" tenant plan acme pro
ok 'the newest state' "$ROWHOUSE" tenant clone acme newest --latest
plans() {	# of all, in the order of their slugs
	"$ROWHOUSE" tenant list "$@" --json | sed -n 's/.*"slug":"\([^"]*\)".*"plan":"\([^"]*\)".*/\1 \2/p'
}
is '  has the plan of the source' "$(plans newest)" 'newest pro'
is '  one of before has what that had' "$(plans copy)" 'copy default'
ok 'with a plan of its own' "$ROWHOUSE" tenant clone acme cheap --plan free
is '  it has that' "$(plans cheap)" 'cheap free'
ok 'with the default' "$ROWHOUSE" tenant clone acme plain --plan default
is '  it has that' "$(plans plain)" 'plain default'
ok 'of a replica elsewhere' "$ROWHOUSE" tenant clone acme other --from replica
is '  it has the default' "$(plans other)" 'other default'
unlike '  and nothing is missing in it' "$("$ROWHOUSE" tenant clone acme whole 2>&1)" 'may lack'
serve_stop
output=$("$ROWHOUSE" tenant clone acme late 2>&1)
is 'while nobody replicates' $? 0
like '  it is said that the newest may be missing' "$output" \
	'tenant: the replica, of which it is made, may lack the newest: no replicator is running'
is '  and all that it has' "$(sqlite3 -readonly "$(db_of newest)" 'SELECT count(*) FROM projects')" 2
is '  and is of its own' "$(sqlite3 -readonly "$(db_of newest)" "SELECT value FROM _meta WHERE key = 'slug'")" newest

done_testing
