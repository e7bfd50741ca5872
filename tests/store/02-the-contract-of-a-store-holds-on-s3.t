#!/bin/sh
# tests/unit/test_store.c over S3: by Swift, by a Swift that knows no condition
# in a PUT, with the bucket in the host's name, and by Ceph's radosgw.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

# contract NAME URL [TEST]	but for a test that cannot pass there
contract() {
	STORE_URL=$2 "$O/tests/test_store" >contract 2>&1
	failed=$(sed -n 's/^not ok [0-9]* - //p' contract | tr '\n' ' ')
	like "$1" "$(grep -c '^ok' contract) passed" '^[1-9][0-9]+ passed'
	is '  all of it' "${failed% }" "${3:-}"
	[ "${failed% }" = "${3:-}" ] || diag "$(grep -A 3 '^not ok' contract)"
}

s3_start
contract 'over Swift' "$(s3_url contract)"
contract 'with the bucket as a host' \
	"$(s3_url virtual "http://s3.localhost:$S3_PORT" | sed 's/style=path/style=virtual/')"
like 'objects are put on a condition' "$(s3_requests '^PUT 412')" '^[1-9]'
stop "$S3_PID"

s3_start --no-conditional
# what only a condition can do
contract 'over a store without conditions' "$(s3_url unconditional)" \
	one_of_many_swaps_wins
stop "$S3_PID"

if why=$(s3_missing radosgw); then
	skip "over Ceph's radosgw" "$why"
else
	S3_SERVER=radosgw s3_start
	contract "over Ceph's radosgw" "$(s3_url contract)"
fi
done_testing
