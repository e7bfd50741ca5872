# shellcheck shell=sh disable=SC2034,SC2154
# tests/smtp/smtp.sh: a mail server for tests.  Sourced after tests/lib.sh.

SMTP=$SCRATCH/smtp

# smtp_new	a port that is free, and what it takes to speak TLS there
smtp_new() {
	mkdir -p "$SMTP/mail"
	: >"$SMTP/plan"
	SMTP_PORT=$(free_port)
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
		-keyout "$SMTP/key.pem" -out "$SMTP/cert.pem" 2>"$SMTP/openssl.log" ||
		bail "openssl: $(tail -n 1 "$SMTP/openssl.log")"
}

# smtp_start [ARGUMENT…]	what tests/smtp/server takes behind the port
smtp_start() {
	background "$SMTP/server.log" "$ROOT/tests/smtp/server" "$SMTP" "$SMTP_PORT" "$@"
	SMTP_SERVER=$pid
	wait_for 20 smtp_accepts ||
		bail "the mail server does not start: $(tail -n 1 "$SMTP/server.log")"
}

smtp_accepts() {
	perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(
		PeerAddr => "127.0.0.1", PeerPort => shift)' "$SMTP_PORT"
}

smtp_plan() {	# LINE…
	printf '%s\n' "$@" >"$SMTP/plan"
}

# mails [ADDRESS]	how many have come, to him or in all
mails() {
	cat "$SMTP"/mail/[0-9]* 2>/dev/null | grep -c "^RCPT TO: ${1:-}" || true
}

mails_are() {	# COUNT [ADDRESS]
	[ "$(mails "${2:-}")" = "$1" ]
}

# mail_to ADDRESS	the file with the newest one to him
mail_to() {
	# names are numbers
	# shellcheck disable=SC2012
	ls -t "$SMTP"/mail/[0-9]* | while read -r f; do
		grep -q "^RCPT TO: $1" "$f" && echo "$f" && break
	done
}

# mail_token ADDRESS	of the link in it
mail_token() {
	tr -d '\r' <"$(mail_to "$1")" | sed -n 's|^https*://.*/#/confirm-[a-z-]*/||p'
}

# what waits to be sent
outbox() {
	find "$DATA/outbox" -type f 2>/dev/null | wc -l
}

outbox_empty() {
	[ "$(outbox)" = 0 ]
}
