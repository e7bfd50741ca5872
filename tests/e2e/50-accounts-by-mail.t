#!/bin/sh
# A new password, an address confirmed and changed, and an invitation, each by a
# link that came by mail, through a real mail server with TLS and a login: good
# once, for one account of one tenant; and nobody is told who has an account.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/smtp/smtp.sh"

smtp_new
printf 'user = rowhouse\npassword = a secret of the server\n' >smtp/login
chmod 600 smtp/login
house_new "mail.url = smtp://localhost:$SMTP_PORT" 'mail.from = no-reply@rowhouse.example' \
    "mail.ca = $SMTP/cert.pem" "mail.login = $SMTP/login" 'mail.link = http://{host}:8080' \
    'mail.per_recipient = 100'
tenant_new acme
tenant_new globex
smtp_start "$SMTP/cert.pem" "$SMTP/key.pem" rowhouse 'a secret of the server'
chmod 644 smtp/login
like 'check sees a login that everybody may read' "$("$ROWHOUSE" check)" \
    'a password that everybody may read \(mode 0644\)'
chmod 600 smtp/login
house_start
is 'who has the login is the mailer, and in no argument or environment' "$(
    for p in $SERVE $(descendants "$SERVE"); do
	cat "/proc/$p/cmdline" "/proc/$p/environ"
    done | grep -c 'a secret of the server')" 0
users=/api/collections/users
old=$PASSWORD

mailed() {	# COUNT ADDRESS	so many have come to it
	wait_for 20 mails_are "$1" "$2" ||
		bail "$(mails "$2") mails to $2, not $1; $(tail -n 3 serve.log)"
}

# --- a new password ---------------------------------------------------------
sign_in acme
session=$TOKEN
TOKEN=
api acme POST $users/request-password-reset '{"email":"OWNER@acme.example"}'
is 'a new password is asked for' "$status:$body" 204:
mailed 1 OWNER@acme.example
letter=$(tr -d '\r' <"$(mail_to OWNER@acme.example)")
like '  the mail is from the house' "$letter" '^From: no-reply@rowhouse.example$'
like '  has a subject' "$letter" '^Subject: Choose a new password for acme.localhost$'
like '  and a link to the tenant' "$letter" \
    '^http://acme.localhost:8080/#/confirm-password-reset/[A-Za-z0-9_.-]{200,}$'
like '  and went over TLS with the login' "$(cat smtp/log)" '^AUTH (PLAIN|LOGIN) ok$'
token=$(mail_token OWNER@acme.example)
wait_for 10 outbox_empty
is '  nothing of it is left in the outbox' "$(outbox)" 0
is '  nor was it ever in the registry' "$(grep -c "$token" data/registry.db data/registry.db-wal |
    grep -cv ':0$')" 0

reset() {	# SLUG TOKEN PASSWORD
	api "$1" POST $users/confirm-password-reset \
	    "{\"token\":\"$2\",\"password\":\"$3\",\"passwordConfirm\":\"$3\"}"
}
reset globex "$token" 'somebody elses'
is 'it is nothing at another tenant' "$status" 400
like '  and that is said of the token' "$body" '"token":\{"code":"validation_invalid_token"'
reset acme "${token%?}" 'somebody elses'
is '  nor where a character is missing' "$status" 400
api acme POST $users/confirm-verification "{\"token\":\"$token\"}"
is '  nor for another purpose' "$status" 400
TOKEN=$token
api acme GET /api/projects
is '  nor to be signed in with' "$status" 401
TOKEN=
reset acme "$token" short
like '  a password that is too short is refused' "$body" '"password":\{"code":"validation_length_too_short"'
reset acme "$token" 'the new password'
is 'at its own it is taken' "$status:$body" 204:
reset acme "$token" 'another new password'
is '  once' "$status" 400
TOKEN=$session
api acme POST $users/auth-refresh
is '  and who was signed in is so no more' "$status" 401
sign_in acme owner@acme.example 'the new password'
is '  the new password is the password' "$status" 200
is '  and the address is verified' "$(json '$.record.verified')" 1
PASSWORD='the new password'

# --- the mailer is killed ------------------------------------------------------
TOKEN=
mailer=$(processes mailer)
kill -s KILL "$mailer"
api acme POST $users/request-password-reset '{"email":"owner@acme.example"}'
wait_for 20 mails_are 1 owner@acme.example
is 'a mailer that was killed is started again' "$status $(mails owner@acme.example)" '204 1'

# --- nobody is told ----------------------------------------------------------
TOKEN=
before=$(mails)
for what in request-password-reset request-verification; do
	api acme POST $users/$what '{"email":"nobody@acme.example"}'
	is "$what of nobody: the same answer" "$status:$body" 204:
done
api acme POST $users/request-verification '{"email":"owner@acme.example"}'
is 'an address that is verified is not verified again' "$status:$body" 204:
wait_for 10 outbox_empty
is '  and none of it is sent' "$(mails)" "$before"
api acme POST $users/request-password-reset '{"email":"no address"}'
like 'what is no address is refused' "$status $body" '^400 .*"email":\{"code":"validation_invalid_email"'
api acme POST $users/request-password-reset '{"email":"a@b.c\r\nBcc: x@y.z"}'
is '  and what would be two headers' "$status" 400
api acme POST $users/request-password-reset '{}'
like '  and nothing' "$body" '"email":\{"code":"validation_required"'

# --- an address ----------------------------------------------------------------
tenant_owner() { sqlite3 -readonly "$(db_of "$1")" "SELECT verified, email FROM _users WHERE role = 'owner'"; }
api globex POST $users/request-verification '{"email":"owner@globex.example"}'
mailed 1 owner@globex.example
token=$(mail_token owner@globex.example)
api acme POST $users/confirm-verification "{\"token\":\"$token\"}"
is 'another tenant takes no verification' "$status" 400
api globex POST $users/confirm-verification "{\"token\":\"$token\"}"
is 'an address is verified' "$status $(tenant_owner globex)" '204 1|owner@globex.example'
api globex POST $users/confirm-verification "{\"token\":\"$token\"}"
is '  once' "$status" 400

api globex POST $users/request-email-change '{"newEmail":"boss@globex.example"}'
is 'who is not signed in changes no address' "$status" 401
sign_in globex owner@globex.example "$old"
session=$TOKEN
api globex POST $users/request-email-change '{"newEmail":"owner@globex.example"}'
is 'an address that is taken: the same answer' "$status:$body" 204:
api globex POST $users/request-email-change '{"newEmail":"boss@globex.example"}'
is '  as one that is not' "$status:$body" 204:
mailed 1 boss@globex.example
TOKEN=
token=$(mail_token boss@globex.example)
change() {
	api globex POST $users/confirm-email-change "{\"token\":\"$token\",\"password\":\"$1\"}"
}
change 'not the password'
like 'the link alone is not enough' "$status $body" '^400 .*"password":\{"code":"validation_invalid_password"'
change "$old"
is 'with the password it is' "$status $(tenant_owner globex)" '204 1|boss@globex.example'
change "$old"
is '  once' "$status" 400
TOKEN=$session
api globex POST $users/auth-refresh
is '  and sessions are over' "$status" 401

# --- an invitation -----------------------------------------------------------
sign_in acme
api acme POST $users/invitations '{"email":"new@acme.example","role":"admin","name":"New"}'
is 'an owner invites' "$status" 200
like '  somebody who is an account then' "$body" '"email":"new@acme.example".*"role":"admin"'
id=$(json '$.id')
mailed 1 new@acme.example
first=$(mail_token new@acme.example)
api acme GET $users/invitations
is '  is on the list' "$(json '$.items[0].email')" new@acme.example
api acme POST $users/invitations '{"email":"new@acme.example"}'
is 'he is invited again' "$status $(json '$.id')" "200 $id"
mailed 2 new@acme.example
token=$(cat smtp/mail/[0-9]* | tr -d '\r' | sed -n 's|.*/#/confirm-invitation/||p' | grep -v "$first")
owner=$TOKEN
TOKEN=
api acme POST $users/request-password-reset '{"email":"new@acme.example"}'
api acme POST $users/auth-with-password '{"identity":"new@acme.example","password":""}'
is 'nobody signs in as one who was only invited' "$status" 400
come() {
	api acme POST $users/confirm-invitation \
	    "{\"token\":\"$1\",\"password\":\"my own words\",\"passwordConfirm\":\"my own words\"}"
}
come "$first"
is 'the first link is no longer good' "$status" 400
come "$token"
is 'the second is' "$status:$body" 204:
come "$token"
is '  once' "$status" 400
is '  and he got no other mail' "$(mails new@acme.example)" 2
sign_in acme new@acme.example 'my own words'
is 'he is in, as what he was invited for' "$(json '$.record.role') $(json '$.record.verified')" 'admin 1'
api acme POST $users/invitations '{"email":"o2@acme.example","role":"owner"}'
is 'an admin invites no owner' "$status" 403
api acme POST $users/invitations '{"email":"owner@acme.example"}'
like 'nor one who is there' "$status $body" '^409 .*"email":\{"code":"validation_not_unique"'
api acme POST $users/invitations '{"email":"m@acme.example"}'
mailed 1 m@acme.example
member=$(json '$.id')
late=$(mail_token m@acme.example)
api acme DELETE $users/invitations/"$id"
is 'one who has come is no invitation' "$status" 404
api acme DELETE $users/invitations/"$member"
is 'an invitation is taken back' "$status" 204
api acme GET $users/invitations
is '  and is gone' "$body" '{"items":[]}'
TOKEN=
come "$late"
is '  its link leads nowhere' "$status" 400

# The last one who can sign in as owner stays, whoever was invited.
TOKEN=$owner
api acme POST $users/invitations '{"email":"o3@acme.example","role":"owner"}'
sign_in acme owner@acme.example
api acme DELETE $users/records/"$(json '$.record.id')"
is 'the last owner does not go because another was invited' "$status" 409

# --- the audit log ---------------------------------------------------------------
TOKEN=$owner
api acme GET '/api/audit?limit=200'
logged() {	# ACTION
	sqlite3 :memory: "SELECT json_extract(value, '\$.email'), json_extract(value, '\$.old'),
		json_extract(value, '\$.new') FROM json_each(readfile('$SCRATCH/body'), '\$.items')
		WHERE json_extract(value, '\$.action') = '$1' ORDER BY json_extract(value, '\$.id')" | tr '\n' ' '
}
is 'the log has the password that was set by mail' "$(logged password-changed)" 'owner@acme.example|| '
is '  who was invited' "$(logged user-invited)" 'owner@acme.example||new@acme.example owner@acme.example||new@acme.example new@acme.example||m@acme.example owner@acme.example||o3@acme.example '
is '  who came' "$(logged user-joined)" 'new@acme.example|| '
is '  and whose invitation was taken back' "$(logged user-removed)" 'new@acme.example|m@acme.example| '
sign_in globex boss@globex.example "$old"
api globex GET '/api/audit'
is '  and the address that was confirmed' "$(logged email-changed)" 'owner@globex.example|owner@globex.example|boss@globex.example '

# --- limits --------------------------------------------------------------------
TOKEN=
i=0
while [ $i -lt 6 ]; do
	api acme POST $users/request-password-reset '{"email":"victim@acme.example"}'
	[ "$status" = 204 ] || break
	i=$((i + 1))
done
is 'an address is asked for four mails' $i 4
like '  and no more, whether it has an account or not' "$status $body" \
    '^429 .*Too many mails asked for to this account'
ok '  for a while' test "$(header Retry-After)" -gt 60
is 'no worker has said more than it should' "$(grep -c "$token" serve.log)" 0
done_testing
