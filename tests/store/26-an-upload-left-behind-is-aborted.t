#!/bin/sh
# The replicator is killed in the midst of an object of many parts.  The next one
# aborts what was left, which would be billed for ever, and leaves alone what others
# have begun.  An answer that is lost, and a request that is carried out twice, make
# no second object of it, and no conflict.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
proxy_start 'stall-request verb=PART nth=3'
house_new "replica.url = $(s3_url house "$PROXY")"
tenant_new acme
tenant_new globex
for slug in acme globex; do
	sqlite3 -cmd '.dbconfig no_ckpt_on_close on' "$(db_of $slug)" "
		CREATE TABLE noise (bytes);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 72)
		INSERT INTO noise SELECT randomblob(1000000) FROM n" >/dev/null ||
		bail 'no large database'
done

begin() {
	background replicator.log "$ROWHOUSE" replicator
	REPLICATOR=$pid
}
some_parts() {
	[ "$(grep -c '^PART 200' "$PROXY_LOG")" -ge 2 ]
}
of_acme='house/acme/00000001/0009/0000000000000001-0000000000000001.ltx'
begin
ok 'a large base is on its way in parts' wait_for 60 some_parts
stop "$REPLICATOR" KILL
like 'it is killed, and they are left' "$(s3 uploads house/)" "^$of_acme$"
theirs=$of_acme.theirs
for key in $theirs other/upload; do
	curl -sS --noproxy '*' --aws-sigv4 "aws:amz:$AWS_REGION:s3" -o /dev/null \
		--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H "x-amz-content-sha256: $(printf '' | sha256sum | cut -d' ' -f1)" \
		-X POST "$S3_ENDPOINT/test/$key?uploads="
done

faults 'lost verb=COMPLETE nth=1' 'twice verb=START,PART rate=0.5' 'lost verb=START nth=1'
begin
shipped() {
	"$ROWHOUSE" status --json 2>/dev/null | tr '{' '\n' | grep '"tenant"' >status.json
	[ "$(grep -c '"txid":\([1-9][0-9]*\),"replicated_txid":\1,' status.json)" -eq 3 ]
}
ok 'the next one sends it all' wait_for 120 shipped
ok '  and aborts what was left' grep -q '^ABORT 204' "$PROXY_LOG"
faults_done >seen
is '  through all that' "$(grep -c '^[1-9]' seen)" 3
ok '  with no conflict' "$ROWHOUSE" status
for slug in acme globex; do
	ok "the large base of $slug is proven" "$ROWHOUSE" verify $slug
done
stop "$REPLICATOR"
is 'what others have begun is left alone' "$(s3 uploads | sort | tr '\n' ' ')" \
	"$theirs other/upload "

done_testing
