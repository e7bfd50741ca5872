#!/bin/sh
# What is deleted by mistake comes back whole, until tenant.grace is over; and
# `rowhouse tenant list` finds it among the others.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new acorn
tenant_new globex
house_start
sign_in acme
project_new acme WEB

slugs() {	# ARGUMENT…	one blank between them
	"$ROWHOUSE" tenant list "$@" --json | tr ',' '\n' |
		sed -n 's/.*"slug":"\([^"]*\)".*/\1/p' | tr '\n' ' '
}
is 'all of them, by slug' "$(slugs)" 'acme acorn globex '
is 'by a pattern' "$(slugs 'ac*')" 'acme acorn '
is 'the newest first' "$(slugs --sort -created)" 'globex acorn acme '
is '  two of them' "$(slugs --sort -created --limit 2)" 'globex acorn '
is '  for people, too' "$("$ROWHOUSE" tenant list --sort -created --limit 1 |
	tail -n 1 | cut -d' ' -f1)" globex
ok 'one is suspended' "$ROWHOUSE" tenant suspend globex
is '  and found so' "$(slugs --state suspended)" 'globex '
is '  the others, too' "$(slugs --state active)" 'acme acorn '
is 'none is an answer' "$(slugs 'nobody*')" ''

refused() {	# NAME STATUS REGEXP ARGUMENT…
	name=$1 want=$2 regexp=$3
	shift 3
	output=$("$ROWHOUSE" tenant "$@" 2>&1 </dev/null)
	is "$name" $? "$want"
	like '  in these words' "$output" "$regexp"
}
refused 'a state that is none' 2 '--state gone: is not active, suspended or deleted' list --state gone
refused 'a key that is none' 2 '--sort name: is not slug, created' list --sort name
refused 'a limit of none' 2 '--limit 0: is not a number from 1 on' list --limit 0
refused 'undeleting what is there' 1 'tenant acme is not deleted' undelete acme
refused 'undeleting nobody' 1 'there is no tenant nobody' undelete nobody
refused 'deleting without a word of it' 2 'say --yes' delete acme

output=$("$ROWHOUSE" tenant delete acme --yes)
is 'acme is deleted' $? 0
like '  which says until when it can come back' "$output" \
	'rowhouse tenant undelete acme brings it back, until 20'
is '  and is listed so' "$(slugs --state deleted)" 'acme '
like '  with the time' "$("$ROWHOUSE" tenant show acme --json)" '"undelete_until":"20'
answers() {	# STATUS
	api acme GET /api/projects
	[ "$status" = "$1" ]
}
ok '  it answers no more' wait_for 60 answers 404
refused '  and gets no host' 1 'tenant acme is deleted' host add acme shop.example.com
ok 'it is undeleted' "$ROWHOUSE" tenant undelete acme
ok '  with everybody signed in as before' wait_for 60 answers 200
is '  and all that it had' "$(json '$.items[0].key')" WEB
project_new acme NEW
ok '  and is replicated again' wait_for 60 caught_up acme
is '  in the epoch that it had' "$(ls "$REPLICA/acme")" 00000001

ok 'one that was suspended when it was deleted' "$ROWHOUSE" tenant delete globex --yes
is '  is so again' "$("$ROWHOUSE" tenant undelete globex)" 'tenant globex is suspended'
is '  and listed' "$(slugs --state suspended)" 'globex '

serve_stop
config_write 'tenant.grace = 0s'
ok 'deleted, where there is no grace' "$ROWHOUSE" tenant delete acorn --yes
refused 'then it stays so' 1 'tenant acorn could be undeleted until 20.* \(tenant\.grace\)' undelete acorn
like '  and says what can be done' "$output" 'tenant clone acorn NEW'
config_write
ok 'deleted, and its file lost' "$ROWHOUSE" tenant delete globex --yes
mv "$DATA/tenants/globex" elsewhere
refused 'that is not brought back without it' 1 'globex/00000001/db\.sqlite is not there' undelete globex
like '  but by a restore' "$output" 'rowhouse restore globex --in-place'

done_testing
