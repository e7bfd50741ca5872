#!/bin/sh
# Fifty tenants, three workers that hold two files open each; workers are killed, the
# pool is renewed, tenants are suspended and come back.  Of REQUESTS mixed requests
# (20000; make isolation: a million) at the pool's socket, and of a tenth of that through
# Caddy, no answer holds what is another's, and no file does.
. "$(dirname "$0")/../lib.sh"

REQUESTS=${REQUESTS:-20000}
SEED=${SEED:-$$}
pause=0.5
[ "$REQUESTS" -le 100000 ] || pause=2
diag "SEED=$SEED"

house_new 'workers = 3' 'worker.tenants = 2' 'worker.requests = 100000' 'signup = open' \
    'request.body_max = 64KiB' 'log.level = warn'
tenants=
for n in $(seq 50); do
	slug=canary$(printf '%s %s' "$SEED" "$n" | md5sum | cut -c1-12)
	tenant_new "$slug"
	tenants="$tenants $slug"
done
house_start

# What operators and bad luck do meanwhile.  The worker that has run for longest
# is killed: one that ends again and again right after its start is waited with.
trouble() {
	n=0
	while :; do
		for slug in $tenants; do
			sleep "$pause"
			p=$(workers | head -n 1)
			[ -n "$p" ] && kill -s KILL "$p" && echo killed
			"$ROWHOUSE" tenant suspend "$slug" >/dev/null && echo suspended
			sleep "$pause"
			"$ROWHOUSE" tenant resume "$slug" >/dev/null
			n=$((n + 1))
			[ $((n % 5)) -ne 1 ] || { kill -s HUP "$SERVE" && echo renewed; }
		done
	done
}

# asked NAME COUNT OPTION…	sets asked, right, refused, lost, wrong
asked() {
	name=$1 count=$2
	shift 2
	asked=0 right=0 refused=0 lost=0 wrong=1
	: >isolation.out
	# words
	# shellcheck disable=SC2086
	"$O/tools/isolation" -n "$count" -s "$SEED" "$@" "$RUN/fcgi.sock" localhost "$PASSWORD" \
	    $tenants >isolation.out 2>isolation.err &
	isolation=$!
	started="$isolation $started"
	wait_for 120 grep -q prepared isolation.out
	trouble >trouble.out 2>&1 &
	trouble=$!
	wait "$isolation"
	stop "$trouble" KILL
	for slug in $tenants; do
		"$ROWHOUSE" tenant resume "$slug" >/dev/null 2>&1
	done
	killed=$(grep -c killed trouble.out)
	diag "$(sed -n 's/^# //p' isolation.out | head -n 30)"
	diag "$(sed -n 's/^# //p' isolation.out | tail -n +31)"
	diag "$(grep '^asked' isolation.out)"
	diag "$killed workers killed, $(grep -c renewed trouble.out) renewals," \
	    "$(grep -c suspended trouble.out) tenants suspended"
	eval "$(sed -n 's/^asked=/asked=/p' isolation.out | tr ' ' '\n' | grep -v '^rate\|^seconds')"
	is "$name: nothing of another" "$wrong $(cat isolation.err)" '0 '
	is '  all that was to be asked was' "$asked" "$count"
	is '  each kind of request was answered as it should be' \
	    "$(sed -n 's/^never=//p' isolation.out)" ''
	ok '  nearly all were' test $((right * 100)) -gt $((asked * 85))
	ok '  and of those that were lost a killed worker had each' test "$lost" -le "$killed"
}

asked 'at the socket' "$REQUESTS"
asked 'through Caddy' $((REQUESTS / 10)) -h "$PORT"

foreign=
for slug in $tenants; do
	said=$(cat "$DATA/tenants/$slug"/*/db.sqlite* |
	    grep -aohE 'canary[0-9a-f]{12}' | sort -u)
	[ "$said" = "$slug" ] || foreign="$foreign
$slug: $said"
done
is 'no file has what is another'\''s' "$foreign" ''
is 'nobody crashed' "$(grep ' ended ' serve.log | grep -v 'signal 9 ')" ''
done_testing
