#!/bin/sh
# rowhouse verify over S3: what is right is proven, by hand and in the
# background; what is wrong does not pass; and a store that does not answer is no
# verdict.  The requests that status counts are those that the server saw.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
house_new "replica.url = $(s3_url house)" 'replica.interval = 200ms'
tenant_new acme
tenant_new globex
house_start
sign_in acme
project_new acme DEV
writer_start acme DEV a
ok 'a tenant is written' wait_for 20 acked_at_least acme 20

said=$("$ROWHOUSE" verify acme 2>&1)
is 'while it is written it is proven' $? 0
diag "$said"
writers_stop
said=$("$ROWHOUSE" verify --all 2>&1)
is 'all are proven' $? 0
diag "$said"

put_count() {
	sqlite3 :memory: "SELECT '$("$ROWHOUSE" status --json)' ->> '\$.total.puts'"
}
counts_agree() {
	[ "$(put_count)" -eq "$(s3_requests '^PUT ')" ]
}
ok 'status counts the PUTs that the server saw' wait_for 10 counts_agree

key=$(s3 list | awk '/globex\/00000001\/0009\// { print $2 }')
s3 get "$key" >base.ltx || bail 'cannot get the base'
"$O/tools/spoil" base.ltx 2 || bail 'cannot spoil the base'
s3 put "$key" <base.ltx || bail 'cannot put it back'
said=$("$ROWHOUSE" verify globex 2>&1)
is 'a wrong page does not pass' $? 1
like '  it is named' "$said" 'FAILED PROOF: TXID 1 of epoch 00000001: page 2 differs'

s3_kill
said=$("$ROWHOUSE" verify acme --json 2>&1)
like 'a store that does not answer is no verdict' "$said" '"result":"unknown"'
s3_again

serve_stop
config_write "replica.url = $(s3_url house)" 'replica.interval = 200ms' \
	'replica.verify_every = 1s'
serve_start
proven() {
	"$ROWHOUSE" status acme --json | grep -q '"proven":"2[^"]*",.*"proof_failed":0'
}
rm -f "$DATA"/tenants/*/*/spool/proven
ok 'in the background, with the keys that the replicator has' wait_for 30 proven
KEY=$(cat "$DATA/operator.token")
ok '  and by a job, which is in a sandbox of its own' job_ends /tenants/acme/verify '{}'
is '    with these keys as well' "$(json '$.state') $(json '$.result.result') $(json '$.error')" 'done proven '

done_testing
