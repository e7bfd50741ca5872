#!/bin/sh
# tests/unit/test_store.c over S3: by Swift, by a Swift that knows no condition
# in a PUT, with the bucket in the host's name, and by Ceph's radosgw.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

# contract NAME URL
contract() {
	if STORE_URL=$2 "$O/tests/test_store" >"$SCRATCH/contract" 2>&1; then
		result 0 "$1"
	else
		result 1 "$1" || diag "$(grep -A 3 '^not ok' contract || tail contract)"
	fi
	diag "$1: $(grep -c '^ok' "$SCRATCH/contract") tests"
}

s3_start
contract 'over Swift' "$(s3_url contract)"
contract 'with the bucket as a host' \
	"$(s3_url virtual "http://s3.localhost:$S3_PORT" | sed 's/style=path/style=virtual/')"
like 'objects are put on a condition' "$(s3_requests '^PUT 412')" '^[1-9]'
stop "$S3_PID"

s3_start --no-conditional
contract 'over a store without conditions' "$(s3_url unconditional)"
stop "$S3_PID"

if why=$(s3_missing radosgw); then
	skip "over Ceph's radosgw" "$why"
else
	S3_SERVER=radosgw s3_start
	contract "over Ceph's radosgw" "$(s3_url contract)"
fi
done_testing
