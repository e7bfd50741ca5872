#!/bin/sh
# Signing in with a password: the token works where it was issued and nowhere
# else; attempts are limited by account and by address before any hashing.
. "$(dirname "$0")/lib.sh"

pool_new
tenant_new globex
pool_start
uri=/api/collections/users/auth-with-password

try() {		# TENANT IDENTITY PASSWORD [OPTION…]
	t=$1 who=$2 with=$3
	shift 3
	send -t "$t" -d "{\"identity\":\"$who\",\"password\":\"$with\"}" "$@" POST $uri
}

try acme owner@acme.example "$PASSWORD"
is 'the owner signs in' "$status" 200
is '  and is told who he is' "$(json '$.record.email')" owner@acme.example
token=$(json '$.token')
answers '  his token is his' 200 '"tenant":"acme"' -t acme -a "$token" GET /api/mine
answers '  with Bearer too' 200 '"tenant":"acme"' -t acme -a "bearer $token" GET /api/mine
answers '  at another tenant it is nothing' 401 'requires valid record authorization' \
    -t globex -a "$token" GET /api/mine
is '  and that is said' "$(header WWW-Authenticate)" Bearer
answers '  changed it is nothing' 401 'requires' -t acme -a "${token}x" GET /api/mine
answers '  where nobody has to be known it is no matter' 200 items \
    -t acme -a nonsense GET /api/notes
answers 'refresh' 200 '"token":"' -t acme -a "$token" -p CONTENT_LENGTH=0 \
    POST /api/collections/users/auth-refresh
answers '  without a token' 401 requires -t acme POST /api/collections/users/auth-refresh
answers 'auth-methods' 200 '"identityFields":\["email"\]' \
    -t acme GET /api/collections/users/auth-methods
answers 'a list of users' 200 '"totalItems":1' -t acme -a "$token" \
    GET '/api/collections/users/records?perPage=5'
answers '  with a bad page' 400 '"page":\{"code"' -t acme -a "$token" \
    GET '/api/collections/users/records?page=x'
answers '  with a filter that is not there' 400 '"filter":\{"code"' -t acme -a "$token" \
    GET '/api/collections/users/records?filter=x'
answers '  for a guest' 401 requires -t acme GET /api/collections/users/records
answers 'no password' 400 '"password":\{"code":"validation_required"' \
    -t acme -d '{"identity":"x"}' POST $uri
answers 'no body' 400 '"identity":\{"code":"validation_required"' -t acme POST $uri
answers 'a number' 400 '"password":\{"code"' -t acme \
    -d '{"identity":"x","password":1}' POST $uri

i=0
while [ $i -lt 10 ]; do
	try acme owner@acme.example "wrong $i" -p "REMOTE_ADDR=192.0.2.$i"
	[ "$status" = 400 ] || break
	i=$((i + 1))
done
is 'ten wrong passwords are ten times wrong' $i 10
is '  and said to be no more than that' "$body" \
    '{"status":400,"message":"Failed to authenticate.","data":{}}'
try acme OWNER@acme.example "$PASSWORD" -p REMOTE_ADDR=192.0.2.99
is 'the next attempt is one too many, from anywhere' "$status" 429
like '  and says so' "$body" 'Too many attempts to sign in to this account'
like '  and how long' "$(header Retry-After)" '^([1-9]|10)$'
answers '  who is signed in goes on' 200 '"tenant":"acme"' -t acme -a "$token" GET /api/mine
try globex owner@globex.example "$PASSWORD" -p REMOTE_ADDR=192.0.2.99
is '  others sign in' "$status" 200

i=0
while [ $i -lt 70 ]; do
	try globex "nobody$i@globex.example" x -p REMOTE_ADDR=198.51.100.7
	[ "$status" = 400 ] || break
	i=$((i + 1))
done
ok 'an address has some attempts' test $i -ge 60 -a $i -lt 70
is '  and then no more' "$status" 429
like '  for a while' "$body" 'Too many attempts to sign in from this address'
try globex owner@globex.example "$PASSWORD" -p REMOTE_ADDR=198.51.100.8
is '  another has' "$status" 200
i=0
while [ $i -lt 30 ]; do
	try globex owner@globex.example "$PASSWORD" -p REMOTE_ADDR=203.0.113.$i
	[ "$status" = 200 ] || break
	i=$((i + 1))
done
is 'the right password does not use its account up' $i 30

# Who has got hold of a token does not find out the password by asking.
tenant_new initech
try initech owner@initech.example "$PASSWORD"
token=$(json '$.token')
me=/api/collections/users/records/$(json '$.record.id')
change() {	# OLD NEW
	send -t initech -a "$token" -d "{\"oldPassword\":\"$1\",\"password\":\"$2\",
		\"passwordConfirm\":\"$2\"}" PATCH "$me"
}
i=0
while [ $i -lt 11 ]; do
	change "wrong $i" 'another password'
	[ "$status" = 400 ] || break
	i=$((i + 1))
done
is 'ten wrong old passwords are ten times wrong' $i 10
is '  and the next attempt is one too many' "$status" 429
like '  as one to sign in' "$body" 'Too many attempts to sign in to this account'
change "$PASSWORD" 'another password'
is '  even with the right one' "$status" 429
send -t initech -a "$token" -d '{"name":"Bill"}' PATCH "$me"
is '  what needs no password goes on' "$status" 200
pool_stop
done_testing
