#!/bin/sh
# Asking for a new password tells nobody whether an address has an account: not
# by the answer, not by the time that it takes, not by what it leaves behind.
. "$(dirname "$0")/lib.sh"

pool_new 'mail.url = smtp://127.0.0.1:1' 'mail.from = no-reply@rowhouse.example'
N=30
sqlite3 "$(db_of acme)" "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c LIMIT $N)
	INSERT INTO _users (id, email, name, role, verified, password_hash, token_key, created, updated)
	SELECT 'user' || i, 'known' || i || '@acme.example', '', 'member', 0, 'x', 'k' || i, '', '' FROM c"
pool_start
ask() {		# ADDRESS FROM
	send -t acme -p "REMOTE_ADDR=$2" -d "{\"email\":\"$1\"}" \
	    POST /api/collections/users/request-password-reset
}
took() {	# the pool's word for the last request, in us
	tail -n 1 "$LOG" | sed -n 's|.* ms=\([0-9]*\)\.\([0-9]*\).*|\1\2|p'
}
ask "nobody@acme.example" 203.0.113.9
expected="$status $(grep -iv '^x-request-id' header | sort) $body"
same() {	# KIND	one of them is asked for, and how long it took noted
	ask "$1$i@acme.example" "192.0.$2.$i"
	took >>"$1"
	[ "$status $(grep -iv '^x-request-id' header | sort) $body" = "$expected" ]
}
i=0
while [ $i -lt $N ]; do
	# each is the first of the two as often as the other
	case $((i % 2)) in
	0) same known 2 || break; same blank 3 || break ;;
	1) same blank 3 || break; same known 2 || break ;;
	esac
	i=$((i + 1))
done
is 'the answers are the same' "$i $status" "$N 204"
is 'each leaves a mail, for somebody or nobody' "$(find data/outbox -type f | wc -l)" $((2 * N + 1))
quickest() {	# of all: a disk that others use is slow at times
	sort -n "$1" | head -n 1 | sed "s/^0*//"
}
diag "at best: $(quickest known) us with an account, $(quickest blank) us without"
ok 'they take as long' awk "BEGIN { a = $(quickest known); b = $(quickest blank);
	exit !(a < 2 * b && b < 2 * a) }"
ask "known0@acme.example" 192.0.2.250
ask "known0@acme.example" 192.0.2.250
ask "known0@acme.example" 192.0.2.250
ask "known0@acme.example" 192.0.2.250
is 'to one address four are asked for' "$status" 429
ask "blank0@acme.example" 192.0.2.251
ask "blank0@acme.example" 192.0.2.251
ask "blank0@acme.example" 192.0.2.251
ask "blank0@acme.example" 192.0.2.251
is '  whether there is an account or not' "$status" 429

# no mailer is at work here: too many wait, and whose is known by the names
rm -f data/outbox/*
uid=$(sqlite3 -readonly "$DATA/registry.db" "SELECT uid FROM tenants WHERE slug = 'acme'")
( cd data/outbox && seq -f "1795428000123-$(printf '%.5s' "$uid")%010.0f" 5000 | xargs touch )
ask "known1@acme.example" 192.0.2.252
is 'where too many wait none is left' "$status $(header Retry-After)" '503 60'
like '  and the log says why' "$(tail -n 1 "$LOG")" \
    'text="outbox: 5000 mails wait, 5000 of this tenant" hint="is a mailer running'
grep -iv '^x-request-id' header | sort >known.header
ask "blank1@acme.example" 192.0.2.253
is '  for nobody as for somebody' "$status $(grep -iv '^x-request-id' header | sort)" "503 $(cat known.header)"
rm -f data/outbox/*00
ask "known1@acme.example" 192.0.2.252
is '  until some are sent' "$status" 204
pool_stop

config_write 'replica.url =' 'statement.read = 30s'
pool_start
ask owner@acme.example 203.0.113.1
is 'a house without mail says so' "$status $body" \
    '400 {"status":400,"message":"No mail is sent from here.","data":{}}'
pool_stop
done_testing
