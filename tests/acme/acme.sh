# shellcheck shell=sh disable=SC2034
# tests/acme/acme.sh: a certificate authority, for tests.  Sourced after lib.sh.
#
#	acme_start	sets ACME_DIRECTORY, ACME_ROOT (whom a client of ours trusts),
#			ACME_CA (whom Caddy trusts, to talk to it) and ACME (its pid)
#	acme_orders	how many certificates it was asked for
#	front_start	Caddy with https.caddy, on ports of its own ($HTTPS, $HTTP): certificates
#			from there, more of the configuration in $SCRATCH/caddy.d
#	visit HOST PATH [CURL-ARGUMENT…]	sets status and body, as http does
#
# It is Let's Encrypt's own test server, pebble, which believes whoever asks: the
# names in tests lead nowhere.

command -v pebble >/dev/null ||
	skip_all 'pebble is not installed (scripts/deps test)'

acme_start() {
	ACME_PORT=${ACME_PORT:-$(free_port)}
	ACME_DIRECTORY=https://127.0.0.1:$ACME_PORT/dir
	ACME_CA=$SCRATCH/acme.pem
	ACME_ROOT=$SCRATCH/acme.root
	[ -s "$ACME_CA" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj '/CN=pebble' -addext 'subjectAltName=IP:127.0.0.1' -days 2 \
		-keyout "$SCRATCH/acme.key" -out "$ACME_CA" 2>/dev/null || bail 'no key for pebble'
	acme_manage=$(free_port)
	cat >"$SCRATCH/pebble.json" <<-END
	{ "pebble": {
		"listenAddress": "127.0.0.1:$ACME_PORT",
		"managementListenAddress": "127.0.0.1:$acme_manage",
		"certificate": "$ACME_CA",
		"privateKey": "$SCRATCH/acme.key",
		"httpPort": $(free_port),
		"tlsPort": $(free_port),
		"ocspResponderURL": ""
	} }
	END
	PEBBLE_VA_ALWAYS_VALID=1 PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 \
		background "$SCRATCH/pebble.log" pebble -config "$SCRATCH/pebble.json"
	ACME=$pid
	wait_for 20 curl -s --cacert "$ACME_CA" -o "$ACME_ROOT" \
		"https://127.0.0.1:$acme_manage/roots/0" ||
		bail "pebble does not answer: $(tail -n 3 "$SCRATCH/pebble.log")"
}

acme_orders() {
	sed -n 's/.*There are now \([0-9]*\) orders in the db$/\1/p' "$SCRATCH/pebble.log" |
		tail -n 1
}

front_start() {
	mkdir -p "$SCRATCH/caddy.d"
	cat >"$SCRATCH/caddy.d/ca.global" <<-END
	acme_ca $ACME_DIRECTORY
	acme_ca_root $ACME_CA
	END
	HTTP=${HTTP:-$(free_port)} HTTPS=${HTTPS:-$(free_port)} ASK=${ASK:-$(free_port)}
	front_environment
	background "$SCRATCH/caddy.log" "$ROOT/scripts/caddy" run
	CADDY_PID=$pid
	wait_for 20 curl -s -o /dev/null "http://127.0.0.1:$ASK/api/health" ||
		bail "caddy does not answer: $(tail -n 3 "$SCRATCH/caddy.log")"
}

# Also for scripts/caddy adapt and reload.
front_environment() {
	export ROWHOUSE_CADDYFILE=https ROWHOUSE_BASE_DOMAIN=example.test \
		ROWHOUSE_HTTP_PORT="$HTTP" ROWHOUSE_HTTPS_PORT="$HTTPS" \
		ROWHOUSE_ASK_PORT="$ASK" ROWHOUSE_ADMIN="unix/$SCRATCH/admin.sock" \
		ROWHOUSE_ACCESS_LOG="$SCRATCH/access.log" ROWHOUSE_CADDY_D="$SCRATCH/caddy.d" \
		ROWHOUSE_RUN="$RUN" ROWHOUSE_WWW="$SCRATCH/app/www" \
		ROWHOUSE_STORAGE="$SCRATCH/caddy"
}

visit() {
	visit_host=$1 visit_path=$2
	shift 2
	http --cacert "$ACME_ROOT" --resolve "$visit_host:$HTTPS:127.0.0.1" "$@" \
		"https://$visit_host:$HTTPS$visit_path"
}
