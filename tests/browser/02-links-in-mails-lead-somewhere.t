#!/bin/sh
# In a real browser: a password that was forgotten, an address confirmed, an
# invitation accepted, each by the link in a mail that a real server got.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/smtp/smtp.sh"

PLAYWRIGHT=1.65.1		# the client that drives the browser

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)} ||
	skip_all 'there is no chromium; on Debian: apt-get install chromium'
export CHROMIUM
command -v npm >/dev/null ||
	skip_all 'there is no npm; on Debian: apt-get install npm'
HOME=$SCRATCH npm install --prefix "$SCRATCH" --ignore-scripts --no-audit --no-fund \
	"playwright-core@$PLAYWRIGHT" >npm.log 2>&1 ||
	skip_all "npm cannot fetch playwright-core $PLAYWRIGHT: $(tail -n 1 npm.log)"

smtp_new
house_new
tenant_new acme
smtp_start "$SMTP/cert.pem" "$SMTP/key.pem"
caddy_start
# links lead to where Caddy is
house_new "mail.url = smtp://localhost:$SMTP_PORT" 'mail.from = no-reply@rowhouse.example' \
    "mail.ca = $SMTP/cert.pem" "mail.link = http://{host}:$PORT"
serve_start
wait_for 20 healthy || bail 'the house does not answer'

HOME=$SCRATCH WAIT_MS=$((15000 * PATIENCE)) timeout $((200 * PATIENCE)) \
	node "$ROOT/tests/browser/letters.mjs" "http://acme.localhost:$PORT" \
	owner@acme.example "$PASSWORD" "$SCRATCH"
status=$?
cleanup
trap - EXIT
exit "$status"
