#!/bin/sh
# PocketBase's own JavaScript client, unmodified: signs in, refreshes, lists
# accounts, asks for a password by mail and confirms it, calls endpoints of the
# application.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/judge/judge.sh"
. "$ROOT/tests/smtp/smtp.sh"

judge_fetch pocketbase "$POCKETBASE" || skip_all "pocketbase did not sit: $WHY"
command -v node >/dev/null ||
	skip_all 'pocketbase did not sit: there is no node; on Debian: apt-get install nodejs'
diag "judge: pocketbase $POCKETBASE, node $(node --version)"

smtp_new
house_new "mail.url = smtp://localhost:$SMTP_PORT" 'mail.from = no-reply@rowhouse.example' \
    "mail.ca = $SMTP/cert.pem" 'mail.per_recipient = 100'
tenant_new acme
smtp_start "$SMTP/cert.pem" "$SMTP/key.pem"
house_start
timeout $((100 * PATIENCE)) node "$ROOT/tests/judge/pocketbase.mjs" \
	"$home/node_modules/pocketbase/dist/pocketbase.es.mjs" \
	"http://acme.localhost:$PORT" owner@acme.example "$PASSWORD" "$SMTP/mail" >said 2>&1
node_status=$?
# ours are its results
while read -r how what; do
	case $how in
	ok) result 0 "$what" ;;
	not) result 1 "${what#ok }" ;;
	esac
done <said
[ "$failures" -eq 0 ] || diag "$(cat said)"
is 'the client has come to its end' "$node_status $(tail -n 1 said)" '0 done'
done_testing
