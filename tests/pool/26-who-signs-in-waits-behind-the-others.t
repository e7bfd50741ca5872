#!/bin/sh
# A tenant that nobody has open is opened for who signs in by a thread that is nicer
# than the worker, as his password is hashed by one.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 1' 'password.memory = 4MiB'
pool_start
worker=$(workers)

nices() {	# of the worker's threads
	sed 's/.*) //' "/proc/$worker/task/"*/stat 2>/dev/null | cut -d ' ' -f 17
}
base=$(nices)
nicer() { nices | grep -qx $((base + 10)); }

background lock.log sqlite3 "$(db_of acme)" 'PRAGMA locking_mode = EXCLUSIVE' 'BEGIN IMMEDIATE' \
    '.shell touch locked; while [ -e locked ]; do sleep 0.1; done'
locked() { [ -e locked ]; }
wait_for 10 locked || bail 'the file is not locked'

background answer "$FCGI" -t acme -d '{"identity":"owner@acme.example","password":"a long enough password"}' \
    "$SOCKET" POST /api/collections/users/auth-with-password
ok 'a nicer thread waits for the file' wait_for 4 nicer
rm locked
signed_in() { grep -q '"token"' answer; }
ok 'and he is in when he has it' wait_for 10 signed_in
is 'the worker is as quick as before' "$(nices)" "$base"
answers 'and answers' 200 items -t acme GET /api/notes
pool_stop
done_testing
