# shellcheck shell=sh
# tests/browser/browser.sh: a browser for *.t programs.  Sourced after
# tests/lib.sh.
#
#	. "$(dirname "$0")/../lib.sh"
#	. "$ROOT/tests/browser/browser.sh"
#	browser_new			# or everything is skipped
#	…
#	browser page.mjs URL ARGUMENT…	prints TAP, and ends the test

PLAYWRIGHT=1.65.1		# the client that drives the browser

browser_new() {
	CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)} ||
		skip_all 'there is no chromium; on Debian: apt-get install chromium'
	export CHROMIUM
	command -v npm >/dev/null ||
		skip_all 'there is no npm; on Debian: apt-get install npm'
	HOME=$SCRATCH npm install --prefix "$SCRATCH" --ignore-scripts --no-audit \
		--no-fund "playwright-core@$PLAYWRIGHT" >npm.log 2>&1 ||
		skip_all "npm cannot fetch playwright-core $PLAYWRIGHT: $(tail -n 1 npm.log)"
}

# After smtp_new: a house with the tenant acme, whose mails a real server gets and
# whose links lead to where Caddy is.
browser_mailed_house() {
	house_new
	tenant_new acme
	smtp_start "$SMTP/cert.pem" "$SMTP/key.pem"
	caddy_start
	house_new "mail.url = smtp://localhost:$SMTP_PORT" \
		'mail.from = no-reply@rowhouse.example' "mail.ca = $SMTP/cert.pem" \
		"mail.link = http://{host}:$PORT"
	serve_start
	wait_for 20 healthy || bail 'the house does not answer'
}

browser() {
	browser_script=$ROOT/tests/browser/$1
	shift
	HOME=$SCRATCH WAIT_MS=$((15000 * PATIENCE)) timeout $((200 * PATIENCE)) \
		node "$browser_script" "$@"
	browser_status=$?
	cleanup
	trap - EXIT
	for report in "$SCRATCH"/sanitizer.*; do
		[ -e "$report" ] && diag "$(head -n 40 "$report")" && browser_status=1
	done
	exit "$browser_status"
}
