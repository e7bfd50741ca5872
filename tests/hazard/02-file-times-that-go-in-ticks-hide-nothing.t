#!/bin/sh
# Kernels before 6.13, and some file systems still, give files times that go
# in ticks of some milliseconds: two changes within one look like one.  The
# tests of streams hold on such a file system, several times over, since each
# run meets the ticks elsewhere.
. "$(dirname "$0")/../lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'mounting a ramfs needs root'
unshare -m true 2>/dev/null || skip_all 'no mount namespace can be had here'

# in a mount namespace of its own, where the tests' /dev/shm is a ramfs
on_ramfs() {
	unshare -m sh -c 'mount -t ramfs rowhouse-test /dev/shm && exec "$@"' sh "$@"
}
on_ramfs true || skip_all 'no ramfs can be mounted here'

for test in test_stream test_stream_quiet test_stream_hazards; do
	for run in 1 2 3 4; do
		ok "$test, run $run" on_ramfs "$O/tests/$test"
	done
done

done_testing
