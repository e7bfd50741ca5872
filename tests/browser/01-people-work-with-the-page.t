#!/bin/sh
# The page, in a real browser, through a real Caddy and a real pool: signing
# in, working, conflicts, refusals, a phone, the keyboard, contrast, and the
# content security policy that Caddy sends.
. "$(dirname "$0")/../lib.sh"

PLAYWRIGHT=1.65.1		# the client that drives the browser

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)} ||
	skip_all 'there is no chromium; on Debian: apt-get install chromium'
export CHROMIUM
command -v npm >/dev/null ||
	skip_all 'there is no npm; on Debian: apt-get install npm'
HOME=$SCRATCH npm install --prefix "$SCRATCH" --ignore-scripts --no-audit --no-fund \
	"playwright-core@$PLAYWRIGHT" >npm.log 2>&1 ||
	skip_all "npm cannot fetch playwright-core $PLAYWRIGHT: $(tail -n 1 npm.log)"

house_new
tenant_new acme
house_start

HOME=$SCRATCH WAIT_MS=$((15000 * PATIENCE)) \
	node "$ROOT/tests/browser/page.mjs" "http://acme.localhost:$PORT" \
	owner@acme.example "$PASSWORD" "$SCRATCH"
status=$?
cleanup
trap - EXIT
for report in "$SCRATCH"/sanitizer.*; do
	[ -e "$report" ] && diag "$(head -n 40 "$report")" && status=1
done
exit "$status"
