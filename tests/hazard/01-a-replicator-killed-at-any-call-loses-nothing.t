#!/bin/sh
# The replicator dies at its n-th call that changes anything (write, rename,
# link, unlink, sync), for n = 1, 2, 3 …, while a tenant is written; then another
# takes over.  Whatever it left half done, the replica ends up with everything.
#
# LONG=1 sweeps every call; else every call of the first life, and then some.
. "$(dirname "$0")/../lib.sh"

command -v strace >/dev/null || skip_all 'strace is not installed'
strace -o /dev/null true 2>/dev/null || skip_all 'strace may not trace here'

house_new 'replica.interval = 50ms' 'replica.checkpoint = 40' \
	'replica.idle = 300ms' 'replica.sweep = 1s'
tenant_new acme
calls=write,pwrite64,pwritev,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fsync,fdatasync,syncfs,ftruncate,mkdir,mkdirat
seed=${SEED:-$(date +%N | sed 's/^0*//')}
diag "SEED=$seed"

next=1
commits() {	# COUNT PAUSE
	"$O/tools/commits" "$CONF" acme $next "$1" "$2" >>acks
	next=$((next + $1))
}

died() {
	! alive "$pid"
}
idle() {
	"$ROWHOUSE" status acme --json | grep -q '"state":"idle"'
}

# One life: up to its n-th call, or until it has nothing left to do.
life() {	# N
	background strace.log strace -f -qq -o /dev/null -e trace=$calls \
		-e inject=$calls:signal=KILL:when="$1" \
		"$ROWHOUSE" replicator
	commits 25 6
	wait_for 20 eval 'died || idle'
	died && return 0
	# strace ends with what it traces
	# shellcheck disable=SC2046
	kill -s TERM $(descendants "$pid")
	wait_for 20 died
	return 1
}

everything_arrives() {
	background replicator.log "$ROWHOUSE" replicator
	wait_for 20 idle || return 1
	stop "$pid"
	rm -f restored.sqlite* live.sqlite*
	"$ROWHOUSE" restore acme --to restored.sqlite >restore.log 2>&1 || return 1
	copy_of "$(db_of acme)" live.sqlite
	[ -z "$(same_rows live.sqlite restored.sqlite)" ]
}

deaths=0
for n in $(if [ -n "${LONG:-}" ]; then seq 1 400; else
    awk -v seed="$seed" 'BEGIN { srand(seed); for (i = 1; i <= 30; i++) print i
        for (n = 31 + int(rand() * 9); n < 260; n += 5 + int(rand() * 25)) print n }'; fi); do
	if life "$n"; then
		deaths=$((deaths + 1))
	elif [ "$n" -gt 250 ]; then
		break
	fi
	case $n in *[05]) everything_arrives || {
		result 1 "after a death at call $n everything arrives"
		diag "$(cat restore.log)"
		done_testing
	} ;; esac
done
diag "$deaths deaths"
ok 'it died often enough to mean something' test $deaths -ge 25
ok 'everything arrives' everything_arrives
is 'every commit that was acknowledged is there' \
	"$(sqlite3 restored.sqlite 'SELECT count(*), max(n) FROM ledger')" \
	"$(wc -l <acks)|$(tail -n 1 acks | cut -d' ' -f1)"
is 'the restored file is sound' \
	"$(sqlite3 restored.sqlite 'PRAGMA integrity_check')" ok
# Only a death inside a checkpoint, if the WAL is restarted before the next life.
epochs=$(find "$REPLICA/acme" -mindepth 1 -maxdepth 1 | wc -l)
ok "next to no death cost an epoch ($epochs)" test "$epochs" -le 4
done_testing
