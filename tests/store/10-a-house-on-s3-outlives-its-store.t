#!/bin/sh
# Three tenants replicate to S3 through everything that the proxy breaks; the
# server is killed and comes back.  When all is well again everything has
# arrived, a restore is the source page by page, what others keep in the bucket
# is as it was, and tenants that nobody uses ask for nothing.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

SEED=${SEED:-$(date +%N | sed 's/^0*//')}
diag "SEED=$SEED"
s3_start
proxy_start
echo theirs | s3 put other/object
echo theirs | s3 put house-of-others/acme/00000001/owner
house_new "replica.url = $(s3_url house "$PROXY")&stall=1" \
	'replica.interval = 100ms' 'replica.sweep = 1s' 'replica.idle = 500ms'
for slug in acme globex idle; do
	tenant_new $slug
done
house_start
for slug in acme globex; do
	sign_in $slug
	project_new $slug ACK
	writer_start $slug ACK a
done
wait_for 30 acked_at_least acme 10 || bail 'nothing is written'

faults 'error rate=0.1' 'slowdown rate=0.1' 'reset-during rate=0.1' \
	'lost rate=0.2' 'twice rate=0.1' 'ok-error rate=0.1' 'etag rate=0.1' \
	'truncate rate=0.1' 'stall nth=40'
more() {	# COUNT
	wait_for 60 acked_at_least acme $(($(acked acme) + $1)) &&
		wait_for 60 acked_at_least globex $(($(acked globex) + $1))
}
ok 'faults stop nobody' more 40
broken() {	# COUNT	requests were
	[ "$(cut -d' ' -f4 "$PROXY_LOG" | grep -vc '^-$')" -ge "$1" ]
}
ok '  and come to pass' wait_for 60 broken 6
s3_kill
ok 'nor does a store that is gone' more 40
s3_again
ok '  and is there again' more 10
faults
writers_stop

for slug in acme globex; do
	ok "$slug arrives whole" wait_for 120 caught_up $slug
	ledger_ok "the replica of $slug" $slug caught-up.sqlite
done

said=$("$ROWHOUSE" verify --all 2>&1)
is 'a restore is the source, page by page' $? 0
diag "$said"
is "others' objects are as they were" \
	"$(s3 get other/object; s3 get house-of-others/acme/00000001/owner)" 'theirs
theirs'
is '  and were not asked for' "$(s3_requests '/test/(other|house-of)' )" 4

settled() {
	settled_was=$(s3_requests)
	sleep 2		# two sweeps
	[ "$(s3_requests)" -eq "$settled_was" ]
}
wait_for 60 settled || diag 'the store is asked all the time'
before=$(wc -l <"$S3_LOG")
"$O/tools/commits" "$CONF" acme 1 20 50 >commits.log 2>&1
arrived() {
	tail -n "+$((before + 1))" "$S3_LOG" | grep -q '^PUT 200 .*/acme/.*/0000/'
}
ok 'one tenant is written' wait_for 30 arrived
is 'of the others nothing is asked' \
	"$(tail -n "+$((before + 1))" "$S3_LOG" | grep -E '/(globex|idle)/')" ''
done_testing
