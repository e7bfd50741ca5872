#!/bin/sh
# rowhouse tenant, killed before each call of it that changes anything: at any of
# them registry and directories agree, the same command again comes to its end and
# nothing half made is left; and the tenant next door is answered all the time.
# (create, import and erase: tests/unit/test_lifecycle, test_import, test_erase.)
. "$(dirname "$0")/../lib.sh"

command -v strace >/dev/null || skip_all 'strace is not installed'
strace -o /dev/null true 2>/dev/null || skip_all 'strace may not trace here'

# half of the pool for each
house_new 'workers = 4' 'replica.claim = 1s' 'plan.pro.rate = 100/s'
tenant_new acme
tenant_new globex
house_start
for slug in acme globex; do
	sign_in "$slug"
	project_new "$slug" WEB
	api "$slug" POST /api/projects/WEB/issues '{"title":"there from the beginning"}'
	[ "$status" = 201 ] || bail "an issue for $slug: $status $body"
done
acme=$(db_of acme)
issues=$(sqlite3 -readonly "$acme" 'SELECT count(*) FROM issues')
uid=$(sqlite3 -readonly "$acme" "SELECT value FROM _meta WHERE key = 'uid'")

# Somebody reads and somebody writes; what comes after # is only counted.
neighbour() {	# LOG CURL-ARGUMENT…
	log=$1
	shift
	background "$log" curl -s --rate 20/s -o /dev/null -w '%{stderr}%{http_code}\n' \
		-H "Authorization: Bearer $TOKEN" "$@" \
		"http://globex.localhost:$PORT/api/projects/WEB/issues#[1-1000000]"
	neighbours="$pid ${neighbours:-}"
}
neighbour reads
neighbour writes -H 'Content-Type: application/json' -d '{"title":"next door"}'

calls=write,pwrite64,pwritev,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fsync,fdatasync,syncfs,ftruncate,mkdir,mkdirat,rmdir,fchmod,sendto

registry() {	# SQL
	sqlite3 -readonly "$DATA/registry.db" "$1"
}

# What the registry names is there.
registered() {
	for file in $(registry "SELECT format('%s/%08x/db.sqlite', slug, epoch) FROM tenants"); do
		[ -s "$DATA/tenants/$file" ] || echo "there is no $file"
	done
}

names_in() {	# DIRECTORY
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort
}

# Nothing is there that the registry does not name, finished or not.
known() {
	[ "$(names_in "$DATA/tenants")" = "$(registry 'SELECT slug FROM tenants ORDER BY slug')" ] ||
		echo "not all are tenants: $(names_in "$DATA/tenants" | tr '\n' ' ')"
}

# Everything of acme.
whole() {
	[ "$(sqlite3 -readonly "$acme" "SELECT count(*), (SELECT value FROM _meta
		WHERE key = 'uid') FROM issues")" = "$issues|$uid" ] ||
		echo 'acme has not what it had'
}

# The places where a command can be killed, as strace counts: in each thread each call
# by its name.  "pwrite64 1", "pwrite64 2", "sendto 1" …
places() {	# WORD…
	strace -f -qq -o trace -e trace=$calls "$ROWHOUSE" tenant "$@" >/dev/null 2>&1 ||
		bail "tenant $*"
	sed -n 's/^\([0-9]*\) *\([a-z0-9]*\)(.*/\1 \2/p' trace |
		awk '{ place = $2 " " ++n[$1, $2] } !seen[place]++ { print place }'
}

killed_at() {	# CALL COUNT WORD…
	call=$1 count=$2
	shift 2
	strace -f -qq -o /dev/null -e trace="$call" \
		-e inject="$call:signal=KILL:when=$count" \
		"$ROWHOUSE" tenant "$@" >/dev/null 2>&1
}

# sweep 'WORDS' 'BEFORE' 'AFTER' REGEXP
# For each place, whose number stands for @: BEFORE; the command, killed there; the
# same again.  AFTER then says "ok".  Where the killed one had come to its end, the
# second may say that it is so already, in the words of REGEXP.
sweep() {
	n=0 deaths=0 ended=0 wrong=
	eval "$2"
	# words, in a list of places that strace may call its own
	# shellcheck disable=SC2046,SC2094
	places $(printf '%s\n' "$1" | sed "s/@/0/g") >places
	while read -r call count && [ -z "$wrong" ]; do
		n=$((n + 1))
		words=$(printf '%s\n' "$1" | sed "s/@/$n/g")
		eval "$2"
		# shellcheck disable=SC2086
		killed_at "$call" "$count" $words || deaths=$((deaths + 1))
		wrong=$(registered)
		# shellcheck disable=SC2086
		output=$("$ROWHOUSE" tenant $words 2>&1) ||
			if printf '%s\n' "$output" | grep -Eq "$4"; then
				ended=$((ended + 1))
			else
				wrong="again: $output"
			fi
		wrong=$wrong$(registered; known; whole)
		output=$(eval "$3" 2>&1)
		[ "$output" = ok ] || wrong="$wrong$3: $output"
	done <places
	is "tenant $1, killed at $deaths places" "$wrong" '' ||
		bail "at $call $count: $words"
	ok "  ($ended of them when it was done)" test $deaths -ge 4
}

state() {
	registry "SELECT CASE state WHEN '$1' THEN 'ok' ELSE state END FROM tenants WHERE slug = 'acme'"
}
tenant() {
	"$ROWHOUSE" tenant "$@" >/dev/null 2>&1
}

sweep 'suspend acme' 'tenant resume acme' 'state suspended' nothing
sweep 'resume acme' 'tenant suspend acme' 'state active' nothing
sweep 'delete acme --yes' 'tenant undelete acme' 'state deleted' '^rowhouse tenant: tenant acme is deleted$'
sweep 'undelete acme' 'tenant delete acme --yes' 'state active' '^rowhouse tenant: tenant acme is not deleted$'

sweep 'plan acme pro' 'tenant plan acme default' \
	"registry \"SELECT 'ok' FROM tenants WHERE slug = 'acme' AND plan = 'pro'\"" nothing

hosts() {	# HOST	"ok" for each time that acme has it
	registry "SELECT replace(group_concat(slug), 'acme', 'ok') FROM hosts WHERE host = '$1'"
}
# the name that it has by then
# shellcheck disable=SC2016
sweep 'host add acme h@.example' : 'hosts h$n.example' 'the host h[0-9]*\.example is that of tenant acme$'
sweep 'host remove acme h1.example' 'tenant host add acme h1.example' \
	"echo ok; hosts h1.example" \
	'tenant acme has no host h1\.example$'

exported() {
	[ "$(sqlite3 -readonly "backup/$n.sqlite" "PRAGMA quick_check;
		SELECT count(*) FROM issues")" = "ok
$issues" ] || return
	names_in backup | grep -qv '^[0-9]*\.sqlite$' || echo ok
}
mkdir backup
sweep 'export acme backup/@.sqlite' : exported 'backup/[0-9]*\.sqlite is there already$'

cloned() {
	[ "$(sqlite3 -readonly "$(db_of "copy$n")" "SELECT count(*), (SELECT value FROM _meta
		WHERE key = 'uid') FROM issues")" = "$issues|$(registry "SELECT uid FROM tenants
		WHERE slug = 'copy$n'")" ] && echo ok
}
sweep 'clone acme copy@' : cloned 'tenant copy[0-9]* exists already$'

replicas() {
	[ "$(names_in "$REPLICA" | grep -v '^_')" = "$(registry 'SELECT slug FROM tenants ORDER BY slug')" ]
}
ok 'all of these are replicated, and nothing else' wait_for 60 replicas
ok '  once' test "$(find "$REPLICA" -mindepth 2 -maxdepth 2 -not -name 00000001)" = ''
ok '  acme as it is' wait_for 60 caught_up acme
for n in $(seq "$n" -10 1); do
	ok "  and copy$n" wait_for 60 caught_up "copy$n"
done
sign_in acme
api acme GET /api/projects/WEB/issues
is 'acme is served as before' "$status $(json '$.items[0].title')" '200 there from the beginning'

for p in $neighbours; do
	stop "$p"
done
is 'next door every read was answered' "$(sort -u reads)" 200
is '  and every write' "$(sort -u writes)" 201
diag "$(cat reads writes | wc -l) answers next door"
done_testing
