#!/bin/sh
# What we write to S3, Litestream's own reader reads there: the newest state byte for
# byte, and the states of moments, from raw and from compacted objects.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/judge/judge.sh"
. "$ROOT/tests/s3/s3.sh"

judge_find || skip_all "litestream-vfs did not sit: $WHY"
s3_start
# what this names is all that the stock reader's client would trust
unset AWS_CA_BUNDLE
diag "judge: litestream-vfs $LITESTREAM_VFS, S3: $s3_kind"

house_new "replica.url = $(s3_url house)" 'replica.interval = 500ms' \
	'replica.compact = 2s'
tenant_new acme
background replicator.log "$ROWHOUSE" replicator
REPLICATOR=$pid
commits() { "$O/tools/commits" "$CONF" acme 1 60 100 >commits.out 2>commits.err; }
ok 'there are commits' commits
compacted() {
	[ "$(s3 list house/acme/00000001/0001/ | wc -l)" -ge 1 ]
}
ok '  they are compacted' wait_for 60 compacted
ok '  and all arrive' wait_for 60 caught_up acme
stop "$REPLICATOR"
diag "$(s3 list house/acme/ | sed 's|.*/\(....\)/[^/]*$|level \1|' | sort | uniq -c | tr '\n' ';')"

url="s3://$S3_BUCKET/house/acme/00000001?endpoint=$S3_ENDPOINT&region=$AWS_REGION&forcePathStyle=true"
ok 'the newest state is read' judge_hydrate "$url" "$SCRATCH/hydrated"
opened=$(sed -n 's/.*opening ltx file for hydration.* level=\(.*\) min=\(.*\) max=\(.*\)/\1 \2 \3/p' judge.log)
like '  from a snapshot' "$opened" '^9 '
like '  and compacted objects' "$opened" '^[12] '
rm -f ours
ok '  rowhouse restore makes one' "$ROWHOUSE" restore acme --to ours
ok '  both are the same, byte for byte' cmp hydrated ours

# strictly before: a millisecond after the moment that rowhouse is asked for
moment() {	# MS	as both read it
	date -u -d "@$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ
}
rows='SELECT * FROM ledger ORDER BY 1'
states=
for n in 30 38 46 54; do
	ms=$(sed -n "${n}s/.* //p" commits.out)
	rm -f at.sqlite
	ok "commit $n: we restore its moment" \
		"$ROWHOUSE" restore acme --at "$(moment "$ms")" --to at.sqlite
	is '  the judge reads the same' \
		"$(judge_ask "$url" "SELECT litestream_set_time('$(moment $((ms + 1)))')" "$rows" | sed 1d | cksum)" \
		"$(sqlite3 at.sqlite "$rows" | cksum)"
	states="$states$(sqlite3 at.sqlite 'SELECT count(*) FROM ledger') "
done
diag "rows: $states"
is 'the moments are not all the same' \
	"$(echo "$states" | tr ' ' '\n' | grep . | sort -un | wc -l)" 4

# It can say no.  Of the last object every page counts.
last=$(echo "$opened" | sort -k 3 | tail -n 1 |
	sed 's|\(.\) \(.*\) \(.*\)|house/acme/00000001/000\1/\2-\3.ltx|')
s3 get "$last" >object
at=$(($(wc -c <object) / 2))
byte=$(od -An -tu1 -j $at -N 1 object)
cp object damaged
# shellcheck disable=SC2059
printf "\\$(printf %o $((byte ^ 255)))" | dd of=damaged bs=1 seek=$at conv=notrunc status=none
s3 put "$last" <damaged
judge_hydrate "$url" "$SCRATCH/hydrated" && cmp -s hydrated ours
is 'one damaged byte, and it does not come back' $? 1
s3 put "$last" <object
ok '  and with the byte as it was it does' judge_hydrate "$url" "$SCRATCH/hydrated"

done_testing
