#!/bin/sh
# Through a real Caddy and a real pool: sign in, work, and be refused what
# one's role does not allow.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start

api acme GET /api/health
is 'the pool is healthy' "$status" 200
http "http://acme.localhost:$PORT/"
is 'the page is served' "$status $(header content-type)" '200 text/html; charset=utf-8'
like '  as a page' "$body" '<!doctype html>|<!DOCTYPE html>'

api acme GET /api/projects
is 'without a token nothing is shown' "$status $(json '$.status')" '401 401'
api acme POST /api/collections/users/auth-with-password \
	'{"identity":"owner@acme.example","password":"wrong password"}'
is 'a wrong password is refused' "$status $(json '$.message')" '400 Failed to authenticate.'
wrong=$body
api acme POST /api/collections/users/auth-with-password \
	'{"identity":"nobody@acme.example","password":"wrong password"}'
is '  as an unknown address is, to the byte' "$body" "$wrong"
like '  and has a request id' "$(header x-request-id)" '^[0-9a-zA-Z-]{8,}$'

sign_in acme
is 'the right password signs in' "$(json '$.record.email') $(json '$.record.role')" \
	'owner@acme.example owner'
is '  and nobody may keep the answer' "$(header cache-control)" 'private, no-store'
api acme POST /api/projects '{"key":"WEB","name":"Website"}'
is 'a project is made' "$status $(json '$.key')" '201 WEB'
api acme POST /api/projects '{"key":"WEB","name":"Website"}'
is '  once' "$status" 409
api acme POST /api/projects/WEB/issues '{"title":"Login fails on Safari","state":"todo","priority":3}'
is 'an issue is made' "$status $(json '$.ref')" '201 WEB-1'
api acme POST /api/issues/WEB-1/comments '{"body":"I can reproduce this: ünïcode, \ud83d\ude00"}'
is '  commented on' "$status $(json '$.body')" '201 I can reproduce this: ünïcode, 😀'
api acme PATCH /api/issues/WEB-1 '{"version":1,"state":"doing"}'
is '  moved' "$status $(json '$.state')" '200 doing'
api acme PATCH /api/issues/WEB-1 '{"version":1,"state":"done"}'
is '  not by who had not seen that' "$status" 409
api acme GET /api/issues/WEB-1
is '  read' "$status $(json '$.title') $(json '$.state')" '200 Login fails on Safari doing'
etag=$(header etag)
http -H "Authorization: Bearer $TOKEN" -H "If-None-Match: $etag" \
	"http://acme.localhost:$PORT/api/issues/WEB-1"
is '  unchanged since' "$status" 304
api acme GET '/api/search?q=safari'
is '  found' "$status $(json '$.items[0].ref')" '200 WEB-1'
api acme GET /api/issues/WEB-2
is 'what is not there is 404' "$status" 404

owner=$TOKEN
api acme POST /api/collections/users/records "{\"email\":\"ben@acme.example\",
	\"name\":\"Ben\",\"role\":\"member\",\"password\":\"$PASSWORD\",
	\"passwordConfirm\":\"$PASSWORD\"}"
is 'the owner adds a member' "$status $(json '$.role')" '200 member'
ben=$(json '$.id')
sign_in acme ben@acme.example
member=$TOKEN
api acme GET /api/projects
is 'who sees the projects' "$status $(json '$.items[0].key')" '200 WEB'
api acme POST /api/projects '{"key":"MINE","name":"Mine"}'
is '  and may make none' "$status" 403
api acme PATCH "/api/collections/users/records/$ben" '{"role":"owner"}'
like '  nor become an owner' "$status" '^40[03]$'
api acme POST /api/collections/users/auth-refresh '{}'
is 'a token is renewed' "$status" 200
api acme PATCH "/api/collections/users/records/$ben" "{\"oldPassword\":\"$PASSWORD\",
	\"password\":\"another long one\",\"passwordConfirm\":\"another long one\"}"
is 'a password is changed' "$status" 200
api acme GET /api/projects
is '  and revokes the old tokens' "$status" 401
sign_in acme ben@acme.example 'another long one'
api acme GET /api/projects
is '  the new one signs in' "$status" 200

TOKEN=$owner
ok 'the tenant is suspended' "$ROWHOUSE" tenant suspend acme
suspended() {
	api acme GET /api/projects
	[ "$status" = 503 ]
}
ok '  which is a 503' wait_for 5 suspended
like '  worth trying again' "$(header retry-after)" '^[0-9]+$'
ok '  resumed' "$ROWHOUSE" tenant resume acme
resumed() {
	api acme GET /api/projects
	[ "$status" = 200 ]
}
ok '  and is back' wait_for 5 resumed
like 'the log has a line for a request' "$(grep tenant=acme serve.log | head -n 1)" \
	'^[0-9TZ:.-]+ info worker\[[0-9]+\] request '
unlike 'and no password or token' "$(cat serve.log)" \
	"$(printf '%s' "$PASSWORD" | tr ' ' '.')|another.long.one|$owner|$member"

unlike 'Caddy took every answer for whole' "$(cat caddy.log)" 'reading from backend|aborting'
done_testing
