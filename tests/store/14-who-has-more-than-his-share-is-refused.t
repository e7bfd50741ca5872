#!/bin/sh
# replica.spool_full = refuse.  The store is gone, and one tenant changes more than
# may wait for it: it is told so, before anything is written, and can be read;
# another one can be written to.  When the store is back all is as before.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
house_new "replica.url = $(s3_url house)" 'replica.interval = 100ms' \
	'replica.spool_max = 1MiB' 'replica.spool_full = refuse'
tenant_new acme
tenant_new globex
house_start
sign_in acme
project_new acme BIG
ours=$TOKEN
sign_in globex
project_new globex SML
theirs=$TOKEN

s3_kill
TOKEN=$ours
n=0
fill() {	# text that nothing makes smaller, until there is no room for it
	n=$((n + 1))
	text=$(head -c 7000 /dev/urandom | base64 -w 0)
	api acme POST /api/projects/BIG/issues \
		"{\"title\":\"n$n\",\"description\":\"$text\"}"
	[ "$status" != 201 ] || return 1
}
while [ $n -lt 1000 ] && ! fill; do
	:
done
is 'who writes and writes is refused in the end' "$status" 507
like '  and told when to come again' "$(header Retry-After)" '^[1-9][0-9]*$'
is '  nothing was written' "$(sqlite3 -readonly "$(db_of acme)" \
	"SELECT count(*) FROM issues WHERE title = 'n$n'")" 0
diag "the $n. issue of ten KB was one too many"
api acme GET /api/projects
is 'it can be read' "$status" 200
sign_in acme
ok '  and one can sign in' [ -n "$TOKEN" ]
"$ROWHOUSE" status >status.out 2>&1
is 'the status is not good' $? 1
ok '  and says why' grep -q 'WRITES ARE REFUSED (TENANTS: 1): MORE THAN 1024.0 KiB WAITS' status.out
ok '  and of whom' grep -Eq '^acme +full' status.out
ok 'and the log' grep -q 'acme is not written to' serve.log
TOKEN=$theirs
api globex POST /api/projects/SML/issues '{"title":"small"}'
is 'another tenant is written to' "$status" 201

kill -s KILL "$(replicator)"
s3_again
TOKEN=$ours
again() {
	api acme POST /api/projects/BIG/issues '{"title":"again"}'
	[ "$status" = 201 ]
}
ok 'the store is back, and it is written to' wait_for 90 again
ok '  and has all' wait_for 120 caught_up acme
is '  row by row' "$(sqlite3 caught-up.sqlite "SELECT count(*), sum(title = 'again') FROM issues")" \
	"$n|1"

done_testing
