#!/bin/sh
# In a real browser: a second factor set up, used, lost and turned off; another
# address; signing out everywhere; API keys; the audit log.  With what people do
# meanwhile: wrong codes, two clicks, a reload, the back button, another window.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/smtp/smtp.sh"
. "$ROOT/tests/browser/browser.sh"

browser_new
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

browser accounts.mjs "http://acme.localhost:$PORT" owner@acme.example "$PASSWORD" "$SCRATCH"
