#!/bin/sh
# Where the program `litestream` is installed it restores our replica from S3: the
# newest state, and the states of moments while it was written, which are those
# that `rowhouse restore` gives.  And what it wrote to S3 itself, we restore.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

command -v litestream >/dev/null ||
	skip_all 'litestream did not sit: it is not in PATH'
diag "judge: litestream $(litestream version)"
s3_start
# what this names is all that the stock tool's client would trust
unset AWS_CA_BUNDLE
house_new "replica.url = $(s3_url house)" 'replica.interval = 500ms'
tenant_new acme
background replicator.log "$ROWHOUSE" replicator
REPLICATOR=$pid
commits() { "$O/tools/commits" "$CONF" acme 1 60 100 >commits.out 2>commits.err; }
ok 'there are commits' commits
ok '  and they arrive' wait_for 60 caught_up acme
cp caught-up.sqlite ours.sqlite
stop "$REPLICATOR"

url="s3://$S3_BUCKET/house/acme/00000001?endpoint=$S3_ENDPOINT&region=$AWS_REGION&forcePathStyle=true"
ok 'the newest state is restored' litestream restore -o newest.sqlite "$url"
is '  as it is' "$(same_rows ours.sqlite newest.sqlite)" ''

# strictly before: a millisecond after the moment that rowhouse is asked for
moment() {	# MS	as both tools read it
	date -u -d "@$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ
}
states=
# of a snapshot the stock tool knows when it came to the store: well after that
for n in 30 38 46 54; do
	ms=$(sed -n "${n}s/.* //p" "$SCRATCH/commits.out")
	rm -f at.sqlite at.stock
	ok "commit $n: we restore its moment" \
		"$ROWHOUSE" restore acme --at "$(moment "$ms")" --to at.sqlite
	ok '  and so does the stock tool' litestream restore -o at.stock \
		-timestamp "$(moment $((ms + 1)))" "$url"
	is '  the same' "$(same_rows at.sqlite at.stock)" ''
	states="$states$(sqlite3 at.sqlite 'SELECT count(*) FROM ledger') "
done
diag "rows: $states"
is 'the moments are not all the same' \
	"$(echo "$states" | tr " " "\n" | grep . | sort -un | wc -l)" 4

cat >litestream.yml <<-END
dbs:
  - path: $SCRATCH/live
    monitor-interval: 50ms
    replica:
      url: s3://$S3_BUCKET/theirs
      endpoint: $S3_ENDPOINT
      region: $AWS_REGION
      force-path-style: true
      sync-interval: 50ms
END
sqlite3 live 'PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER PRIMARY KEY, b)' >/dev/null
background litestream.log litestream replicate -config litestream.yml
arrived() {	# COUNT	objects of its own
	[ "$(s3 list theirs/ | wc -l)" -ge "$1" ]
}
for n in 1 2 3 4; do
	before=$(s3 list theirs/ | wc -l)
	sqlite3 live "PRAGMA busy_timeout = 5000;
		INSERT INTO t (b) VALUES (randomblob(50000)), ('row $n')" >/dev/null
	wait_for 60 arrived $((before + 1)) || bail "row $n is not replicated: $(tail -n 3 litestream.log)"
done
stop "$pid"
ok 'what it wrote we restore' "$ROWHOUSE" restore \
	--litestream "$(s3_url theirs)" --to theirs.sqlite
copy_of live theirs.copy
is '  as it is' "$(same_rows theirs.copy theirs.sqlite)" ''
is '  all of it' "$(sqlite3 theirs.sqlite 'SELECT count(*) FROM t')" 8
done_testing
