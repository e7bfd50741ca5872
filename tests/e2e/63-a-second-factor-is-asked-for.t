#!/bin/sh
# A second factor: the password alone lets nobody in, each code is good once,
# guesses are limited, and an unmodified SDK of PocketBase can say it.
. "$(dirname "$0")/../lib.sh"

SDK=0.28.1

house_new 'workers = 2'
tenant_new acme
tenant_new globex
house_start
users=/api/collections/users

# code SECRET AWAY	by another hand than ours
code() {
	/usr/bin/python3 -c 'import base64, hashlib, hmac, struct, sys, time
step = int(time.time()) // 30 + int(sys.argv[2])
mac = hmac.new(base64.b32decode(sys.argv[1]), struct.pack(">Q", step), hashlib.sha1).digest()
at = mac[19] & 15
print("%06d" % ((struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 10 ** 6))' "$1" "$2"
}
# The codes of a passage are to be of one time: not at the end of it.
fresh() {
	early() {
		[ $(($(date +%s) % 30)) -lt 24 ]
	}
	wait_for 10 early
}
# with_password	as the owner, sets MFA
with_password() {
	TOKEN=
	api acme POST $users/auth-with-password \
	    "{\"identity\":\"owner@acme.example\",\"password\":\"$PASSWORD\"}"
	MFA=$(json '$.mfaId')
}
# with_code CODE [MFA]
with_code() {
	TOKEN=
	api acme POST $users/auth-with-otp \
	    "{\"otpId\":\"any\",\"password\":\"$1\",\"mfaId\":\"${2:-$MFA}\"}"
}

sign_in acme
owner=$TOKEN
id=$(json '$.record.id')
api acme GET $users/factor
is 'nobody has one to begin with' "$status $body" '200 {"enabled":false,"recovery":0}'
api acme POST $users/request-factor '{"password":"wrong"}'
is 'it takes the password' "$status $(json '$.data.password.code')" '400 validation_invalid_value'
api acme POST $users/request-factor "{\"password\":\"$PASSWORD\"}"
is '  and then is shown' "$status" 200
secret=$(json '$.secret')
like '  in base 32' "$secret" '^[A-Z2-7]{32}$'
is '  and for a QR code' "$(json '$.url')" "otpauth://totp/acme:owner%40acme.example?secret=$secret&issuer=acme&algorithm=SHA1&digits=6&period=30"
sign_in acme
is 'it is not in force yet' "$status" 200
TOKEN=$owner
api acme POST $users/confirm-factor '{"code":"000000"}'
is '  nor for a wrong code' "$status $(json '$.data.code.code')" '400 validation_invalid_value'
fresh
api acme POST $users/confirm-factor "{\"code\":\"$(code "$secret" -1)\"}"
is 'a right code puts it in force' "$status" 200
is '  and gives ten for the day it is lost' "$(json '$.recovery' | tr ',' '\n' | grep -c '[a-z0-9]\{5\}-[a-z0-9]\{5\}')" 10
recovery=$(json '$.recovery[0]')
api acme POST $users/request-factor "{\"password\":\"$PASSWORD\"}"
is '  and there is no second one' "$status" 409

with_password
is 'the password alone does not do' "$status $(json '$.token')" '401 '
like '  but leads to the code' "$MFA" "^$id\\.[0-9]+\\.[0-9a-f]{64}\$"
TOKEN=$MFA
api acme GET /api/projects
is '  and is no token' "$status" 401
with_code 000000
is 'a wrong code' "$status $body" '400 {"status":400,"message":"Failed to authenticate.","data":{}}'
first=$(code "$secret" 0)
with_code "$first" "${MFA%?}x"
is 'a right code without the password' "$status" 400
with_code "$first"
is 'both' "$status" 200
TOKEN=$(json '$.token')
api acme GET /api/projects
is '  are a session' "$status" 200
with_code "$first"
is 'a code that was used' "$status" 400
with_code "$recovery"
is 'a recovery code' "$status" 200
with_code "$recovery"
is '  once' "$status" 400
TOKEN=$owner
api acme GET $users/factor
is '  and nine are left' "$body" '{"enabled":true,"recovery":9}'
api acme GET "/api/audit?action=signed-in"
is 'the log says how' "$(json '$.items[0].new'), $(json '$.items[1].new')" 'recovery code, code'
is 'nothing secret is in it, nor in a log' "$(grep -c "$secret\|$recovery\|$first" serve.log)" 0

# the same code, many times at once
fresh
sqlite3 "$(db_of acme)" 'UPDATE _factors SET step = 0'
with_password
same=$(code "$secret" 0)
for n in 1 2 3 4 5; do
	background "at-once.$n" curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
	    -d "{\"password\":\"$same\",\"mfaId\":\"$MFA\"}" "http://acme.localhost:$PORT$users/auth-with-otp"
done
all_answered() {
	[ "$(cat at-once.* | wc -c)" -eq 15 ]
}
wait_for 20 all_answered
is 'of five who bring one code at once one is let in' "$(cat at-once.* | grep -o ... | sort | tr '\n' ' ')" \
    '200 400 400 400 400 '

# the SDK, as it comes
if HOME=$SCRATCH npm install --prefix "$SCRATCH" --ignore-scripts --no-audit --no-fund \
    "pocketbase@$SDK" >npm.log 2>&1; then
	cat >sdk.mjs <<-'END'
	import dns from "node:dns";
	import PocketBase from "pocketbase";
	// what browsers and curl know by themselves
	dns.lookup = (host, options, done) =>
		options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
	const [url, email, password, code] = process.argv.slice(2);
	const pb = new PocketBase(url);
	const users = pb.collection("users");
	const methods = await users.listAuthMethods();
	try {
		await users.authWithPassword(email, password);
		console.log("let in");
	} catch (error) {
		const mfaId = error.response.mfaId;
		const { otpId } = await users.requestOTP(email);
		await users.authWithOTP(otpId, code, { mfaId });
		console.log(error.status, methods.mfa.enabled, pb.authStore.isValid, pb.authStore.record.email);
	}
	END
	fresh
	sqlite3 "$(db_of acme)" 'UPDATE _factors SET step = 0'
	is "PocketBase's SDK says it" "$(node sdk.mjs "http://acme.localhost:$PORT" owner@acme.example \
	    "$PASSWORD" "$(code "$secret" 1)" 2>&1)" '401 true true owner@acme.example'
else
	skip "PocketBase's SDK says it" "npm cannot fetch pocketbase $SDK: $(tail -n 1 npm.log)"
fi

# what ends it
with_password
ticket=$MFA
TOKEN=$owner
api acme POST "$users/records/$id/sign-out"
with_code "$(code "$secret" 1)" "$ticket"
is 'signing out everywhere ends what the password began' "$status" 400
sign_in globex
api globex POST $users/auth-with-otp "{\"password\":\"123456\",\"mfaId\":\"$ticket\"}"
is 'at another tenant it is nothing' "$status $body" \
    '400 {"status":400,"message":"Failed to authenticate.","data":{}}'

# guesses
with_password
i=0
while [ $i -lt 12 ]; do
	with_code "00000$((i % 10))"
	[ "$status" = 400 ] || break
	i=$((i + 1))
done
is 'codes are guessed ten times and no more' "$status" 429
ok "  or before" test $i -le 10
copy_of "$(db_of acme)" before.sqlite
with_code "000000"
copy_of "$(db_of acme)" after.sqlite
is '  and write nothing' "$(same_rows before.sqlite after.sqlite)" ''

# who has lost it
tenant_new initech
sign_in initech
owner=$TOKEN
api initech POST $users/records '{"email":"ada@initech.example","password":"'"$PASSWORD"'",
	"passwordConfirm":"'"$PASSWORD"'"}'
ada=$(json '$.id')
sign_in initech ada@initech.example
hers=$TOKEN
api initech POST $users/request-factor "{\"password\":\"$PASSWORD\"}"
secret=$(json '$.secret')
fresh
api initech POST $users/confirm-factor "{\"code\":\"$(code "$secret" 0)\"}"
is 'a member has one' "$status" 200
api initech POST "$users/records/$ada/remove-factor"
is '  which a token alone does not remove' "$status" 403
api initech POST $users/remove-factor "{\"password\":\"$PASSWORD\",\"code\":\"000000\"}"
is '  nor the password' "$status" 400
api initech POST $users/remove-factor "{\"password\":\"wrong\",\"code\":\"$(code "$secret" 1)\"}"
is '  nor a code' "$status" 400
TOKEN=$owner
api initech POST "$users/records/$ada/remove-factor"
is '  an owner does' "$status" 204
api initech POST "$users/records/$ada/remove-factor"
is '  once' "$status" 404
sign_in initech ada@initech.example
is '  and the password alone does again' "$status" 200
TOKEN=$hers
api initech GET $users/factor
is '  who was signed in stays it' "$status $body" '200 {"enabled":false,"recovery":0}'
is 'nobody was in trouble' "$(grep -c 'level=error\|status=5' serve.log)" 0

done_testing
