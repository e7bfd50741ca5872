#!/bin/sh
# Whatever is wrong with a request, the answer says what, in the API's one
# shape, shows nothing of our inside, and nothing was changed.
. "$(dirname "$0")/../lib.sh"

house_new 'token.ttl = 1m'
tenant_new acme
house_start
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"as it was"}'
copy_of "$(db_of acme)" before.sqlite

inside='sqlite|SQL|SELECT|INSERT|UPDATE|/tmp|\.c:|\.sql|_users|UNIQUE|CHECK|errno'

# refused NAME STATUS PATTERN	of the last answer
refused() {
	shape=$(sqlite3 :memory: "SELECT json_extract(b, '\$.status') ||
		json_type(b, '\$.message') || json_type(b, '\$.data')
		FROM (SELECT CAST(readfile('$SCRATCH/body') AS TEXT) AS b)" 2>&1)
	is "$1" "$status $shape" "$2 ${2}textobject"
	[ -n "${3:-}" ] && like "  and says why" "$body" "$3"
	printf '%s' "$body" | grep -Eq "$inside" &&
		{ result 1 '  and shows nothing of the inside' || diag "$body"; }
}

issue=/api/projects/WEB/issues
send() {	# JSON
	api acme POST $issue "$1"
}

# JSON that is none
for text in '{' '}' '[' '{"title"}' '{"title":}' '{"title":"x",}' "{'title':'x'}" \
    '{title:"x"}' '{"title":"x"}}' '{"title":"x"} x' '{"title":nan}' '{"title":01}' \
    '{"title":.5}' '{"title":1.}' '{"title":+1}' '{"title":"\x"}' '{"title":"\u12"}' \
    '{"title":"\ud800"}' '{"title":"\udc00\ud800"}' '{"a" "b"}' '[1 2]' '{"title":tru}' \
    '{"title":"x","title":"y"}' 'x' '//' '{"title":"a	b"}'; do
	send "$text"
	refused "not JSON: $text" 400
done
printf '{"title":"\377\376"}' >utf8
http -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
	--data-binary @utf8 "http://acme.localhost:$PORT$issue"
refused 'not UTF-8' 400
printf '{"title":"a\000b"}' >nul
http -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
	--data-binary @nul "http://acme.localhost:$PORT$issue"
refused 'a NUL byte' 400
send "$(printf '[%.0s' $(seq 5000))"
like 'a hundred times too deep' "$status" '^4(00|13)$'

# not an object, or not JSON by its own word
for text in '[]' '"x"' '1' 'null' 'true'; do
	send "$text"
	refused "not an object: $text" 400
done
http -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: text/plain' \
	--data-binary '{"title":"x"}' "http://acme.localhost:$PORT$issue"
refused 'a body that is not called JSON' 415
http -X POST -H "Authorization: Bearer $TOKEN" --data-binary 'title=x' \
	"http://acme.localhost:$PORT$issue"
refused 'a form' 415

# parameters
send '{}'
refused 'a missing parameter' 400 '"title"'
send '{"title":null}'
refused 'a parameter that is null' 400 '"title"'
send '{"title":7}'
refused 'a number for a text' 400 '"title"'
send '{"title":["x"]}'
refused 'an array for a text' 400 '"title"'
send '{"title":"x","priority":"high"}'
refused 'a text for a number' 400 '"priority"'
send '{"title":"x","priority":1.5}'
refused 'a fraction for an integer' 400 '"priority"'
send '{"title":"x","priority":5}'
refused 'a number over its bound' 400 '"priority"'
send '{"title":"x","priority":99999999999999999999}'
refused 'a number over 64 bits' 400 '"priority"'
send '{"title":"x","state":"on fire"}'
refused 'a choice that is none' 400 '"state"'
send '{"title":"x","colour":"red"}'
refused 'a parameter nobody knows' 400 '"colour"'
send '{"title":"x","user_id":"me","now":"then"}'
refused 'a parameter that is the server'"'"'s' 400 'user_id|now'
send "{\"title\":\"$(printf 'x%.0s' $(seq 201))\"}"
refused 'a text over its bound' 400 '"title"'
send '{"title":"   "}'
refused 'what the schema forbids' 400 'title'
send '{"title":"x","assignee":"nobody-like-that"}'
like 'a reference to nothing' "$status" '^4(00|09)$'
api acme GET "$issue?limit=1000000"
refused 'a query over its bound' 400 '"limit"'
api acme GET "$issue?limit=1&limit=2"
refused 'a query that says it twice' 400 'limit'
api acme GET "$issue?nonsense=1"
refused 'a query nobody knows' 400 '"nonsense"'
api acme POST /api/projects/NONE/issues '{"title":"x"}'
refused 'a project that is not there' 404

# routes
for path in /api/nothing /api/projects/ /api//projects /api/projects/WEB/ /api /api/ \
    /api/projects/WEB/../WEB /api/projects/./WEB /api/%2e%2e/projects \
    /api/projects%2FWEB /API/projects; do
	http --path-as-is -H "Authorization: Bearer $TOKEN" "http://acme.localhost:$PORT$path"
	like "no such route: $path" "$status" '^40[04]$'
done
for path in '/api/projects/%' '/api/projects/%zz' '/api/projects/%00' \
    '/api/projects/%ff' '/api/projects?a=%f'; do
	http --path-as-is -H "Authorization: Bearer $TOKEN" "http://acme.localhost:$PORT$path"
	like "not a path: $path" "$status" '^40[04]$'
done
http -X GET -H "Authorization: Bearer $TOKEN" \
	"http://acme.localhost:$PORT/api/projects/$(printf 'x%.0s' $(seq 9000))"
like 'a path that is too long' "$status" '^4(00|04|14|31)$'
api acme DELETE /api/projects '{}'
refused 'a method that is not there' 405
like '  names those that are' "$(header allow)" 'GET.*POST'
http -X BREW -H "Authorization: Bearer $TOKEN" "http://acme.localhost:$PORT/api/projects"
refused 'a method that nobody knows' 405

# bodies
head -c 1048577 /dev/zero | tr '\0' ' ' >large
http -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
	--data-binary @large "http://acme.localhost:$PORT$issue"
refused 'a body over 1 MiB' 413
http -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
	-H 'Transfer-Encoding: chunked' --data-binary '{"title":""}' \
	"http://acme.localhost:$PORT$issue"
like 'a body in chunks has no length, or gets one' "$status" '^4(00|11)$'
answer=$(printf 'POST %s HTTP/1.1\nHost: acme.localhost\nAuthorization: Bearer %s\nContent-Type: application/json\nContent-Length: 500\n\n{"title":"cut off"}' \
	"$issue" "$TOKEN" | raw half)
unlike 'a body that breaks off is not taken' "$answer" '^HTTP/1.1 2'
for length in -1 1e3 0x10 99999999999999999999 '1, 2' ' '; do
	answer=$(printf 'POST %s HTTP/1.1\nHost: acme.localhost\nConnection: close\nAuthorization: Bearer %s\nContent-Type: application/json\nContent-Length: %s\n\n{"title":"odd length"}' \
		"$issue" "$TOKEN" "$length" | raw)
	unlike "a length of '$length' is not taken" "$answer" '^HTTP/1.1 2'
done

# tokens
good=$TOKEN
for token in x "$good-" "${good%?}" "$(printf '%s' "$good" | tr 'a-y' 'b-z')"; do
	TOKEN=$token
	api acme GET /api/projects
	refused 'a token that is none' 401
done
TOKEN=

api acme GET /api/health
is 'after all that the pool is healthy' "$status" 200
copy_of "$(db_of acme)" after.sqlite
is 'and nothing has changed' "$(same_rows before.sqlite after.sqlite)" ''
unlike 'no worker has crashed' "$(cat serve.log)" 'signal|assert|abort'

done_testing
