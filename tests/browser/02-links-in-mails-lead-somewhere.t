#!/bin/sh
# In a real browser: a password that was forgotten, an address confirmed, an
# invitation accepted, each by the link in a mail that a real server got.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/smtp/smtp.sh"
. "$ROOT/tests/browser/browser.sh"

browser_new
smtp_new
browser_mailed_house

browser letters.mjs "http://acme.localhost:$PORT" owner@acme.example "$PASSWORD" "$SCRATCH"
