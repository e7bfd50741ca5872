#!/bin/sh
# To S3 an object that is there is listed, however the server ended.  Swift keeps it
# first and lists it then: what it was killed between, the server of the tests amends.
# Else a restore says truthfully that what was acknowledged is missing.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
[ "$s3_kind" = swift ] || skip_all 'this is amended in Swift alone'
listings=$SCRATCH/s3/data/srv/d1/containers
put() { echo "it is $1" | s3 put "$1"; }
put before
put gone
s3_kill
cp -R "$listings" listings
s3_again
put between
s3 delete gone
is 'what was put and deleted' "$(s3 list | tr '\n' ' ')" '13 before 14 between '
s3_kill
rm -r "$listings"
cp -R listings "$listings"
s3_again
is '  is listed so, too, by one that died before it had noted that' \
	"$(s3 list | tr '\n' ' ')" '13 before 14 between '
is '  and is what it was' "$(s3 get between)" 'it is between'
s3_kill
s3_again
is '  and so the next time' "$(s3 list | tr '\n' ' ')" '13 before 14 between '
done_testing
