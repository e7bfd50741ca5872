#!/bin/sh
# In a real browser: a password that was forgotten, an address confirmed, an
# invitation accepted, each by the link in a mail that a real server got.
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

browser letters.mjs "http://acme.localhost:$PORT" owner@acme.example "$PASSWORD" "$SCRATCH"
