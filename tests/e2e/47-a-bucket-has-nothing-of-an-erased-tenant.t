#!/bin/sh
# rowhouse tenant erase, in S3: with a client of our own that looks at the
# bucket, and one of the store's that does not answer.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
house_new "replica.url = $(s3_url house)" 'replica.claim = 1s'
tenant_new acme
tenant_new acme-2
house_start
sign_in acme
project_new acme WEB
ok 'it is replicated' wait_for 60 caught_up acme
ok '  and its neighbour' wait_for 60 caught_up acme-2
like 'the bucket has it' "$(s3 list house/acme/)" 'house/acme/00000001/owner'
echo odd | s3 put house/acme/odd
n=$(s3 list house/acme/ | wc -l)
ok 'it is deleted' "$ROWHOUSE" tenant delete acme --yes

s3_kill
output=$(timeout 100 "$ROWHOUSE" tenant erase acme --yes 2>&1)
unlike 'without the store nothing is erased' $? '^0$'
like '  which is said' "$output" 'nothing is erased'
ok '  nor begun: it can be undeleted' "$ROWHOUSE" tenant undelete acme
ok '  and deleted again' "$ROWHOUSE" tenant delete acme --yes
s3_again

before=$(s3_requests '^POST .*delete')
output=$("$ROWHOUSE" tenant erase acme --yes --json 2>&1)
is 'with it, it is erased' $? 0 || diag "$output"
like '  with all that was there' "$output" "\"objects_removed\":([0-9]+),.*\"objects_left\":0"
like '  which is at least that' "$(printf '%s' "$output" |
	sed 's/.*"objects_removed":\([0-9]*\).*/\1/' |
	awk -v n="$n" '{ print ($1 >= n ? "yes" : "no: " $1 " of " n) }')" yes
is '  in one request' "$(($(s3_requests '^POST .*delete') - before))" 1
is '  and is gone' "$(s3 list house/acme/)" ''
like '  and its neighbour is not' "$(s3 list house/acme-2/)" 'house/acme-2/00000001/owner'
ok '  who is replicated' wait_for 60 caught_up acme-2
tenant_new acme
ok 'the slug is free' wait_for 60 caught_up acme

done_testing
