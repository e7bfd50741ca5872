#!/bin/sh
# Each fault of the proxy, alone and with another, while a store is put to use
# (tests/tools/storeload.c): what was acknowledged is there with its bytes, and
# nobody is told otherwise.
#
# FAULTS=all tries every pair, by a seed of its own, else a few that SEED chooses.  SEED=N, COUNT=N
# operations for each.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

# The short form is the same every time.
[ "${FAULTS:-}" != all ] || SEED=${SEED:-$(date +%N | sed 's/^0*//')}
SEED=${SEED:-9}
COUNT=${COUNT:-60}
diag "SEED=$SEED"
s3_start
proxy_start

cat >singles <<'END'
error rate=0.3
slowdown rate=0.3
slowdown retry-after=1 nth=7,40,80
denied rate=0.2
skewed by=0 rate=0.2
skewed by=3600 nth=15,50
date by=3600 rate=0.3
reset-before rate=0.3
reset-during rate=0.3
reset-after rate=0.3
stall-request nth=5
ok-error rate=0.3
twice rate=0.5
lost rate=0.3
late-error rate=0.3
stale last=10 rate=0.5
short rate=0.3
corrupt rate=0.3
etag rate=0.3
truncate rate=0.3
stall nth=20,60
slow pace=0.0005 nth=10,50
END

n=0
# sweep LINE…		under these rules, in a place of its own
sweep() {
	n=$((n + 1))
	name=$(printf '%s, ' "${@:-no fault}" | sed 's/, $//')
	allowed=
	case $name in *stale*) allowed=stale ;; esac
	case $name in *short*|*corrupt*) allowed="$allowed damaged" ;; esac
	faults "$@"
	# words
	# shellcheck disable=SC2086
	if timeout $((100 * PATIENCE)) "$O/tools/storeload" \
	    "$(s3_url "$n" "$PROXY")$quick" "$(s3_url "$n")" \
	    "$SEED" "$COUNT" $allowed >"$SCRATCH/load" 2>&1; then
		result 0 "$name"
	else
		result 1 "$name" || diag "SEED=$SEED COUNT=$COUNT $(grep wrong: load || tail load)"
	fi
	diag "$(grep -v '^wrong\|^20..-' "$SCRATCH/load")"
	faults_done >>"$SCRATCH/seen"
}

# what does not answer is given up soon
quick='&stall=1'

sweep
while read -r line; do
	sweep "$line"
done <singles

sed "=" singles | sed 'N; s/\n/ /' >numbered
while read -r a one; do
	while read -r b other; do
		[ "$a" -ge "$b" ] || printf '%s\t%s\n' "$one" "$other"
	done <numbered
done <numbered >pairs
if [ "${FAULTS:-}" != all ]; then
	awk -v seed="$SEED" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' pairs |
		sort | head -n "${PAIRS:-4}" | cut -f2- >chosen
	mv chosen pairs
fi
while IFS='	' read -r one other; do
	sweep "$one" "$other"
done <pairs

# A fault that never came to pass has not been tried.
is 'each fault came to pass' "$(while read -r fault rest; do
	awk -v f="$fault" '$2 == f { n += $1 } END { if (!n) print f }' seen
done <singles)" ''
done_testing
