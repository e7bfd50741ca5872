#!/bin/sh
# However many sign in at once, from as many addresses, to as many accounts and
# tenants: one worker is left to everybody else, and who is too much is told so at once.
. "$(dirname "$0")/lib.sh"

uri=/api/collections/users/auth-with-password
pool_new 'workers = 4' 'password.memory = 4MiB'
for n in 1 2 3 4 5 6 7 8 9; do
	tenant_new "t$n"
done
pool_start

sign_in_start() {	# TENANT ANSWER
	background "$2" "$FCGI" -t "$1" -p "REMOTE_ADDR=2001:db8:ffff:$1::1" \
	    -d '{"identity":"nobody@example.com","password":"not the right one"}' "$SOCKET" POST $uri
}

# A team that comes at nine: more at once than there are workers.
bench_start bench.log POST $uri -n 9 -c 9 '-#' -t 't#' -p 'REMOTE_ADDR=2001:db8:#::1' \
    -d '{"identity":"owner@t#.example","password":"a long enough password"}'
bench_end bench.log
is 'nine sign in at once' "$status_200" 9

# A crowd has ten turns and three workers, thirteen hashes: it does not come back to
# the three time and again while the last one waits.
pool_stop
pool_start
bench_start bench.log POST $uri -n 60 -c 60 '-#' -t 't#' -p 'REMOTE_ADDR=2001:db8:aaaa:##::1' \
    -d '{"identity":"somebody##@example.com","password":"not the right one"}'
bench_end bench.log
ok 'of sixty at once few are hashed' test "${status_400:-0}" -le 20

# For long enough that the last worker has had its share.
bench_start bench.log POST $uri -n 400 -c 16 '-#' -t 't#' -p 'REMOTE_ADDR=2001:db8:####::1' \
    -d '{"identity":"nobody####@example.com","password":"not the right one"}'
bench_end bench.log
is 'of many, each is answered' "$((${status_400:-0} + status_429))" 400
ok '  some are hashed' test "${status_400:-0}" -gt 0
ok '  and the others turned away' test "$status_429" -gt 0

# Nobody's turn comes any more.
background lock.log perl -e 'use Fcntl ":flock"; $| = 1; for (@ARGV) {
	open my $f, ">>", $_ or die; flock $f, LOCK_EX or die; push @held, $f }
	print "locked\n"; sleep 60' "$DATA/hash.0" "$DATA/hash.1"
lock=$pid
wait_for 10 grep -q locked lock.log || bail 'the slots are not taken'
sockets() {	# of all workers
	for p in $(workers); do
		ls -l "/proc/$p/fd"
	done | grep -c socket:
}
idle=$(sockets)
for n in 1 2 3; do
	sign_in_start "t$n" "waits.$n"
done
three() { [ "$(sockets)" -eq $((idle + 3)) ]; }
wait_for 5 three || bail 'three do not wait'
answers 'the fourth is told so' 429 'Too many passwords are being checked' \
    -t t4 -p REMOTE_ADDR=2001:db8:eeee::1 \
    -d '{"identity":"owner@t4.example","password":"a long enough password"}' POST $uri
is '  and when to come again' "$(header Retry-After)" 1
answers 'who reads is answered' 200 items -t t5 GET /api/notes
is '  before those who wait' "$(cat waits.*)" ''
said() { [ "$(grep -l '^Status: 429' waits.* | wc -l)" -eq 3 ]; }
ok 'they wait a second, no more' wait_for 10 said
stop "$lock"
answers 'and then it goes on' 200 token -t t4 -p REMOTE_ADDR=2001:db8:eeee::1 \
    -d '{"identity":"owner@t4.example","password":"a long enough password"}' POST $uri
pool_stop
done_testing
