#!/bin/sh
# No keys, wrong ones, a wrong region, bucket or endpoint, and keys that lack one
# permission: check, status, the log and restore name it and say what to do.  The
# pool serves meanwhile, and when it is mended everything arrives.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
proxy_start
HOME=$SCRATCH
export HOME
ours=$(s3_url house "$PROXY")
house_new "replica.url = $ours" 'replica.interval = 100ms' \
	'replica.claim = 300ms' 'replica.idle = 500ms' 'replica.sweep = 500ms' \
	'replica.fine = 2s' 'replica.compact = 1s'
tenant_new acme

# said NAME REGEXP COMMAND…	fails, and says so
said() {
	said_name=$1 regexp=$2
	shift 2
	output=$("$@" 2>&1)
	ok "$said_name" test $? -ne 0
	like '  in these words' "$(printf '%s' "$output" | tr '\n' ' ')" "$regexp"
}

# --- what a configuration can say wrongly ------------------------------------------

at=127.0.0.1:${PROXY##*:}
# Two of them take as long as the store is given to come back: they wait at once.
config_for() {	# FILE URL
	sed "s|^replica.url = .*|replica.url = $(printf '%s' "$2" | sed 's/&/\\&/g')|" \
		"$CONF" >"$1"
}
config_for refused.conf "$(s3_url house http://127.0.0.1:1)"
config_for nowhere.conf "$(s3_url house http://nowhere.invalid)"
config_for region.conf "$(printf '%s' "$ours" | sed 's/region=[^&]*/region=eu-nowhere-1/')"
config_for bucket.conf "$(printf '%s' "$ours" | sed 's,//test/,//tset/,')"
for name in refused nowhere; do
	background $name.out sh -c "'$ROWHOUSE' check -c $SCRATCH/$name.conf; echo \$?"
	eval "$name=\$pid"
done

for verb in check 'restore acme --dry-run'; do
	# words
	# shellcheck disable=SC2086
	{
	said "$verb: no keys" 'there are no credentials +AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or \[default\] in ~/.aws/credentials' \
		env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$ROWHOUSE" $verb
	said "$verb: half of them" 'the environment has the secret access key but not the access key id +both' \
		env -u AWS_ACCESS_KEY_ID "$ROWHOUSE" $verb
	said "$verb: a wrong secret" "s3://test/house: $at refuses the signature: the secret access key of [A-Z]+ is wrong +the keys come from the environment" \
		env AWS_SECRET_ACCESS_KEY=wrong "$ROWHOUSE" $verb
	said "$verb: a wrong region" 's3://test/house: bucket test is in region us-east-1, not in eu-nowhere-1 +region=us-east-1' \
		"$ROWHOUSE" $verb -c region.conf
	said "$verb: a wrong bucket" "s3://tset/house: there is no bucket tset at $at +create it, or correct replica.url: bucket, endpoint, region" \
		"$ROWHOUSE" $verb -c bucket.conf
	}
done

# --- a house without keys serves ---------------------------------------------------

key=$AWS_ACCESS_KEY_ID
secret=$AWS_SECRET_ACCESS_KEY
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
house_start
sign_in acme
project_new acme ACK
wrote=0
# write	an issue, whatever became of the replica; how many so far in $wrote
write() {
	api acme POST /api/projects/ACK/issues "{\"title\":\"n$wrote\"}"
	[ "$status" = 201 ] && wrote=$((wrote + 1))
}
write
is 'without keys the pool serves' "$status" 201
said 'status: no keys' 'no replicator is running \(nobody answers at .*\) +rowhouse serve starts it; why it ended is in the log, and rowhouse check looks' \
	"$ROWHOUSE" status
ok '  the log has why' grep -q 'replicator.*fatal .*there are no credentials' serve.log
serve_stop

# --- one permission missing --------------------------------------------------------

AWS_ACCESS_KEY_ID=$key
AWS_SECRET_ACCESS_KEY=$secret
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY

# denied VERBS WHAT REGEXP	status says so, and the pool serves
denied() {
	faults "denied verb=$1"
	: >serve.log
	serve_start
	write
	is "no permission to $2: the pool serves" "$status" 201
	says() {
		! "$ROWHOUSE" status >status.out 2>&1 &&
			tr '\n' ' ' <status.out | grep -Eq "$3"
	}
	ok '  status says which, of what, and what the key needs' wait_for 20 says "$@"
	ok '  and the log' grep -Eq "$(printf '%s' "$3" |
		sed 's/; \| +/" hint="/; s/^compaction.*retention: //')" serve.log
}
denied PUT put "s3://test/house/_probe: not allowed to put it at $at +the key needs s3:PutObject on test/house/\\*"
sleep 2
is '  once' "$(grep -c 'not allowed to put it' serve.log)" 1
said '  check' "s3://test/house/_probe: not allowed to put it at $at +the key needs s3:PutObject on test/house/\\*.*replica: 1 problem" \
	"$ROWHOUSE" check
begun=$(now_ms)
serve_stop
ok '  nobody waits for it at a stop' test $(($(now_ms) - begun)) -lt 8000

denied GET get "s3://test/house/_machine: not allowed to get it at $at +the key needs s3:GetObject on test/house/\\*"
said '  check' "s3://test/house/_machine: not allowed to get it at $at +the key needs s3:GetObject on test/house/\\*.*replica: 1 problem" \
	"$ROWHOUSE" check
serve_stop

# What it may not ask for may be there: a newer epoch, which a restore would take.
denied LIST list "s3://test/house: not allowed to list it at $at; the key needs s3:ListBucket on test"
said '  check' "s3://test/house: not allowed to list it at $at +the key needs s3:ListBucket on test" \
	"$ROWHOUSE" check
said '  restore' "s3://test/house: not allowed to list it at $at +the key needs s3:ListBucket on test" \
	"$ROWHOUSE" restore acme --to none
ok '    which made nothing' test ! -e none
serve_stop
faults
serve_start
# Something to delete: merged after a second, superfluous after two.
for n in 1 2 3 4 5; do
	write
	sleep 0.3
done
serve_stop

denied DELETE,BATCH delete "compaction and retention: s3://test/house: not allowed to delete it at $at; the key needs s3:DeleteObject on test/house/\\*"
serve_stop

# --- mended ------------------------------------------------------------------------

for name in refused nowhere; do
	eval "wait_for 60 gone \$$name" || diag "$name does not end"
	is "check: an endpoint that is $name" "$(tail -n 1 $name.out)" 1
done
like '  is named' "$(tr '\n' ' ' <refused.out)" \
	"s3://test/house: http://127.0.0.1:1: Couldn't connect to server +is the endpoint in replica.url right, and does this machine reach it\\?"
like '  and so is this' "$(tr '\n' ' ' <nowhere.out)" \
	"s3://test/house: http://nowhere.invalid: Couldn't resolve host name +is the endpoint in replica.url right"

faults
is 'nothing is wrong any more' "$("$ROWHOUSE" check | tail -n 1)" 'replica: ok'
serve_start
ok 'what was written all that time arrives' wait_for 60 caught_up acme
is '  all of it' "$(sqlite3 caught-up.sqlite 'SELECT count(*) FROM issues')" $wrote
unlike '  nobody was refused' "$(cat "$SCRATCH/caddy.log")" 'panic'

done_testing
