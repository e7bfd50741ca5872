#!/bin/sh
# Of what `rowhouse restore --points` offers, the times are true: at both ends of a range, and between two
# of its states, a restore gives what a client knows to have been there then, at every level. The
# client's own notes say what that is, and the names of the objects which states there are.
. "$(dirname "$0")/../lib.sh"

house_new 'plan.free.rate = 1000/s' 'replica.interval = 100ms' 'replica.compact = 1s' \
    'replica.fine = 4s' 'replica.retain = 1h' 'replica.sweep = 1s' 'replica.claim = 1s'
tenant_new acme
house_start
sign_in acme
project_new acme WEB

# One commit at a time, further apart than the interval: each is a state of its own.
PACE=0.25 background writer.log "$ROOT/tests/writer" "$PORT" acme.localhost "$TOKEN" WEB a ledger
writer=$pid
E=replica/acme/00000001/ltx
merged() {	# LEVEL N
	[ "$(find "$E/$1" -name '*.ltx' 2>/dev/null | wc -l)" -ge "$2" ]
}
ok 'it is merged, and merged again' wait_for 120 merged 2 3
# and something finer behind that
n=$(wc -l <ledger)
written() { [ "$(wc -l <ledger)" -ge $((n + 12)) ]; }
wait_for 30 written
stop "$writer"
ok 'it is replicated' wait_for 30 caught_up acme

# What the store has is looked at while nobody changes it.
still() {
	rm -rf still
	cp -r "$REPLICA" still
	chmod -R u+w still
}
# What was merged twice is all that is left of its time, as when the rest has grown old.
coarser() {
	find "still/acme/00000001/ltx/2" -name '*.ltx' >large
	while read -r file; do
		name=$(basename "$file" .ltx)
		find still/acme/00000001/ltx/0 still/acme/00000001/ltx/1 -name '*.ltx' | while read -r small; do
			inner=$(basename "$small" .ltx)
			[ $((0x${inner%-*})) -lt $((0x${name%-*})) ] ||
			    [ $((0x${inner#*-})) -gt $((0x${name#*-})) ] || rm "$small"
		done
	done <large
}
look() {
	"$ROWHOUSE" restore acme --points --json --from "$SCRATCH/still" >points 2>said || bail "no points: $(cat said)"
	find still/acme/00000001/ltx -name '*.ltx' | sed 's|.*/\(.*\)/.*-\(.*\)\.ltx|\1 \2|' | while read -r level txid; do
		echo "$level $((0x$txid))"
	done | sort -u >objects
	rm -f known.sqlite
	sqlite3 -separator ' ' known.sqlite 'CREATE TABLE object (level, txid INT)' '.import objects object' '.separator "\t"' \
	    'CREATE TABLE ledger (n INTEGER PRIMARY KEY, what, sent INT, answered INT, ref)' '.import ledger ledger' "
	    CREATE TABLE range AS SELECT row_number() OVER () AS id, value ->> 'level' AS level, value ->> 'from' AS at,
		value ->> 'to' AS until, value ->> 'from_txid' AS first, value ->> 'to_txid' AS last, value ->> 'states' AS states
		FROM json_each(CAST(readfile('points') AS TEXT), '\$.ranges');
	    CREATE TABLE state AS SELECT r.id, o.txid, o.txid - $before AS n FROM range r
		JOIN (SELECT DISTINCT txid FROM object) o ON o.txid BETWEEN r.first AND r.last ORDER BY 1, 2"
}
known() { sqlite3 -separator ' ' known.sqlite "$1"; }

# With the newest state: so many commits were not the client's.
still
n=$(wc -l <ledger)
before=$(($("$ROWHOUSE" restore acme --latest --from "$SCRATCH/still" --dry-run --json |
    sed 's/.*"txid":\([0-9]*\),.*/\1/') - n))
is 'each of its commits was answered' "$(cut -f2 ledger | sort -u)" acked

wrong=
gives() {	# WHAT AT ROWS	where it was so many, those were the first
	rm -f then.sqlite*
	"$ROWHOUSE" restore acme --at "$2" --from "$SCRATCH/still" --to then.sqlite >/dev/null 2>said ||
		wrong="$wrong [$1 at $2: $(head -n 1 said)]"
	got=$(sqlite3 then.sqlite 'SELECT count(*) FROM issues')
	[ "$got" = "$3" ] || wrong="$wrong [$1 at $2: $got issues, not $3]"
	tried=$((tried + 1))
}
true_times() {	# NAME LEVEL
	wrong=
	tried=0
	# no end is a time at which that state was not yet, or was long since
	known "SELECT 'from', at, max(first - $before, 0) FROM range WHERE level = $2
	    UNION SELECT 'to', until, max(last - $before, 0) FROM range WHERE level = $2" >listed
	while read -r what at n; do
		gives "$what" "$at" "$n"
	done <listed
	wrong="$wrong$(known "SELECT ' [' || at || ' is no time of commit ' || n || ']' FROM
	    (SELECT at, first - $before AS n FROM range WHERE level = $2
		UNION SELECT until, last - $before FROM range WHERE level = $2) JOIN ledger USING (n)
	    WHERE CAST(round((julianday(at) - 2440587.5) * 86400000) AS INT) NOT BETWEEN sent - 20 AND answered + 20")"
	# between two of its states: the first two, the last, and some in the middle
	known "WITH pair AS (SELECT state.id, n, lead(n) OVER w AS next, row_number() OVER w AS i, count(*) OVER (PARTITION BY state.id) AS of
		FROM state JOIN range USING (id) WHERE level = $2 WINDOW w AS (PARTITION BY state.id ORDER BY n))
	    SELECT printf('%.3f', (a.answered + b.sent) / 2000.0), pair.n FROM pair JOIN ledger a ON a.n = pair.n JOIN ledger b ON b.n = next
	    WHERE i IN (1, of / 2, of - 1)" >listed
	between=$(wc -l <listed)
	while read -r at n; do
		gives between "$at" "$n"
	done <listed
	is "$1: each time gives what was then ($tried)" "$wrong" ''
	# a slow client's window may have one commit, which is merged with nothing and ends a range
	long=$(known "SELECT count(*) FROM range WHERE level = $2 AND states > 1")
	ok '  also between two states' test "$between" -ge "$((long > 0))"
	[ "$long" -gt 0 ] || diag "no range of level $2 has two states"
	is '  and there are so many as it says' "$(known "SELECT at FROM range WHERE level = $2 AND states !=
	    (SELECT count(*) FROM state WHERE state.id = range.id)")" ''
}
look
true_times 'every state' 0
true_times 'merged' 1
coarser
look
true_times 'merged twice' 2
true_times '  and what is finer behind it' 0
done_testing
