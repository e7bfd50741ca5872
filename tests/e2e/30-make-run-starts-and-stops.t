#!/bin/sh
# `make run` (scripts/dev): two demo tenants with content, restorable; Ctrl-C
# stops all of it, and the next run goes on with the same data.
. "$(dirname "$0")/../lib.sh"

command -v caddy >/dev/null || skip_all 'caddy is not installed'
DEMO=$SCRATCH/demo
PORT=$(free_port)
export DEMO PORT O

dev_start() {
	: >dev.log
	# what a shell starts in the background is deaf to Ctrl-C
	background "$SCRATCH/dev.log" perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' \
		"$ROOT/scripts/dev"
	DEV=$pid
	told() {
		grep -q 'Ctrl-C stops it' dev.log
	}
	wait_for 60 told || bail "scripts/dev: $(cat dev.log)"
}

dev_start
ok 'it starts' alive "$DEV"
password=$(sed -n 's/.*owner@acme.example  *//p' dev.log)
sign_in acme owner@acme.example "$password"
api acme GET /api/projects
is 'the account that it prints works, and acme has projects' \
	"$status $(json '$.items[0].key')" '200 OPS'
sign_in globex owner@globex.example "$password"
api globex GET /api/projects
is 'so has globex' "$status $(json '$.items[0].key')" '200 LAB'
http "http://acme.localhost:$PORT/"
is 'the page is there' "$status" 200
http "http://localhost:$PORT/api/signup"
is '  and that where another team is made' "$body" '{"signup":"open"}'

like 'a second one on the same data is refused' \
	"$("$ROOT/scripts/dev" 2>&1)" 'already running'
like 'a port that is taken is named, and what to set' \
	"$(DEMO=$SCRATCH/other "$ROOT/scripts/dev" 2>&1)" "port $PORT is taken.*PORT="

command=$(sed -n 's/^ *\(.*scripts\/restore acme .*\)--to.*/\1/p' dev.log)
ok 'the restore that it suggests is there' test -n "$command"
ROWHOUSE_CONFIG=$DEMO/rowhouse.conf
restorable() {	# with what acme had then
	rm -f tried.sqlite
	# a command line, as it was printed
	# shellcheck disable=SC2086
	$command --to tried.sqlite &&
	[ "$(sqlite3 tried.sqlite 'SELECT count(*) FROM issues')" -eq 9 ]
}
ok '  and works' wait_for 20 restorable

family=$(descendants "$DEV")
kill -s INT "$DEV"
ok 'Ctrl-C ends it' wait_for 30 gone "$DEV"
all_gone() {
	for p in $family; do
		! alive "$p" || return 1
	done
}
ok '  with everything that it started' wait_for 10 all_gone
like '  and says so' "$(cat dev.log)" 'stopped; everything is kept'
TOKEN=
api acme GET /api/health
is '  nobody answers' "$status" 000

dev_start
sign_in acme owner@acme.example "$password"
api acme GET /api/projects
is 'the next run has the same data' "$(json '$.items[1].key')" WEB
family=$(descendants "$DEV")
kill -s KILL "$DEV"
ok 'even killed it leaves nobody behind' wait_for 20 all_gone

done_testing
