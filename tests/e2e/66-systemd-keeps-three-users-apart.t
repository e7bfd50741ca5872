#!/bin/sh
# Pool, replicator and mailer as systemd runs them from scripts/systemd: three
# users who share the tenants' files and none of the secrets; a socket that
# starts the pool and outlives it; reload, watchdog, and a stop in the right order.
if [ -z "${INSIDE:-}" ]; then
	. "$(dirname "$0")/../lib.sh"
	. "$ROOT/tests/smtp/smtp.sh"
	smtp_new
	"$ROOT/tests/systemd" env INSIDE=1 SMTP_PORT="$SMTP_PORT" "$0" >reason
	result=$?
	[ $result -ne 77 ] || skip_all "$(cat reason)"
	[ -s systemd.out ] || bail "systemd did not come up: $(tail -n 20 systemd.boot)"
	cat systemd.out
	exit $result
fi
. "$(dirname "$0")/../pool/lib.sh"
. "$ROOT/tests/smtp/smtp.sh"

RUN=/run/rowhouse
DATA=/var/lib/rowhouse
SOCKET=$RUN/fcgi.sock
ROWHOUSE=/usr/local/bin/rowhouse
ROWHOUSE_CONFIG=/etc/rowhouse.conf
CERT=/usr/local/share/rowhouse/mail.pem
cp "$SMTP/cert.pem" $CERT
cat >$ROWHOUSE_CONFIG <<END
data = $DATA
run = $RUN
app = /usr/local/share/rowhouse/app
base_domain = localhost
workers = 2
replica.url = /mnt/replica
mail.url = smtp://localhost:$SMTP_PORT
mail.from = no-reply@rowhouse.example
mail.ca = $CERT
password.passes = 1
password.memory = 64KiB
END
mkdir /mnt/replica
chown rowhouse-replicator /mnt/replica
(
	umask 077
	printf '[default]\naws_access_key_id = A\naws_secret_access_key = B\n' >/etc/credstore/rowhouse.aws
	printf 'user = mail\npassword = secret\n' >/etc/credstore/rowhouse.smtp
)
drop_in() {	# UNIT LINE
	mkdir -p "/run/units/$1.d"
	printf '[Service]\n%s\n' "$2" >>"/run/units/$1.d/test.conf"
}
drop_in rowhouse-replicator.service BindPaths=/mnt/replica
drop_in rowhouse-pool.service WatchdogSec=2
systemctl daemon-reload
smtp_start $CERT "$SMTP/key.pem" mail secret

as() {		# USER GROUP COMMAND…
	user=$1
	group=$2
	shift 2
	setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
}
show() {	# UNIT PROPERTY
	systemctl show --value -p "$2" "rowhouse-$1.service"
}
log_of() {	# UNIT
	journalctl --no-pager -u "rowhouse-$1" -o cat
}
signs_in() {	# SLUG NAME [WHOSE-COPY]
	answers "$2" 200 '"token"' -t "$1" -d \
	    "{\"identity\":\"owner@${3:-$1}.example\",\"password\":\"$PASSWORD\"}" \
	    POST /api/collections/users/auth-with-password
}

# --- the socket -----------------------------------------------------------------
ok 'the socket is there before the pool' systemctl start rowhouse-pool.socket
is '  which does not run' "$(show pool ActiveState)" inactive
is '  Caddy'\''s, and nobody else'\''s' "$(stat -c '%U:%G %a' $SOCKET)" 'rowhouse:caddy 660'
as nobody nogroup "$FCGI" $SOCKET GET / >/dev/null 2>&1
ok '  so somebody does not get in' test $? -ne 0
as nobody caddy "$FCGI" $SOCKET GET /api/health >answer 2>&1
like '  and the first request of Caddy'\''s starts it' "$(cat answer)" '^Status: [24]'
is '  as its own user' "$(ps -o user:20= -p "$(show pool MainPID)")" rowhouse
says_so() { [ "$(show pool StatusText)" = serves ]; }
ok '  who says how he is' wait_for 20 says_so

# --- three users, one house --------------------------------------------------------
(
	umask 077
	as rowhouse rowhouse "$ROWHOUSE" tenant create acme --owner owner@acme.example
) <<-END >tenant.log 2>&1 || bail "$(cat tenant.log)"
$PASSWORD
END
ok 'the replicator starts' systemctl start rowhouse-replicator
ok 'the mailer starts' systemctl start rowhouse-mailer
is '  as users of their own' \
    "$(ps -o user:20= -p "$(show replicator MainPID),$(show mailer MainPID)" | tr -d ' ' | sort)" \
    'rowhouse-mailer
rowhouse-replicator'
signs_in acme 'the pool writes what the replicator has open'
printf '%s\n' "$PASSWORD" | "$ROWHOUSE" tenant create globex --owner owner@globex.example \
    >tenant.log 2>&1 || bail "$(cat tenant.log)"
signs_in globex '  and what root made'
ok '  the replicator captures both' wait_for 20 "$ROWHOUSE" verify --all
for f in "$(db_of acme)" "$(db_of acme)-wal" "$(db_of acme)-shm" "$DATA/registry.db-wal"; do
	is "the group may write ${f##*/}" "$(stat -c '%G %a' "$f")" 'rowhouse 660'
done
ok 'a tenant is restored in place' "$ROWHOUSE" restore acme --in-place
signs_in acme '  the pool writes that'
ok '  the replicator captures it' wait_for 20 "$ROWHOUSE" verify acme
send -t acme -d '{"email":"owner@acme.example"}' POST /api/collections/users/request-password-reset
wait_for 20 mails_are 1 owner@acme.example
is 'the mailer sends what the pool left' "$(mails owner@acme.example)" 1
like '  with the login of its credential' "$(cat "$SMTP/log")" 'AUTH .*ok'

# --- the store's keys, at the command line --------------------------------------------
sed 's|^replica.url = .*|replica.url = s3://bucket/house?endpoint=http://127.0.0.1:1|' \
    $ROWHOUSE_CONFIG >"$SCRATCH/s3.conf"
chmod 0644 "$SCRATCH/s3.conf"
chmod 0755 "$SCRATCH"
reaches() {	# COMMAND…
	"$@" "$ROWHOUSE" restore acme --dry-run -c "$SCRATCH/s3.conf" 2>&1
}
like 'root restores with the keys of the units' "$(reaches env)" '127\.0\.0\.1'
like '  and the user of the pool has none' "$(reaches as rowhouse rowhouse)" 'no credentials'

# --- the operator ------------------------------------------------------------------
drop_in rowhouse-steward.service BindPaths=/mnt/replica
systemctl daemon-reload
ok 'the steward starts' systemctl start rowhouse-steward
operator() {	# METHOD PATH [BODY]
	send -t - -H localhost -a "Bearer $(cat $DATA/operator.token)" ${3:+-d "$3"} \
	    "$1" "/api/operator$2"
}
ended() {
	operator GET "/jobs/$job"
	grep -q '"state":"done"' "$SCRATCH/body"
}
for ask in 'export {}' 'verify {}' 'restore {"confirm":"acme"}'; do
	operator POST "/tenants/acme/${ask%% *}" "${ask#* }"
	job=$(json '$.id')
	is "${ask%% *} is asked of it" "$status" 202
	ok '  and done' wait_for 20 ended
done
signs_in acme 'the tenant goes on after it'
cp "$DATA"/exports/acme.*.sqlite "$DATA/imports/acme.sqlite"
chown rowhouse-replicator "$DATA/imports/acme.sqlite"
for ask in 'imports {"slug":"again","file":"acme.sqlite"}' 'tenants/acme/clone {"to":"copy"}' \
    'tenants/acme/points {}'; do
	operator POST "/${ask%% *}" "${ask#* }"
	job=$(json '$.id')
	is "${ask%% *} is asked of it" "$status" 202
	ok '  and done' wait_for 20 ended
done
signs_in again 'the pool serves what was imported' acme
signs_in copy '  and what was cloned' acme
operator POST /imports '{"slug":"none","file":"none.sqlite"}'
job=$(json '$.id')
fails() { operator GET "/jobs/$job"; grep -q '"state":"failed"' "$SCRATCH/body"; }
ok 'a file that is not there the job does not find' wait_for 20 fails
operator POST /tenants/copy/delete '{"confirm":"copy"}'
operator POST /tenants/copy/erase '{"confirm":"copy"}'
job=$(json '$.id')
is 'an erasure is asked of it' "$status" 202
ok '  and done' wait_for 60 ended

# --- secrets ----------------------------------------------------------------------
KEYS=/run/credentials/rowhouse-replicator.service/aws
LOGIN=/run/credentials/rowhouse-mailer.service/smtp
readers() {	# FILE
	as rowhouse rowhouse test -r "$1" && echo pool
	as rowhouse-replicator rowhouse test -r "$1" && echo replicator
	as rowhouse-mailer rowhouse-mailer test -r "$1" && echo mailer
}
is 'the store'\''s keys are the replicator'\''s alone' "$(readers $KEYS)" replicator
is 'the mail server'\''s login is the mailer'\''s alone' "$(readers $LOGIN)" mailer
is 'the master key is the pool'\''s alone' "$(readers $DATA/master.key)" pool
is 'the operator'\''s token is the pool'\''s alone' "$(readers $DATA/operator.token)" pool
is 'a tenant is not the mailer'\''s' "$(readers "$(db_of acme)")" 'pool
replicator'
is 'nobody else looks at anything' \
    "$(as nobody nogroup find $DATA $RUN -readable 2>/dev/null)" ''
SERVE=$(show pool MainPID)
worker=$(workers | tail -n 1)
like 'to a worker there are no credentials' "$(cat "/proc/$worker/mountinfo")" \
    '/inaccessible/dir /run/credentials '
is '  and no network' "$(wc -l <"/proc/$worker/net/dev")" 3
is 'to the mailer there is no tenant' "$(ls "/proc/$(show mailer MainPID)/root$DATA")" outbox
for unit in pool replicator mailer; do
	is "the $unit has no capability and gets none" \
	    "$(sed -n 's/^\(CapBnd\|CapEff\|NoNewPrivs\):\t//p' "/proc/$(show $unit MainPID)/status" |
	        tr '\n' ' ')" '0000000000000000 0000000000000000 1 '
done

# what the hint of a refused key asks for (replication/s3_keyring.c)
(
	umask 077
	printf '[default]\naws_access_key_id = NEW\naws_secret_access_key = B\n' >/etc/credstore/rowhouse.aws
)
is 'a key that is rotated is the old one to who runs' "$(grep -c NEW $KEYS)" 0
ok '  and a restart' systemctl restart rowhouse-replicator
is '  brings the new one' "$(grep -c NEW $KEYS)" 1

# --- reload, hang, stop --------------------------------------------------------------
bench_start bench.log GET /api/health -t acme -c 1 -s 6 -r 200
first=$(show pool MainPID)
ok 'a reload' systemctl reload rowhouse-pool
renewed() { log_of pool | grep -q 'renewed'; }
ok '  renews the workers' wait_for 20 renewed
is '  under the same supervisor' "$(show pool MainPID)" "$first"
ok 'a restart' systemctl restart rowhouse-pool
hung=$(show pool MainPID)
kill -s STOP "$hung"
replaced() { [ "$(show pool NRestarts)" = 1 ] && [ "$(show pool StatusText)" = serves ]; }
ok 'a supervisor that hangs is replaced' wait_for 20 replaced
bench_end bench.log
is '  and no request is lost for any of it' "$status_200 $lost $refused" "$done 0 0"

sed -i -e 's/^password.passes.*/password.passes = 20/' -e 's/^password.memory.*/password.memory = 64MiB/' \
    $ROWHOUSE_CONFIG
ok 'passwords that take long to hash' systemctl restart rowhouse-pool
background guess.log "$FCGI" -t globex -d '{"identity":"nobody@globex.example","password":"not the right one"}' \
    $SOCKET POST /api/collections/users/auth-with-password
guess=$pid
nicer() {
	for stat in $(descendants "$(show pool MainPID)" | sed 's|.*|/proc/&/task/*/stat|'); do
		[ "$(cut -d' ' -f19 "$stat" 2>/dev/null || echo 0)" -lt 10 ] || return 0
	done
	return 1
}
ok '  are hashed behind all else' wait_for 20 nicer
wait "$guess"

send -t globex -d "{\"identity\":\"owner@globex.example\",\"password\":\"$PASSWORD\"}" \
    POST /api/collections/users/auth-with-password
ok 'what is written last' systemctl stop rowhouse-pool.socket rowhouse-pool rowhouse-replicator \
    rowhouse-mailer rowhouse-steward
copy_of "$(db_of globex)" last.sqlite
ok '  is in the replica' "$ROWHOUSE" restore globex --to "$SCRATCH/globex.sqlite"
is '  whole, when all are stopped' "$(same_rows last.sqlite globex.sqlite)" ''
is '  the replicator after the pool' "$(journalctl --no-pager -o cat |
    sed -n 's/^info \(supervisor\|replicator\)[^ ]* \(stopped\|stop\) .*/\1/p' | tail -n 2 |
    tr '\n' ' ')" 'supervisor replicator '
done_testing
