#!/bin/sh
# A request gets an answer with its status, its length and an id of its own;
# HEAD, OPTIONS, unknown routes and methods as RFC 9110 has them.
. "$(dirname "$0")/lib.sh"

pool_new
pool_start

answers 'health' 200 '^\{"message":"API is healthy.","code":200,"data":\{\}}$' \
    -t acme GET /api/health
is '  its type' "$(header Content-Type)" application/json
is '  its length' "$(header Content-Length)" "$(wc -c <body | tr -d ' ')"
is '  is for nobody else' "$(header Cache-Control)" 'private, no-store'
first=$(header X-Request-Id)
send -t acme -p HTTP_X_REQUEST_ID=mine GET /api/health
like 'an id is the pool'\''s own' "$(header X-Request-Id)" '^[a-z0-9]{10}-[0-9a-f]+$'
ok '  and used once' test "$(header X-Request-Id)" != "$first"
ok '  and logged' logged "path=/api/health status=200 tenant=acme .* id=$(header X-Request-Id)"

answers 'a write' 201 '^\{"id":1,"text":"one"}$' \
    -t acme -d '{"text":"one"}' POST /api/notes
answers 'a read' 200 '^\{"id":1,"text":"one"}$' -t acme GET /api/notes/1
tag=$(header ETag)
like '  has a tag' "$tag" '^"[0-9a-f]{32}"$'
answers '  which is the same again' 200 one -t acme GET /api/notes/1
is '  on whatever worker' "$(header ETag)" "$tag"
answers '  and saves the body' 304 '^$' -t acme \
    -p "HTTP_IF_NONE_MATCH=\"x\", W/$tag" GET /api/notes/1
is '  with the tag' "$(header ETag)" "$tag"
is '  without a length' "$(header Content-Length)" ''
answers 'HEAD has no body' 200 '^$' -t acme HEAD /api/notes/1
is '  but its length' "$(header Content-Length)" 21
is '  and its tag' "$(header ETag)" "$tag"

answers 'OPTIONS on a route of ours' 204 '^$' -t acme OPTIONS /api/health
is '  says what there is' "$(header Allow)" 'GET, HEAD, OPTIONS'
answers 'OPTIONS on an endpoint' 204 '^$' -t acme OPTIONS /api/notes
is '  says what there is' "$(header Allow)" 'GET, POST, HEAD, OPTIONS'
answers 'OPTIONS on nothing' 404 found -t acme OPTIONS /api/none
answers 'a method that is not there' 405 'The method DELETE is not allowed here' \
    -t acme DELETE /api/notes
is '  says what is' "$(header Allow)" 'GET, POST, HEAD, OPTIONS'
answers '  with a made-up one' 405 'The method BREW' -t acme BREW /api/health
is '  says what is' "$(header Allow)" 'GET, HEAD, OPTIONS'
for uri in / /api /api/none /api/notes/1/2 /API/notes /api/notes/ //api/notes \
    /x/y/z/a/b/c/d/e/f/g/h/i/j/k /api/collections/notes/records; do
	answers "$uri" 404 \
	    '^\{"status":404,"message":"The requested resource wasn.t found.","data":\{\}}$' \
	    -t acme GET "$uri"
done
for uri in /api/../etc /api/%2e%2e/x /api/%00 /api/%zz /api/%ff '/api/notes?a=%f' \
    'http://x/api/notes' '*'; do
	answers "$uri" 400 '^\{"status":400,"message":"The (path|query) .*[.]","data":\{\}}$' \
	    -t acme GET "$uri"
done
answers 'a parameter that nobody declared' 400 '"data":\{"zap":\{"code":"validation_unknown"' \
    -t acme GET '/api/notes?zap=1'
answers 'one that is missing' 400 '"data":\{"text":\{"code":"validation_required"' \
    -t acme -d '{}' POST /api/notes
answers 'a row that is not there' 404 found -t acme GET /api/notes/99

pool_stop
is 'it stops cleanly' "$(grep -c ' stopped ' "$LOG")" 1
unlike '  without an error in the log' "$(cat "$LOG")" ' error '
done_testing
