#!/bin/sh
# Prefer: durability=replicated, where it is refused before the write, and where
# it means nothing.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 4'
mkdir -p app/api/kept
cat >app/api/kept/POST.sql <<'END'
-- access: member
-- param: text text required
-- returns: one
-- status: 201
INSERT INTO notes (text) VALUES (:text) RETURNING id, text;
END
pool_start
send -t acme -d "{\"identity\":\"owner@acme.example\",\"password\":\"$PASSWORD\"}" \
	POST /api/collections/users/auth-with-password
token=$(json '$.token')
[ -n "$token" ] || bail "cannot sign in: $status $body"
prefer() {	# VALUE
	printf 'HTTP_PREFER=%s' "$1"
}

answers 'a guest may not ask for it' 401 'requires valid record authorization' \
	-t acme -p "$(prefer durability=replicated)" -d '{"text":"a"}' \
	POST /api/notes
is '  and has written nothing' "$(notes)" 0
answers 'nor anybody, without a replica' 503 "isn't available right now" \
	-t acme -a "$token" -p "$(prefer durability=replicated)" \
	-d '{"text":"b"}' POST /api/kept
is '  when to try again is said' "$(header Retry-After)" 300
is '  and nothing was written' "$(notes)" 0
ok '  why is in the log' logged 'there is no replica.url'
answers 'another preference is ignored' 201 '"text":"c"' \
	-t acme -p "$(prefer 'respond-async, durability=local')" \
	-d '{"text":"c"}' POST /api/notes
is '  and none was applied' "$(header Preference-Applied)" ''
is '  it is written' "$(notes)" 1
answers 'who reads need not wait' 200 '"text":"c"' \
	-t acme -p "$(prefer durability=replicated)" GET /api/notes
is '  and none was applied' "$(header Preference-Applied)" ''

# Signing in stores the password anew where the configuration has changed
serve_stop
printf 'password.passes = 2\nreplica.url = replica\n' >lines
sed -e '/^password.passes/d' -e '/^replica.url/d' "$CONF" | cat - lines >conf.new
mv conf.new "$CONF"
hash_of() {
	sqlite3 -readonly "$(db_of acme)" 'SELECT password_hash FROM _users'
}
was=$(hash_of)
pool_start
answers 'who signs in does not wait' 200 '"token"' \
	-t acme -p "$(prefer durability=replicated)" \
	-d "{\"identity\":\"owner@acme.example\",\"password\":\"$PASSWORD\"}" \
	POST /api/collections/users/auth-with-password
is '  and none was applied' "$(header Preference-Applied)" ''
unlike '  his password is stored anew' "$(hash_of)" "^$(printf %s "$was" |
	sed 's/[$+.]/\\&/g')\$"
answers 'without a replicator it is refused' 503 "isn't available right now" \
	-t acme -a "$token" -p "$(prefer durability=replicated)" \
	-d '{"text":"d"}' POST /api/kept
ok '  why is in the log' logged 'no replicator answers'
is '  and nothing was written' "$(notes)" 1

done_testing
