#!/bin/sh
# A worker that holds 64 tenants open, with all that the application asked of
# each, stays under 17 MiB of its own; and one whose tenants have much to keep
# in mind keeps its page caches within the budget.
. "$(dirname "$0")/../lib.sh"

case $O in */san) skip_all 'memory of instrumented programs says nothing' ;; esac
[ -r /proc/self/status ] || skip_all 'there is no /proc'

own() {		# RssAnon of the worker, KiB
	sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$(workers)/status"
}

below() {	# NAME KIB BOUND
	[ "$2" -lt "$3" ]
	result $? "$1" || diag "$2 KiB, not below $3"
	diag "$2 KiB"
}

house_new 'workers = 1' 'worker.idle = 1h' 'worker.requests = 1000000' \
	'worker.cache = 4MiB'
for i in $(seq 64); do
	tenant_new "t$i"
done
house_start
diag "an idle worker: $(own) KiB"

for i in $(seq 64); do
	sign_in "t$i"
	printf '%s' "$TOKEN" >"token.$i"
	project_new "t$i" WEB
	for path in /api/me/issues /api/members /api/labels /api/projects \
	    /api/projects/WEB /api/projects/WEB/board /api/projects/WEB/issues \
	    '/api/search?q=first' /api/activity; do
		api "t$i" GET "$path"
		[ "$status" = 200 ] || bail "GET $path of t$i: $status $body"
	done
	api "t$i" POST /api/projects/WEB/issues '{"title":"The first"}'
	api "t$i" PATCH /api/issues/WEB-1 '{"version":1,"title":"The first one"}'
	api "t$i" POST /api/issues/WEB-1/comments '{"body":"A word"}'
	[ "$status" = 201 ] || bail "a comment at t$i: $status $body"
done
open=$(find "/proc/$(workers)/fd" -lname '*/db.sqlite' | wc -l)
is 'all of them are open' "$open" 64
below 'it has less than 17 MiB of its own' "$(own)" 17408

# sixteen write and read back 12 MiB, three times the budget of page caches
text=$(printf '%*s' 9000 '' | tr ' ' x)
for i in $(seq 16); do
	TOKEN=$(cat "token.$i")
	for n in $(seq 40); do
		api "t$i" POST /api/projects/WEB/issues \
			"{\"title\":\"t$n\",\"description\":\"$text$text\"}"
	done
	[ "$status" = 201 ] || bail "an issue for t$i: $status $body"
	api "t$i" GET /api/projects/WEB/issues
done
below 'and less than 22 when they have large caches to fill' "$(own)" 22528

done_testing
