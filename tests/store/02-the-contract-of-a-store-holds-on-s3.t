#!/bin/sh
# tests/unit/test_store*.c over S3: by Swift, and by Ceph's radosgw; and a load
# (tests/tools/storeload.c) with the bucket in the host's name, and over a Swift
# that knows no condition in a PUT.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

# contract NAME URL	all of the unit tests
contract() {
	for program in test_store test_store_erase; do
		STORE_URL=$2 "$O/tests/$program"
	done >contract 2>&1
	like "$1" "$(grep -c '^ok' contract) passed" '^[1-9][0-9]+ passed'
	is '  all of it' "$(grep -A 3 '^not ok' contract)" ''
}

# promises NAME URL	a load, and what became of it
promises() {
	ok "$1" "$O/tools/storeload" "$2" "$2" 1 100
}

s3_start
contract 'over Swift' "$(s3_url contract)"
promises 'with the bucket as a host' \
	"$(s3_url virtual "http://s3.localhost:$S3_PORT" | sed 's/style=path/style=virtual/')"
like 'objects are put on a condition' "$(s3_requests '^PUT 412')" '^[1-9]'
stop "$S3_PID"

s3_start --no-conditional
promises 'over a store without conditions' "$(s3_url unconditional)"
like '  which has none' "$(s3_requests '^PUT 501')" '^[1-9]'
stop "$S3_PID"

if why=$(s3_missing radosgw); then
	skip "over Ceph's radosgw" "$why"
else
	S3_SERVER=radosgw s3_start
	contract "over Ceph's radosgw" "$(s3_url contract)"
fi
done_testing
