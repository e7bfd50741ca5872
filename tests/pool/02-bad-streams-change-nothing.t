#!/bin/sh
# A request that is not whole, not FastCGI, too long, without a length or not
# JSON is refused or dropped: nothing is written, and the pool goes on.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 1' 'request.body_max = 64KiB' 'request.timeout = 500ms'
pool_start
note first
is 'there is one note' "$(notes)" 1
worker=$(workers)

bad='{"text":"bad"}'
post() {	# NAME STATUS PATTERN OPTION…
	name=$1 want=$2 pattern=$3
	shift 3
	answers "$name" "$want" "$pattern" -t acme "$@" POST /api/notes
}
post 'a byte less than announced' 400 'The body ended after 13 of 14 bytes' \
    -d "$bad" -m short
post 'a byte more' 400 'The body is longer than the 14 bytes announced' \
    -d "$bad" -m long
post 'broken off in the body' 400 'The body broke off after 7 of 14 bytes' \
    -d "$bad" -m cut
post 'aborted in the body' 400 'The body broke off after 7 of 14 bytes' \
    -d "$bad" -m abort
post 'broken off in the parameters' none '^$' -d "$bad" -m cut-params
post 'a parameter that cannot be so long' none '^$' -d "$bad" -m liar
post 'not FastCGI' none '^$' -m garbage
post 'another role' none '^$' -d "$bad" -m filter
begun=$(now_ms)
post 'nothing at all' none '^$' -m silent
post 'a byte now and then' 400 'The body broke off after [0-9]+ of 14' \
    -d "$bad" -m drip -w 100
took=$(($(now_ms) - begun))
ok '  is dropped after request.timeout' test $took -ge 900 -a $took -lt $((10000 * PATIENCE))
diag "both took $took ms"

post 'no length' 411 'The request has no Content-Length' -d "$bad" -p CONTENT_LENGTH
post 'a length that Caddy does not know' 411 'no Content-Length' \
    -d "$bad" -p CONTENT_LENGTH=-1
post 'a length that is none' 400 'Content-Length is not a number' \
    -d "$bad" -p CONTENT_LENGTH=1e3
post 'as long as may be' 400 'The body is not JSON' -b 65536
post 'a byte longer' 413 'The body is 65537 bytes, more than 65536' -b 65537
post 'very long' 413 'The body is 6000000 bytes, more than 65536' -b 6000000
post 'longer than is drained before the answer' 413 'The body is 12000000 bytes' -b 12000000
post 'too long to be read at all' none '' -b 40000000
post 'said to be too long, and short' 413 'The body is 99999999 bytes' \
    -d "$bad" -p CONTENT_LENGTH=99999999
post 'form data' 415 'The body must be application/json' -d "$bad" \
    -p HTTP_CONTENT_TYPE=application/x-www-form-urlencoded
post 'no type but what Caddy makes up' 415 'must be application/json' -d "$bad" \
    -p HTTP_CONTENT_TYPE -p CONTENT_TYPE=application/x-www-form-urlencoded
post 'Latin-1' 415 'must be application/json, in UTF-8' -d "$bad" \
    -p 'HTTP_CONTENT_TYPE=application/json; charset=iso-8859-1'
post 'broken JSON' 400 'The body is not JSON: ' -d '{"text":"bad",}'
post 'JSON, but no object' 400 'The body is not a JSON object' -d '["bad"]'
post 'a field twice' 400 'The body is not JSON: ' -d '{"text":"bad","text":"bad"}'
answers 'a GET with a body' 400 'GET takes no body' -t acme -d "$bad" GET /api/notes
answers 'a GET with a body of unknown length' 411 'no Content-Length' \
    -t acme -p CONTENT_LENGTH=-1 GET /api/notes
post 'the tenant twice' 400 'TENANT came twice' -d "$bad" -p ++TENANT=globex
post 'the path twice' 400 'REQUEST_URI came twice' -d "$bad" -p ++REQUEST_URI=/
set --
i=0
while [ $i -lt 260 ]; do
	set -- "$@" -p "HTTP_X_$i=1"
	i=$((i + 1))
done
post 'very many headers' 400 'more than 256 headers' -d "$bad" "$@"
post 'very long headers' 400 'headers are longer than 65536 bytes' -d "$bad" \
    -p "HTTP_X=$(printf '%70000d' 1)"
post 'a very long path' 400 'path is longer|address is longer' -d "$bad" \
    -p "REQUEST_URI=/$(printf '%09000d' 1)"

is 'nothing of all that was written' "$(notes)" 1
note second
is 'the pool goes on' "$status" 201
is '  with the same worker' "$(workers)" "$worker"

send -t acme -d "$bad" -m gone POST /api/notes
three() { [ "$(notes)" -eq 3 ]; }
ok 'who does not wait for the answer has asked all the same' wait_for 10 three
send -t acme -m keep GET /api/health
is 'a connection that was to be kept is closed, with its answer' "$status" 200
is 'the worker is still the same' "$(workers)" "$worker"
pool_stop
done_testing
