#!/bin/sh
# Where the program `litestream` itself is installed it restores our replica:
# the newest state, and one by its time.
. "$(dirname "$0")/../lib.sh"

command -v litestream >/dev/null ||
	skip_all 'litestream did not sit: it is not in PATH'
diag "judge: litestream $(litestream version)"

n=0
while read -r sql; do
	n=$((n + 1))
	echo "state $((1795428000123 + n * 1000)) $sql"
	echo "copy $n"
	echo "put $((n == 1 ? 9 : 0)) $n $n"
done <<-END >script
CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)
INSERT INTO t (b) VALUES (randomblob(100000))
DELETE FROM t; VACUUM
INSERT INTO t (b) VALUES (randomblob(5000))
END
ok 'a replica' "$O/tools/mkreplica" "file://$SCRATCH/r" acme 1 live 4096 <script
ok 'the newest state is restored' \
	litestream restore -o newest "file://$SCRATCH/r/acme/00000001"
ok '  byte for byte' cmp newest 4
# strictly before: a millisecond after state 2
ok 'a state is restored by its time' litestream restore -o second \
	-timestamp 2026-11-23T10:00:02.124Z "file://$SCRATCH/r/acme/00000001"
ok '  byte for byte' cmp second 2

# what retention leaves: raw files gone below a merged one, and a snapshot
seq 1 8 | while read -r i; do
	echo "state $((1795428000123 + i * 1000)) CREATE TABLE IF NOT EXISTS t (a, b); INSERT INTO t VALUES ($i, randomblob($((i * 3000)))); DELETE FROM t WHERE a = $i - 3"
	echo "copy merged.$i"
	case $i in
	1) echo 'put 9 1 1' ;;
	4) echo 'put 1 2 4' ;;
	6) echo 'put 9 1 6'; echo 'put 1 5 6' ;;
	7|8) echo "put 0 $i $i" ;;
	esac
done >script.merged
ok 'a merged replica' "$O/tools/mkreplica" "file://$SCRATCH/m" acme 1 live.m 4096 <script.merged
ok 'its newest state is restored' \
	litestream restore -o m.newest "file://$SCRATCH/m/acme/00000001"
ok '  byte for byte' cmp m.newest merged.8
ok 'and the end of a merged file, by its time' litestream restore -o m.time \
	-timestamp 2026-11-23T10:00:04.124Z "file://$SCRATCH/m/acme/00000001"
ok '  byte for byte' cmp m.time merged.4

done_testing
