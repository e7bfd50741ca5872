#!/bin/sh
# A tenant's host, and a domain that he brings along, has a certificate when the
# first visitor comes: from a real ACME server, and only for who is a tenant.
# Nothing of it is in the Caddyfile.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/acme/acme.sh
. "$ROOT/tests/acme/acme.sh"

house_new 'base_domain = example.test'
tenant_new acme
tenant_new globex
"$ROWHOUSE" tenant host add acme shop.example.org >/dev/null || bail 'no host'
acme_start
serve_start
cat >"$SCRATCH/app/www/app.0123abcd.js" <<-END
// $(printf '%0900d' 0)
END
front_start

# --- certificates -----------------------------------------------------------
# Caddy 2.6 spoils its account where it registers it twice at once: caddy/README.md
wait_for 20 eval 'visit example.test /api/health; [ "$status" = 200 ]'
is 'the platform has a certificate that is trusted' "$status" 200
visit acme.example.test /api/health
is "a tenant's host answers its first visitor" "$status" 200
visit shop.example.org /api/health
is '  and so does a domain of his own' "$status" 200
cat >"$SCRATCH/caddy.d/own.site" <<-'END'
app.example.net {
	import tenant acme
}
END
ok 'what is written beside the Caddyfile is read on demand' "$ROOT/scripts/caddy" reload
wait_for 20 eval 'visit app.example.net /api/health; [ "$status" = 200 ]'
is '  and a host that stands there has a certificate too' "$status" 200
orders=$(acme_orders)
for host in nobody.example.test www.acme.example.test example.org 'xn--80ak6aa92e.example.org'; do
	visit "$host" /
	is "no certificate for $host" "$status" 000
done
"$ROWHOUSE" tenant suspend globex >/dev/null
visit globex.example.test /
is '  nor for a tenant that is suspended' "$status" 000
is '  and none was asked for' "$(acme_orders)" "$orders"
"$ROWHOUSE" tenant resume globex >/dev/null

# --- whose host it is -------------------------------------------------------
email=owner@acme.example
for host in acme.example.test shop.example.org app.example.net; do
	visit $host /api/collections/users/auth-with-password -H 'Content-Type: application/json' \
		-d "{\"identity\":\"$email\",\"password\":\"$PASSWORD\"}"
	is "$host is acme's" "$status $(json '$.record.email')" "200 $email"
done
TOKEN=$(json '$.token')
visit globex.example.test /api/collections/users/auth-refresh -X POST -H "Authorization: Bearer $TOKEN"
is "  and a token of his is nobody's at globex" "$status" 401

# --- headers ----------------------------------------------------------------
header() {	# NAME
	sed -n "s/^$1: //Ip" "$SCRATCH/header" | tr -d '\r'
}
visit acme.example.test /
is 'the page is there' "$status" 200
is '  for https only, from now on' "$(header strict-transport-security)" max-age=31536000
like '  with a strict policy' "$(header content-security-policy)" "^default-src 'none'; script-src 'self'"
unlike '  that lets nothing in line' "$(header content-security-policy)" unsafe
is '  asked for again each time' "$(header cache-control)" no-cache
visit acme.example.test / -H "If-None-Match: $(header etag)"
is '  and not sent again' "$status" 304
visit acme.example.test /app.0123abcd.js --compressed
is 'a file with a digest in its name is kept' "$(header cache-control)" \
	'public, max-age=31536000, immutable'
like '  and compressed' "$(header content-encoding)" '^(gzip|zstd)$'
is '  and comes out as it is' "$body" "$(cat "$SCRATCH/app/www/app.0123abcd.js")"
visit acme.example.test /api/health
is 'answers of the API have the header too' "$(header strict-transport-security)" max-age=31536000
is '  and say nothing of the server' "$(header server)" ''
http --resolve "acme.example.test:$HTTP:127.0.0.1" "http://acme.example.test:$HTTP/page?x=1"
is 'who comes without TLS is sent on' "$status $(header location)" \
	'308 https://acme.example.test/page?x=1'
head -c 3000000 /dev/zero | tr '\0' x >"$SCRATCH/large"
visit acme.example.test /api/collections/users/auth-refresh -X POST --data-binary @"$SCRATCH/large"
is 'a body that is too large is refused' "$status" 413

# --- the access log ---------------------------------------------------------
logged() {
	grep -c 'auth-refresh' "$SCRATCH/access.log" 2>/dev/null
}
wait_for 10 eval '[ "$(logged)" -ge 2 ]'
grep auth-refresh "$SCRATCH/access.log" | head -n 1 >"$SCRATCH/line"
is 'the access log is JSON, a line each' \
	"$(sqlite3 :memory: "SELECT json_extract(readfile('$SCRATCH/line'), '$.request.method')")" POST
unlike '  without the token' "$(cat "$SCRATCH/access.log")" "$TOKEN"
unlike '  or the password' "$(cat "$SCRATCH/access.log")" "$PASSWORD"

# --- when something is away -------------------------------------------------
kill -s STOP "$ACME"
visit shop.example.org /api/health
is 'without the authority everybody is served on' "$status" 200
stop "$CADDY_PID"
front_start
visit acme.example.test /api/health
is '  after Caddy was started anew, too' "$status" 200
tenant_new initech
visit initech.example.test /api/health --max-time 2
is '  and only who is new has to wait' "$status" 000
kill -s CONT "$ACME"
wait_for 60 eval 'visit initech.example.test /api/health; [ "$status" = 200 ]'
is '  until it is back' "$status" 200
ok 'a reload that changes nothing' "$ROOT/scripts/caddy" reload --force
visit initech.example.test /api/health
is '  has nobody certified anew' "$status $(acme_orders)" "200 $((orders + 2))"

stop "$SERVE"
visit acme.example.test /
is 'without the pool the page is there' "$status" 200
visit acme.example.test /api/health
is '  and the API says to come again' "$status $(header retry-after) $(json '$.status')" '503 5 503'

# --- ten thousand domains ---------------------------------------------------
"$ROOT/scripts/caddy" adapt >"$SCRATCH/before.json" 2>/dev/null
for i in $(seq 20); do
	"$ROWHOUSE" tenant host add acme "d$i.example.org" >/dev/null || bail 'no host'
done
"$ROOT/scripts/caddy" adapt >"$SCRATCH/after.json" 2>/dev/null
# it names its files in any order
is 'what Caddy reads does not grow with the domains' \
	"$(wc -c <"$SCRATCH/before.json")" "$(wc -c <"$SCRATCH/after.json")"
ok '  and is something' test -s "$SCRATCH/after.json"
done_testing
