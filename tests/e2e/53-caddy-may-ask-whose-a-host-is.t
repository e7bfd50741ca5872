#!/bin/sh
# Before it gets a certificate Caddy asks whether a host is a tenant's: the host
# of a tenant that is active is, no other.  It alone is told, from this machine.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
"$ROWHOUSE" tenant host add acme shop.example.com >/dev/null || bail 'no host'
"$ROWHOUSE" tenant host add globex other.example.com >/dev/null || bail 'no host'
house_start

ask() {	# DOMAIN
	http "http://127.0.0.1:$PORT/api/domains/ask?domain=$1"
}
ask acme.localhost
is 'a tenant below the base domain' "$status $body" '200 {}'
ask shop.example.com
is 'a host of his own' "$status" 200
ask SHOP.example.com.
is '  however it is written' "$status" 200
for domain in initech.localhost example.com www.shop.example.com localhost 127.0.0.1 '' 'a%00b' \
    '..' "$(printf 'a%.0s' $(seq 300))"; do
	ask "$domain"
	ok "not \"$(printf %.30s "$domain")\"" test "$status" -ge 400 -a "$status" -lt 500
done
http "http://127.0.0.1:$PORT/api/domains/ask"
is 'nothing is no host' "$status" 400
"$ROWHOUSE" tenant suspend globex >/dev/null
ask other.example.com
is 'not that of a tenant that is suspended' "$status" 404
"$ROWHOUSE" tenant delete globex --yes >/dev/null
ask other.example.com
is '  or deleted' "$status" 404

for host in localhost acme.localhost shop.example.com; do
	http -H "Host: $host" "http://127.0.0.1:$PORT/api/domains/ask?domain=acme.localhost"
	ok "on the host $host there is no such thing" test "$status" = 404 -o "$status" = 401
done
http "http://127.0.0.1:$PORT/api/health"
is 'and whether it is up' "$status" 200
http "http://127.0.0.1:$PORT/api/collections/users/auth-methods"
is '  nothing else is here' "$status" 404
http "http://127.0.0.1:$PORT/"
is '  no page either' "$status" 404
# an address of this machine that is not loopback is as good as another machine
address=$(ip -4 -o addr show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
if [ -n "$address" ]; then
	stop "$CADDY_PID"
	ROWHOUSE_BIND='0.0.0.0'
	export ROWHOUSE_BIND
	caddy_start
	ask acme.localhost
	is 'bound to all addresses it answers here' "$status" 200
	http -H "Host: 127.0.0.1:$PORT" "http://$address:$PORT/api/domains/ask?domain=acme.localhost"
	is '  and nobody who comes from elsewhere' "$status" 404
else
	skip 'nobody who comes from elsewhere is told' 'this machine has no address but loopback'
fi
done_testing
