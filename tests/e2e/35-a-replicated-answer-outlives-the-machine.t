#!/bin/sh
# Prefer: durability=replicated.  The moment clients have such answers, everything
# is killed and the data directory removed; what is rebuilt from the replica has
# every one of them.  Many rounds; the first begins with a tenant that is as new
# as the house.  With $S3 the replica is a bucket.
. "$(dirname "$0")/../lib.sh"

if [ -n "${S3:-}" ]; then
	. "$ROOT/tests/s3/s3.sh"
	s3_start
	REPLICA_URL=$(s3_url house)
fi
house_new 'workers = 12' 'replica.claim = 100ms' \
	"replica.url = ${REPLICA_URL:-replica}"
tenant_new acme
house_start
sign_in acme
replicated acme POST /api/projects '{"key":"ACK","name":"ack"}'
is 'the first write of a new tenant is confirmed' "$status" 201
is '  and says so' "$(header Preference-Applied)" durability=replicated

DURABLE=1
export DURABLE
rounds=0
while [ $rounds -lt "${ROUNDS:-6}" ]; do
	want=$(($(acked acme) + 6 + rounds))
	for name in a b c; do
		writer_start acme ACK "$rounds$name"
	done
	# without the preference: noise, of which nothing is asked
	DURABLE='' background noise.log "$ROOT/tests/writer" "$PORT" \
		acme.localhost "$TOKEN" ACK "noise$rounds" noise
	noise=$pid
	wait_for 60 acked_at_least acme "$want" || break
	everything_killed
	rm -rf "$DATA"
	stop "$noise"
	writers_stop
	stop "$CADDY_PID"
	"$ROWHOUSE" restore --all >restore.out 2>&1 || {
		diag "$(cat restore.out)"
		break
	}
	rounds=$((rounds + 1))
	missing=$(ledger acme "$(db_of acme)" "SELECT title FROM ledger
		WHERE what = 'acked' AND NOT EXISTS (SELECT 1 FROM issues i
		      WHERE i.title = ledger.title AND i.ref = ledger.detail)")
	[ -z "$missing" ] || break
	house_start
	sign_in acme
done
is 'every machine was rebuilt, with all that was confirmed' \
	"$rounds ${missing:-}" "${ROUNDS:-6} "
ok "  all $rounds of them" acked_at_least acme $((6 * rounds))
diag "$(cut -f2,5 ledger.acme.* | sed 's/ACK-.*//' | sort | uniq -c)"
copy_of "$(db_of acme)" now.sqlite
is 'the file is sound' "$(sqlite3 -readonly now.sqlite \
	'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
rm -f noise

done_testing
