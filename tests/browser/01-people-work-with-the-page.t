#!/bin/sh
# The page, in a real browser, through a real Caddy and a real pool: signing
# in, working, conflicts, refusals, a phone, the keyboard, contrast, and the
# content security policy that Caddy sends.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/browser/browser.sh"

browser_new
house_new
tenant_new acme
house_start
browser page.mjs "http://acme.localhost:$PORT" owner@acme.example "$PASSWORD" "$SCRATCH"
