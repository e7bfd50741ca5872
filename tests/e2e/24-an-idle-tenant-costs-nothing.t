#!/bin/sh
# Of a tenant that nobody uses, the replicator asks the file system for the
# state of two files in a sweep, and nothing else: it opens, reads and writes
# nothing, and does not wake up between sweeps.
. "$(dirname "$0")/../lib.sh"

command -v strace >/dev/null || skip_all 'strace is not installed'

house_new 'replica.sweep = 1s' 'replica.idle = 200ms' 'worker.idle = 200ms'
tenants=20
for n in $(seq $tenants); do
	tenant_new "t$n"
done
serve_start
sealed() {
	[ -z "$(find "$DATA/tenants" -name '*-wal' -size +0)" ] &&
	[ "$(find "$REPLICA" -mindepth 1 -maxdepth 1 -name 't*' | wc -l)" -eq $tenants ]
}
ok 'all are replicated, and sealed' wait_for 60 sealed
quiet() {	# no database is open
	! find "/proc/$(replicator)/fd" -lname '*/db.sqlite*' | grep -q .
}
ok 'none is open' wait_for 30 quiet
settled() {	# what is noted of the last ones is noted
	[ "$(find "$DATA/tenants" -name catalog | wc -l)" -eq $tenants ] &&
	[ -z "$(find "$DATA" -type f -newermt '1 second ago')" ]
}
ok 'nothing is noted any more' wait_for 30 settled

strace -f -qq -o trace -p "$(replicator)" 2>strace.err &
tracer=$!
started="$tracer $started"
traced() {	# three sweeps have been seen
	[ "$(grep -c 't1/.*db\.sqlite"' trace)" -ge 4 ]
}
wait_for 30 traced || { grep -q 'not permitted' strace.err && skip_all 'strace is not permitted'; }
stop $tracer INT
sweeps=$(grep -c '/t1/.*db\.sqlite"' trace)
diag "$(sed 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/' trace | sort | uniq -c | sort -rn)"
diag "$sweeps sweeps"

is 'nothing is opened, read or written of a tenant' \
	"$(grep -E '/t[0-9]+/' trace | grep -vE '^[0-9]* *(newfstatat|stat|lstat|statx)\(' | head -n 3)" ''
looks=$(grep -cE '/t[0-9]+/' trace)
ok 'a sweep asks twice for each' test "$looks" -le $((2 * tenants * (sweeps + 1)))
is 'nothing is written at all' \
	"$(grep -E '^[0-9]* *(write|pwrite64|openat|unlink|rename|fsync|fdatasync|sendto)\(' trace |
		grep -v 'registry' | head -n 3)" ''
waits=$(grep -cE '^[0-9]* *(p?poll|epoll_p?wait|p?select6?)\(' trace)
ok 'it wakes up once a sweep' test "$waits" -le $((2 * (sweeps + 2)))

done_testing
