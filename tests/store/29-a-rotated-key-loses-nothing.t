#!/bin/sh
# The store refuses our key from one moment to the next, while clients write and in the
# midst of an object of many parts; then the new one is put where the old one was, and
# nothing is restarted.  Writes are answered all the time, status, figures and log name
# the key, where it came from and what to do, nobody prints a secret, and all arrives.
# The same with a session token that expires.  Keys of the environment need a restart,
# which is said.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
[ "$s3_kind" = swift ] || skip_all 'the key of this server is another with each start of Swift alone'
proxy_start
KEYS=$SCRATCH/keys/aws
mkdir keys
keys() {	# ID SECRET [TOKEN]	put there as an operator does
	{
		printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$1" "$2"
		[ -z "${3:-}" ] || printf 'aws_session_token = %s\n' "$3"
	} >keys.new
	chmod 600 keys.new
	mv keys.new "$KEYS"
}
keys "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
old=$AWS_ACCESS_KEY_ID
without_environment='env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY'
AWS_SHARED_CREDENTIALS_FILE=$KEYS
export AWS_SHARED_CREDENTIALS_FILE
house_new "replica.url = $(s3_url house "$PROXY")" 'replica.interval = 100ms' \
	'replica.claim = 500ms'
tenant_new acme
# words
# shellcheck disable=SC2086
background serve.log $without_environment "$ROWHOUSE" serve
SERVE=$pid
caddy_start
wait_for 20 healthy || bail 'the house does not answer'
sign_in acme
project_new acme ACK
is_shipped() {	# of $slug
	"$ROWHOUSE" status "${1:-acme}" --json 2>/dev/null |
		grep -q '"txid":\([1-9][0-9]*\),"replicated_txid":\1,'
}
ok 'all is in the store' wait_for 40 is_shipped
REPLICATOR=$(replicator)
writer_start acme ACK a
wait_for 20 acked_at_least acme 20 || bail 'nothing is written'

echo '# the old key is refused'
rotate() {	# ID SECRET	the server knows that one alone, from now on
	s3_kill
	s3_again --key "$1" --secret "$2"
	AWS_SHARED_CREDENTIALS_FILE=$KEYS
	export AWS_SHARED_CREDENTIALS_FILE
}
refused() {	# REGEXP	status says so
	! "$ROWHOUSE" status acme >status.out 2>&1
	grep -Eq -e "$1" status.out
}
why='(does not know the access key|refuses the signature: the secret access key of)'
rotate AKIDSECOND the-second-secret
ok 'status names the key' wait_for 60 refused "$why $old"
like '  where it came from, and what to do' "$(cat status.out)" \
	"the keys come from $KEYS: put the new ones there, they are read again within a minute; nothing has to be restarted"
"$ROWHOUSE" status >all.out 2>&1
like '  and that it is all of them' "$(cat all.out)" 'THE STORE HAS REFUSED OUR KEYS FOR [0-9.]+ s'
like '  so do the figures' "$("$ROWHOUSE" status --prometheus)" '^rowhouse_store_keys_refused_seconds [0-9]*[.1-9]'
ok '  and the log' grep -Eq "replicator.* $why $old" serve.log
n=$(acked acme)
ok 'writes are answered meanwhile' wait_for 20 acked_at_least acme $((n + 20))
writers_stop
replicated acme POST /api/projects/ACK/issues '{"title":"far away"}'
is '  but for those that want the store' "$status" 503

echo '# half of the new one, and then all'
{
	echo '[default]'
	echo 'aws_access_key_id = AKIDSECOND'
} >keys.new
chmod 600 keys.new
mv keys.new "$KEYS"
ok 'a file that is not whole is named' wait_for 40 refused \
	"others cannot be read: $KEYS has the access key id but not the secret access key"
keys AKIDSECOND the-second-secret
ok 'the new one is taken, and nothing was restarted' wait_for 60 is_shipped
is '  it is the same replicator' "$(replicator)" "$REPLICATOR"
ok '  the log says which' grep -Eq "refuses the access key $old; $KEYS has AKIDSECOND now" serve.log
ok '  status is well' wait_for 20 "$ROWHOUSE" status
unlike '  and its figures' "$("$ROWHOUSE" status --prometheus)" '^rowhouse_store_keys_refused_seconds [0-9]*[.]*[1-9]'

echo '# another secret of the same key, in the midst of many parts'
tenant_new globex
sqlite3 -cmd '.dbconfig no_ckpt_on_close on' "$(db_of globex)" "
	CREATE TABLE noise (bytes);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
	INSERT INTO noise SELECT randomblob(1000000) FROM n" >/dev/null || bail 'no large database'
some_parts() { grep -q '^PART 200' "$PROXY_LOG"; }
faults 'slow verb=PART pace=0.005'
"$ROWHOUSE" verify globex --new-epoch >/dev/null 2>&1
wait_for 60 some_parts || bail 'no parts'
rotate AKIDSECOND the-third-secret
keys AKIDSECOND the-third-secret
faults
ok 'it arrives' wait_for 90 is_shipped globex
ok '  as it was' wait_for 60 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$ROWHOUSE" verify globex
ok '  the log says that it was the secret' grep -q "refuses the access key AKIDSECOND; $KEYS has another secret for it now" serve.log
ok '  and the other tenant is there' wait_for 60 is_shipped

echo '# a session token that expires'
written() {
	api acme POST /api/projects/ACK/issues "{\"title\":\"with $1\"}"
	[ "$status" = 201 ]
}
keys AKIDSECOND the-third-secret token-one
stop "$REPLICATOR"
ok 'with a token' wait_for 60 is_shipped
faults 'expired token=token-one'
ok '  which is worth nothing from now on, it is written to' written one
ok 'it expires, and that is said' wait_for 60 refused 'the session token of AKIDSECOND has expired'
keys AKIDSECOND the-third-secret token-two
ok 'the next is taken' wait_for 60 is_shipped
faults

echo '# what was answered is there'
ok 'all has arrived' wait_for 60 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
	"$ROWHOUSE" verify acme
rm -f there.sqlite
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$ROWHOUSE" restore acme --to there.sqlite >/dev/null 2>&1
ledger_ok 'the replica' acme there.sqlite
is '  what was written last, too' "$(sqlite3 there.sqlite "SELECT count(*) FROM issues WHERE title = 'with one'")" 1
is 'nobody has printed a secret' "$(grep -lE 'the-(second|third)-secret|token-(one|two)' serve.log ./*.out)" ''
serve_stop

echo '# keys of the environment'
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
background replicator.log "$ROWHOUSE" replicator
R=$pid
wait_for 60 "$ROWHOUSE" status || bail "no replicator: $(tail -n 3 replicator.log)"
rotate AKIDLAST the-last-secret
"$O/tools/commits" "$CONF" acme 1 5 >/dev/null
ok 'are refused, and a restart is asked for' wait_for 60 refused \
	'the keys come from the environment, which nobody can change while this runs: restart it with the new ones'
stop "$R"
background replicator.log "$ROWHOUSE" replicator
ok '  which is all that it takes' wait_for 60 is_shipped
done_testing
