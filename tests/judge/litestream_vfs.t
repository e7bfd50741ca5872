#!/bin/sh
# What we write, Litestream reads: every state of a database, byte for byte, at
# several page sizes, growing and shrinking, from raw and from compacted
# objects, and by time; then the replica of a house that was really written to.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/judge/judge.sh"

judge_find || skip_all "litestream-vfs did not sit: $WHY"
diag "judge: litestream-vfs $LITESTREAM_VFS"

# --- every state ------------------------------------------------------------------

STATES=10
BASE_MS=1795428000123		# and a second more for each
many="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
life() {
	cat <<-END
	CREATE TABLE t (a INTEGER PRIMARY KEY, b, c BLOB); CREATE INDEX i ON t (b)
	INSERT INTO t (b, c) VALUES ('one', randomblob(30000))
	$many INSERT INTO t (b, c) SELECT 'row ' || i, randomblob(i) FROM n
	UPDATE t SET c = zeroblob(700) WHERE a % 7 = 0
	DELETE FROM t WHERE a > 30
	VACUUM
	$many INSERT INTO t (b) SELECT 'again ' || i FROM n
	DROP INDEX i; CREATE TABLE u (x); INSERT INTO u VALUES (randomblob(100000))
	DROP TABLE u; VACUUM
	INSERT INTO t (b) VALUES ('the last')
	END
}
rows='SELECT a, b, quote(c) FROM t ORDER BY a'

# replica_of PAGE_SIZE	makes $size/r and the states as $size/1 … $size/10
replica_of() {
	size=$1
	mkdir "$size"
	n=0
	life | while read -r sql; do
		n=$((n + 1))
		echo "state $((BASE_MS + n * 1000)) $sql"
		echo "copy $size/$n"
		echo "put $((n == 1 ? 9 : 0)) $n $n"
	done >script
	"$O/tools/mkreplica" "file://$SCRATCH/$size/r" acme 1 "$size/live" "$size" <script
}

# name MIN MAX
name() {
	printf '%016x-%016x.ltx' "$1" "$2"
}

# prefix_of SIZE N	a replica that ends with state N
prefix_of() {
	rm -rf prefix
	mkdir -p prefix/ltx/9 prefix/ltx/0
	ln "$1/r/acme/00000001/ltx/9/$(name 1 1)" prefix/ltx/9/
	for k in $(seq 2 "$2"); do
		ln "$1/r/acme/00000001/ltx/0/$(name "$k" "$k")" prefix/ltx/0/
	done
}

for size in 512 4096 65536; do
	ok "a replica of a database with pages of $size" replica_of $size
	# grown, shrunk and last; of the usual size all
	states='3 6 10'
	[ $size -ne 4096 ] || states=$(seq $STATES)
	bad=
	for n in $states; do
		prefix_of $size "$n"
		judge_hydrate "$SCRATCH/prefix" "$SCRATCH/hydrated" &&
			cmp -s hydrated "$size/$n" || bad="$bad $n"
	done
	is '  its states come back, byte for byte' "$bad" ''
	bad=
	for n in $(seq $STATES); do
		rm -f ours
		"$ROWHOUSE" restore acme --from "$size/r" --txid "$n" --to ours >ours.log 2>&1 &&
			cmp -s ours "$size/$n" || bad="$bad $n"
	done
	is '  and with rowhouse restore' "$bad" ''
done

# --- compacted objects ----------------------------------------------------------------

mkdir compacted
n=0
life | while read -r sql; do
	n=$((n + 1))
	echo "state $((BASE_MS + n * 1000)) $sql"
	case $n in
	1) echo 'put 9 1 1' ;;
	4) echo 'put 1 2 4' ;;
	7) echo 'put 1 5 7'; echo 'put 2 2 7' ;;
	8) echo 'put 0 8 8' ;;
	10) echo 'put 1 8 10'; echo 'copy compacted/last' ;;
	esac
done >script
ok 'a replica of compacted objects' "$O/tools/mkreplica" \
	"file://$SCRATCH/compacted/r" acme 1 compacted/live 4096 <script
ok '  is read' judge_hydrate "$SCRATCH/compacted/r/acme/00000001" "$SCRATCH/hydrated"
ok '  byte for byte' cmp hydrated compacted/last

# Raw objects that the store had before a death, beside the one that they and what
# came after them were merged into in an outage (test_thin.c).
mkdir beside
n=0
life | while read -r sql; do
	n=$((n + 1))
	echo "state $((BASE_MS + n * 1000)) $sql"
	echo "copy beside/$n"
	case $n in
	1) echo 'put 9 1 1' ;;
	2|3|4|9|10) echo "put 0 $n $n" ;;
	8) echo 'put 1 3 8' ;;
	esac
done >script
ok 'raw objects beside the one that has them' "$O/tools/mkreplica" \
	"file://$SCRATCH/beside/r" acme 1 beside/live 4096 <script
ok '  are read' judge_hydrate "$SCRATCH/beside/r/acme/00000001" "$SCRATCH/hydrated"
ok '  byte for byte' cmp hydrated beside/10
bad=
for n in 1 2 3 4 8 9 10; do
	rm -f ours
	"$ROWHOUSE" restore acme --from beside/r --txid "$n" --to ours >ours.log 2>&1 &&
		cmp -s ours "beside/$n" || bad="$bad $n"
done
is '  and every state with rowhouse restore' "$bad" ''
bad=
for n in 2 3 4 8 9 10; do
	at=$(date -u -d "@$(((BASE_MS + n * 1000 + 1) / 1000))" +%Y-%m-%dT%H:%M:%S).$(((BASE_MS + 1) % 1000))Z
	theirs=$(judge_ask "$SCRATCH/beside/r/acme/00000001" \
		"SELECT litestream_set_time('$at')" "$rows" | sed 1d | cksum)
	mine=$(sqlite3 -readonly "file:beside/$n?immutable=1" "$rows" | cksum)
	[ "$theirs" = "$mine" ] || bad="$bad $n"
done
is '  and the judge finds each by its time' "$bad" ''

# --- times ------------------------------------------------------------------------------

# The judge takes what is strictly before the time, hence the millisecond.
bad=
for n in $(seq $STATES); do
	ms=$((BASE_MS + n * 1000 + 1))
	at=$(date -u -d "@$((ms / 1000))" +%Y-%m-%dT%H:%M:%S).$((ms % 1000))Z
	theirs=$(judge_ask "$SCRATCH/4096/r/acme/00000001" \
		"SELECT litestream_set_time('$at')" "$rows" | sed 1d | cksum)
	mine=$(sqlite3 -readonly "file:4096/$n?immutable=1" "$rows" | cksum)
	[ "$theirs" = "$mine" ] || bad="$bad $n"
done
is 'each state is found by its time' "$bad" ''

# --- the judge can say no ------------------------------------------------------------------

prefix_of 4096 3
damaged=prefix/ltx/0/$(name 3 3)
cp "$damaged" whole && rm "$damaged" && cp whole "$damaged"
at=$(($(wc -c <"$damaged") / 2))
byte=$(od -An -tu1 -j $at -N 1 "$damaged")
# shellcheck disable=SC2059
printf "\\$(printf %o $((byte ^ 255)))" |
	dd of="$damaged" bs=1 seek=$at conv=notrunc status=none
judge_hydrate "$SCRATCH/prefix" "$SCRATCH/hydrated" &&
	cmp -s hydrated 4096/3
is 'one damaged byte, and it does not come back' $? 1
rm prefix/ltx/0/*
judge_hydrate "$SCRATCH/prefix" "$SCRATCH/hydrated" && cmp -s hydrated 4096/3
is 'nor without its objects' $? 1

# --- what the judge writes, we read ------------------------------------------------------------

# It writes no WAL databases, and that is all that we have against it: every
# check of the file comes before that one.
mkdir -p theirs/acme/00000001
printf '%s\n' ".load $VFS" '.open file:x.db?vfs=litestream' \
	"CREATE TABLE t AS SELECT randomblob(20000) AS b;" |
	LITESTREAM_REPLICA_URL=file://$SCRATCH/theirs/acme/00000001 \
	LITESTREAM_WRITE_ENABLED=true LITESTREAM_SYNC_INTERVAL=10ms \
	LITESTREAM_LOG_FILE=$SCRATCH/judge.log sqlite3 :memory: >write.log 2>&1
ok 'the judge has written' test -s "theirs/acme/00000001/ltx/0/$(name 1 1)"
output=$("$ROWHOUSE" restore acme --from theirs --to never 2>&1)
is '  and its file is read to the end' "$output" \
	'rowhouse restore: acme: what was restored is not in WAL mode'

# --- a house -----------------------------------------------------------------------------------

house_new 'replica.checkpoint = 100'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
writer_start acme ACK b
wait_for 30 acked_at_least acme 1500 || bail 'nothing is written'
writers_stop
ok 'the replica of a house catches up' wait_for 20 caught_up acme
serve_stop

epoch=$REPLICA/acme/00000001
diag "$(find "$epoch" -name '*.ltx' | wc -l) objects"
ok '  the judge reads it' judge_hydrate "$epoch" "$SCRATCH/hydrated"
rm -f ours
ok '  so does rowhouse restore' "$ROWHOUSE" restore acme --to ours
ok '  both make the same file, byte for byte' cmp hydrated ours
ledger_ok '  what the judge read' acme hydrated

done_testing
