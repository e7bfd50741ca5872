#!/bin/sh
# Caddy tells the pool which tenant a request is for; nothing that a client
# sends can change that, or what length its body has.
. "$(dirname "$0")/../lib.sh"

mkdir -p "$RUN" app/www
echo '<h1>the page</h1>' >app/www/index.html
echo 'not for the public' >app/www/.hidden

responder_start() {
	rm -f "$RUN/fcgi.sock"
	background params.log "$O/tools/params" "$RUN/fcgi.sock"
	RESPONDER=$pid
	wait_for 10 test -S "$RUN/fcgi.sock" || bail 'the responder does not run'
}

responder_start
caddy_start

# param NAME	as the responder saw it; "(absent)" where it is not there, or empty
param() {
	sed -n "s/^$1=//p" body | grep . || echo '(absent)'
}

host() {	# HOST	asks as that host
	http -H "Host: $1" "http://127.0.0.1:$PORT/api/x"
}

# A label that could be a slug goes in TENANT.
for slug in acme a 0 a-b x--y "$(printf 'a%.0s' $(seq 63))"; do
	host "$slug.localhost"
	is "$slug.localhost is $slug" "$(param TENANT)" "$slug"
done
host 127.0.0.1
is 'this machine itself is nobody but Caddy that asks' "$(param TENANT)" -ask
host "acme.localhost:99"
is 'a port in the host changes nothing' "$(param TENANT)" acme
for label in ACME Acme - -a a- a_b '*' '%41' '~' 'a+b'; do
	host "$label.localhost"
	is "$label.localhost is for the registry to know" "$(param TENANT)" '(absent)'
	is '  under its own name' "$(param HTTP_HOST)" "$label.localhost"
done
for name in localhost LOCALHOST localhost:1; do
	host $name
	is "$name is the platform" "$(param TENANT)" -
done
# The operator's page of the platform, and nobody else's.
http -H 'Authorization: Bearer x' "http://localhost:$PORT/metrics"
is '/metrics of the platform is for the pool' \
    "$(param TENANT) $(param REQUEST_URI) $(param HTTP_AUTHORIZATION)" '- /metrics Bearer x'
http "http://localhost:$PORT/metrics/x"
unlike '  and nothing below it' "$body" TENANT
http "http://acme.localhost:$PORT/metrics"
is '  of a tenant it is a page that is not there' "$status" 404
for name in a.b.localhost acme.localhost. localhost. other.example \
    acme.localhost.evil.example evil.example.acmelocalhost 127.1 '[::1]' \
    acmexlocalhost ..localhost; do
	host "$name"
	is "$name is for the registry to know" "$(param TENANT)" '(absent)'
	is "  under its own name" "$(param HTTP_HOST)" "$name"
done

# Twenty times, since the order of a map would decide.
forged=0
for _ in $(seq 20); do
	http -H 'TENANT: evil' -H 'X-Tenant: evil' -H 'X_Tenant: evil' \
	    -H 'X-Forwarded-Host: evil' -H 'X_Forwarded_Host: evil' \
	    -H 'X-Forwarded-For: 6.6.6.6' -H 'X_Forwarded_For: 6.6.6.6' \
	    -H 'Proxy: http://evil' -H 'Forwarded: host=evil' \
	    "http://acme.localhost:$PORT/api/x"
	[ "$(param TENANT)" = acme ] &&
	[ "$(param HTTP_X_FORWARDED_HOST)" = "acme.localhost:$PORT" ] &&
	[ "$(param HTTP_X_FORWARDED_FOR)" = 127.0.0.1 ] &&
	[ "$(param REMOTE_ADDR)" = 127.0.0.1 ] &&
	[ "$(param HTTP_PROXY)" = '(absent)' ] || forged=$((forged + 1))
done
is 'headers forge nothing, 20 times of 20' $forged 0

head -c 1048576 /dev/zero >largest
head -c 1048577 /dev/zero >larger
http --data-binary @largest "http://acme.localhost:$PORT/api/x"
is 'a body of 1 MiB arrives' "$(tail -n 1 body)" 'body=1048576 whole=1'
is '  with its length' "$(param CONTENT_LENGTH)" 1048576
http --data-binary @larger "http://acme.localhost:$PORT/api/x"
is 'one byte more is 413' "$status" 413
is '  in the shape of the API' "$(json '$.status') $(header content-type)" \
	'413 application/json'
http -H 'Transfer-Encoding: chunked' --data-binary @larger \
	"http://acme.localhost:$PORT/api/x"
like 'the same in chunks is refused' "$status" '^41[13]$'
http -H 'Transfer-Encoding: chunked' --data-binary abc \
	"http://acme.localhost:$PORT/api/x"
is 'a small body in chunks arrives whole' "$(tail -n 1 body)" 'body=3 whole=1'
like '  and never with a wrong length' "$(param CONTENT_LENGTH)" '^(-1|3)$'

answer=$(printf 'POST /api/x HTTP/1.1\nHost: acme.localhost\nContent-Length: 100\n\nfour' | raw half)
unlike 'a body that breaks off never arrives' "$answer" 'body='
answer=$(printf 'GET /api/x HTTP/1.1\nHost: acme.localhost\nHost: evil.localhost\nConnection: close\n\n' | raw)
like 'two hosts are refused' "$answer" '^HTTP/1.1 400'
answer=$(printf 'GET http://globex.localhost/api/x HTTP/1.1\nHost: acme.localhost\nConnection: close\n\n' | raw)
like 'the host of an absolute URI is the host (RFC 9112, 3.2.2)' "$answer" '^TENANT=globex'
unlike '  and the other one is gone' "$answer" acme
answer=$(printf 'GET /api/x HTTP/1.0\n\n' | raw)
unlike 'no host at all is no tenant' "$answer" '^TENANT='
http -H "X-Long: $(printf 'x%.0s' $(seq 30000))" "http://acme.localhost:$PORT/api/x"
is 'a header of 30 kB is refused' "$status" 431

http "http://acme.localhost:$PORT/api/x"
is 'what the responder calls itself stays inside' "$(header server)$(header status)" ''
is 'an answer of the API may load nothing' "$(header content-security-policy)" \
	"default-src 'none'; frame-ancestors 'none'"

http "http://acme.localhost:$PORT/"
is 'the page is there' "$status $body" '200 <h1>the page</h1>'
like '  runs its own scripts alone' "$(header content-security-policy)" "script-src 'self';"
unlike '  and none that stand in it' "$(header content-security-policy)" unsafe
is '  no other page may frame it' "$(header x-frame-options)" DENY
is '  its type is what it says' "$(header x-content-type-options)" nosniff
etag=$(header etag)
http -H "If-None-Match: $etag" "http://acme.localhost:$PORT/"
is '  asked for again it is 304' "$status" 304
http -X POST "http://acme.localhost:$PORT/"
is '  nothing can be posted to it' "$status $(header allow)" '405 GET, HEAD'
http "http://acme.localhost:$PORT/.hidden"
is 'a hidden file is not there' "$status" 404
http --path-as-is "http://acme.localhost:$PORT/../../caddy.log"
is 'nothing outside of it either' "$status" 404

# --- the operator's page ----------------------------------------------------------
http "http://localhost:$PORT/operator"
is "the operator's page is a folder of the platform's host" "$status $(header location)" '308 /operator/'
http "http://localhost:$PORT/operator/"
like '  it is there' "$status $body" '^200 <!doctype html>'
like '  and may ask nobody but its own host' "$(header content-security-policy)" \
	"^default-src 'none'; .*connect-src 'self';.* frame-ancestors 'none';"
unlike '  runs nothing that stands in it' "$(header content-security-policy)" 'unsafe|data:'
like '  takes no text for markup' "$(header content-security-policy)" "require-trusted-types-for 'script'"
is '  is asked for again each time' "$(header cache-control)" no-cache
for file in $(cd "$ROOT/caddy/operator" && ls); do
	http "http://localhost:$PORT/operator/$file"
	is "  with $file" "$status" 200
done
http -X POST "http://localhost:$PORT/operator/"
is '  nothing can be posted to it' "$status $(header allow)" '405 GET, HEAD'
http --path-as-is "http://localhost:$PORT/operator/../house.caddy"
is '  nothing outside of it is there' "$status" 404
http --path-as-is "http://localhost:$PORT/operator/%2e%2e/house.caddy"
is '  by no spelling' "$status" 404
for host in acme.localhost example.com 127.0.0.1; do
	for path in /operator /operator/ /operator/operator.js; do
		http -H "Host: $host" "http://127.0.0.1:$PORT$path"
		is "$host has no $path" "$status" 404
	done
done

stop "$RESPONDER"
http "http://acme.localhost:$PORT/api/x"
is 'a pool that is down is 503' "$status $(json '$.status')" '503 503'
is '  worth trying again' "$(header retry-after)" 5
http "http://acme.localhost:$PORT/"
is '  the page is still there' "$status" 200

rm -f "$RUN/fcgi.sock"
background lost.log perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Local => shift, Listen => 9) or die;
	while (my $c = $s->accept) { sysread $c, my $in, 100; close $c }' "$RUN/fcgi.sock"
wait_for 10 test -S "$RUN/fcgi.sock"
http -X POST "http://acme.localhost:$PORT/api/x"
is 'a pool that breaks off is 502: it may have been done' \
	"$status $(header retry-after)" '502 '

done_testing
