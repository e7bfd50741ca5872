#!/bin/sh
# https, with certificates of a CA that is not the system's: named in the URL or by
# AWS_CA_BUNDLE it is trusted; without, and for another host, or when it is over, a
# certificate is refused and it is said why.  Faults below TLS are faults as any.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

command -v openssl >/dev/null || skip_all 'certificates are made with openssl'
unset AWS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

# certificate NAME SUBJECT-ALT-NAME DAYS	of our CA, in NAME.pem, with its key
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.csr" -subj "/CN=$1" &&
	printf 'subjectAltName=%s\n' "$2" >"$1.ext" &&
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
		-days "$3" -extfile "$1.ext" -out "$1.crt" &&
	cat "$1.crt" "$1.key" >"$1.pem"
} >>openssl.log 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-keyout ca.key -out ca.pem -subj '/CN=a CA of our own' >>openssl.log 2>&1
for made in 'right IP:127.0.0.1 1' 'elsewhere DNS:elsewhere.example 1' \
    'over IP:127.0.0.1 -1'; do
	# words
	# shellcheck disable=SC2086
	certificate $made || bail "no certificates: $(tail -n 3 openssl.log)"
done

s3_start
# refused NAME CERTIFICATE MORE-OF-THE-URL REGEXP
refused() {
	PROXY_CERT=$2.pem proxy_start
	house_new "replica.url = $(s3_url house "$PROXY")$3"
	begun=$(now_ms)
	output=$("$ROWHOUSE" check 2>&1)
	is "$1" $? 1
	like '  in these words' "$(printf '%s' "$output" | tr '\n' ' ')" \
		"s3://test/house: $PROXY: $4"
	ok '  at once' test $(($(now_ms) - begun)) -lt $((4000 * PATIENCE))
	is '  nothing was sent' "$(cat "$PROXY_LOG")" ''
	stop "$PROXY_PID"
}
trust='its certificate is not one that this machine trusts for that name'
refused 'a CA that nobody knows' right '' "SSL certificate problem: unable to get local issuer certificate +$trust"
refused 'a certificate of another host' elsewhere "&ca=$SCRATCH/ca.pem" \
	"SSL: no alternative certificate subject name matches target host name '127.0.0.1' +$trust"
refused 'one that is over' over "&ca=$SCRATCH/ca.pem" \
	"SSL certificate problem: certificate has expired +$trust"
refused 'a CA file that is not there' right '&ca=/nowhere/ca.pem' \
	'.*/nowhere/ca.pem.* +/nowhere/ca.pem must be a file of certificates'
cp "$CONF" no-ca.pem
refused 'one that is none' right "&ca=$SCRATCH/no-ca.pem" \
	".*no-ca.pem.* +$SCRATCH/no-ca.pem must be a file of certificates"

PROXY_CERT=right.pem
CURL_CA_BUNDLE=$SCRATCH/ca.pem
export CURL_CA_BUNDLE
proxy_start
house_new "replica.url = $(s3_url house "$PROXY")&ca=$SCRATCH/ca.pem&stall=1" \
	'replica.interval = 100ms'
is 'the right one of a CA named in the URL' "$("$ROWHOUSE" check | tail -n 1)" 'replica: ok'
config_write "replica.url = $(s3_url house "$PROXY")&stall=1" \
	'replica.interval = 100ms'
AWS_CA_BUNDLE=$SCRATCH/ca.pem
export AWS_CA_BUNDLE
is '  or in AWS_CA_BUNDLE' "$("$ROWHOUSE" check | tail -n 1)" 'replica: ok'

tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
wait_for 20 acked_at_least acme 10 || bail 'nothing is written'
faults 'reset-before rate=0.1' 'reset-during rate=0.1' 'reset-after rate=0.1' \
	'lost rate=0.1' 'truncate rate=0.1' 'stall nth=8' 'corrupt rate=0.1'
broken() {
	[ "$(cut -d' ' -f4 "$PROXY_LOG" | grep -vc '^-$')" -ge 8 ]
}
ok 'connections break under TLS' wait_for 30 broken
faults
writers_stop
ok 'everything arrives' wait_for 60 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite

done_testing
