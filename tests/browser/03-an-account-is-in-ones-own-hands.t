#!/bin/sh
# In a real browser: a second factor set up, used, lost and turned off; another
# address; signing out everywhere; API keys; the audit log.  With what people do
# meanwhile: wrong codes, two clicks, a reload, the back button, another window.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/smtp/smtp.sh"
. "$ROOT/tests/browser/browser.sh"

browser_new
smtp_new
browser_mailed_house

browser accounts.mjs "http://acme.localhost:$PORT" owner@acme.example "$PASSWORD" "$SCRATCH"
