#!/bin/sh
# What is in the outbox reaches a real mail server at least once, whatever the
# server does and wherever the mailer is killed; or it is given up, and the log
# says why.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/smtp/smtp.sh"

smtp_new
LOG=$SCRATCH/mailer.log
mail_house() {	# LINE…
	house_new "mail.url = smtp://localhost:$SMTP_PORT" 'mail.from = no-reply@rowhouse.example' \
	    "mail.ca = $SMTP/cert.pem" 'mail.timeout = 2s' "$@"
}
mail_house
server() {
	smtp_start "$SMTP/cert.pem" "$SMTP/key.pem"
}
mailer() {	# COMMAND…	in front of it
	: >>"$LOG"
	background "$LOG" "$@" "$ROWHOUSE" mailer
	MAILER=$pid
	echo "$pid" >mailer.pid
}
logged() {
	grep -Eq -e "$1" "$LOG"
}
n=0
team=acme
letter() {	# ADDRESS [UNTIL-SECONDS-FROM-NOW [MORE]]	as a worker leaves it
	n=$((n + 1))
	mkdir -p "$DATA/outbox"
	name=$(now_ms)-$(printf 'abcdefghijk%04d' $n)
	printf 'rowhouse mail 1\nuntil: %d\ntenant: %s\nto: %s\nsubject: Number %d\n\n%s\nline %d\n.\n..two\n' \
	    $(($(now_ms) + ${2:-3600} * 1000)) "$team" "$1" $n "${3:-}" $n >"$DATA/outbox/.$n"
	mv "$DATA/outbox/.$n" "$DATA/outbox/$name"
}

# --- a server that is there --------------------------------------------------
server
letter a@example.com
mailer
wait_for 20 mails_are 1 a@example.com
is 'what waited is sent' "$(mails a@example.com)" 1
wait_for 10 outbox_empty
is '  and gone' "$(outbox)" 0
like '  and that is said' "$(cat "$LOG")" 'mail sent mail=[0-9]+-abcdefghijk0001 tenant=acme'
is '  with its lines as they were' "$(tr -d '\r' <"$(mail_to a@example.com)" | tail -n 3)" 'line 1
.
..two'
like '  an identity of its own' "$(cat "$(mail_to a@example.com)")" \
    '^Message-ID: <[0-9]{13}-abcdefghijk0001@localhost>'
letter b@example.com
wait_for 20 mails_are 1 b@example.com
is 'what comes later is sent at once' "$(mails b@example.com)" 1
sed -n 's/^name //p' smtp/log | sort -u >names
is '  by one who gives his name' "$(cat names)" localhost
"$ROWHOUSE" mailer >second.log 2>&1
is 'a second mailer goes away' $? 75
like '  and says why' "$(cat second.log)" 'another mailer is at work'

# --- refusals -----------------------------------------------------------------
smtp_plan 'refuse gone@example.com' 'later busy@example.com'
letter gone@example.com
letter busy@example.com
letter c@example.com
wait_for 20 mails_are 1 c@example.com
is 'one who is refused holds nobody up' "$(mails c@example.com)" 1
wait_for 20 logged 'mail given up'
like '  he is given up, in the words of the server' "$(cat "$LOG")" \
    'error mailer.*mail given up mail=[0-9]+-abcdefghijk0003 .*RCPT: 550 5.1.1 nobody of that name'
wait_for 20 logged 'mail put off'
like 'one who is busy is put off' "$(cat "$LOG")" \
    'mail put off mail=[0-9]+-abcdefghijk0004 .*RCPT: 451 4.7.1'
smtp_plan ''
wait_for 30 mails_are 1 busy@example.com
is '  and gets it later' "$(mails busy@example.com) $(mails gone@example.com)" '1 0'
smtp_plan reject
letter d@example.com
wait_for 20 logged 'abcdefghijk0006 .*554 5.6.0 we do not like it'
like 'a mail that is refused is given up' "$(cat "$LOG")" 'given up mail=[0-9]+-abcdefghijk0006'

# --- a server that is not well ------------------------------------------------
smtp_plan die
letter e@example.com
wait_for 20 logged 'put off mail=[0-9]+-abcdefghijk0007'
like 'a connection that ends in DATA: put off' "$(cat "$LOG")" 'put off mail=[0-9]+-abcdefghijk0007'
smtp_plan 'slow 3'
letter f@example.com
wait_for 20 logged 'put off mail=[0-9]+-abcdefghijk0008'
like 'one who takes longer than mail.timeout: put off' "$(cat "$LOG")" \
    'put off mail=[0-9]+-abcdefghijk0008'
smtp_plan unwell
letter g@example.com
wait_for 20 logged 'mail server .*421 4.3.2 not today'
like 'a server that takes nothing is said once' "$(cat "$LOG")" 'mail server .*MAIL: 421 4.3.2 not today'
smtp_plan ''
# f's was taken after we had gone, and comes again
some_mail() {
	[ "$(mails "$1")" -ge 1 ]
}
for to in e f g; do
	ok "  $to gets it in the end" wait_for 60 some_mail $to@example.com
done
like '  and that it works again' "$(cat "$LOG")" 'mail server .*answers again'

# What the server has against one mail, though it does not say so.
smtp_plan 'big 3000'
subject=$(printf 'x%.0s' $(seq 3000))
letter big@example.com 3600 "$subject"
letter small@example.com
letter tiny@example.com
ok 'one mail that the server cannot have does not hold up the others' \
    wait_for 20 mails_are 1 tiny@example.com
is '  none of them' "$(mails small@example.com) $(mails big@example.com)" '1 0'
smtp_plan ''
ok '  and comes when it can' wait_for 60 mails_are 1 big@example.com

stop "$SMTP_SERVER" KILL
letter h@example.com
letter i@example.com
wait_for 20 logged 'mail server.*([Cc]onnect|recv|failure|Failure|resolve)'
ok 'without a server they wait' test "$(outbox)" -ge 2
server
wait_for 60 outbox_empty
is '  until there is one' "$(mails h@example.com) $(mails i@example.com)" '1 1'

stop "$SMTP_SERVER" KILL
letter j@example.com 1
wait_for 60 logged 'given up mail=[0-9]+-abcdefghijk0015'
like 'what is of no use any more is given up, with what was wrong' "$(cat "$LOG")" \
    'given up mail=[0-9]+-abcdefghijk0015 .*text=.*localhost'
letter ''
wait_for 10 outbox_empty
is 'what is for nobody is thrown away' "$(outbox)" 0

# --- what is not TLS, or not ours -----------------------------------------------
stop "$MAILER"
is 'a mailer stops when told to' $? 0
smtp_start
letter k@example.com
: >"$LOG"
mailer
wait_for 20 logged 'mail server'
is 'a server without TLS gets nothing' "$(mails k@example.com)" 0
stop "$MAILER"
mail_house 'mail.ca =' 'mail.tls = required'
stop "$SMTP_SERVER" KILL
server
: >"$LOG"
mailer
wait_for 20 logged 'mail server.*certificate'
is 'nor one whose certificate is nobody'"'"'s' "$(mails k@example.com)" 0
stop "$MAILER"
stop "$SMTP_SERVER" KILL
mail_house 'mail.tls = never' 'mail.per_recipient = 2' 'mail.per_hour = 4'
smtp_start
: >"$LOG"
mailer
wait_for 20 mails_are 1 k@example.com
is 'unless the configuration says so' "$(mails k@example.com)" 1

# --- bounds ------------------------------------------------------------------------
for to in k k l m o; do
	team=$to
	letter $to@example.com
done
wait_for 20 mails_are 1 m@example.com
wait_for 20 logged 'mail waits mail=[0-9]+-abcdefghijk0022'
is 'an address gets so many an hour' "$(mails k@example.com)" 2
is '  and all together so many' "$(mails l@example.com) $(mails m@example.com) $(mails o@example.com)" '1 1 0'
is '  the others wait' "$(outbox)" 2
rm -f "$DATA"/outbox/*
stop "$MAILER"
team=acme
for to in p1 p2 p3 p4; do letter $to@example.com; done
team=globex
letter other@example.com
mailer
ok 'one tenant does not take the hour from the others' wait_for 20 mails_are 1 other@example.com
is '  but half of it' "$(mails 'p[0-9]@example.com') $(outbox)" '2 2'
rm -f "$DATA"/outbox/*
team=acme
stop "$MAILER"
stop "$SMTP_SERVER" KILL

# --- a login, as systemd hands it over -------------------------------------------------
mail_house
mkdir creds
printf 'user = rowhouse\npassword = not it\n' >creds/smtp
chmod 600 creds/smtp
smtp_start "$SMTP/cert.pem" "$SMTP/key.pem" rowhouse 'the words of a server'
letter q@example.com
: >"$LOG"
mailer env CREDENTIALS_DIRECTORY="$SCRATCH/creds"
wait_for 20 logged 'mail server.* 535 '
like 'a login that is wrong is trouble with the server' "$(cat "$LOG")" 'mail server.*: 535 '
is '  and no reason to lose a mail' "$(outbox)" 1
stop "$MAILER"
printf 'user = rowhouse\npassword = the words of a server\n' >creds/smtp
mailer env CREDENTIALS_DIRECTORY="$SCRATCH/creds"
wait_for 20 mails_are 1 q@example.com
is 'with the right one it is sent' "$(mails q@example.com)" 1
unlike '  and no word of it is in the log' "$(cat "$LOG")" 'words of a server|not it'
stop "$MAILER"
stop "$SMTP_SERVER" KILL

# --- the mailer is killed -------------------------------------------------------------
mail_house
server
for at in EHLO MAIL RCPT DATA SENT; do
	# whom to kill is written down before there is anything to do it for
	mailer
	smtp_plan "kill $at $SCRATCH/mailer.pid"
	letter "$at@example.com"
	ok "killed at $at" wait_for 20 gone "$MAILER"
	ok "  it is still there" test "$(outbox)" -eq 1
	smtp_plan ''
	mailer
	wait_for 20 outbox_empty
	if [ $at = SENT ]; then
		is '  it is sent again' "$(mails $at@example.com)" 2
		is '  and can be told to be the same' "$(grep -h '^Message-ID' smtp/mail/* |
		    sort | uniq -d | wc -l)" 1
	else
		is '  it is sent' "$(mails $at@example.com)" 1
	fi
	stop "$MAILER"
done
letter unlink@example.com
mailer strace -f -o strace.log -e trace=unlink,unlinkat \
    -e inject=unlink,unlinkat:signal=KILL:when=1
ok 'killed before it could forget what was sent' wait_for 30 gone "$MAILER"
wait_for 5 mails_are 1 unlink@example.com
mailer
wait_for 20 outbox_empty
ok '  it is sent' test "$(mails unlink@example.com)" -ge 1
is '  and forgotten' "$(outbox)" 0
done_testing
