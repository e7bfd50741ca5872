#!/bin/sh
# In a real browser, on the platform's own host: a visitor makes himself a tenant
# and works in it; or is told what is wrong, field by field; or that he cannot.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/browser/browser.sh"

browser_new
house_new 'signup = open'
tenant_new acme
house_start

# for the page's test, which asks for it by a file: "signup open", "invite SLUG"
ask() {
	while :; do
		if [ -s "$SCRATCH/wanted" ]; then
			mv "$SCRATCH/wanted" "$SCRATCH/taken"
			read -r what value <"$SCRATCH/taken"
			case $what in
			signup)
				sed -i "s/^signup = .*/signup = $value/" "$CONF"
				before=$(grep -c ' renewed ' "$SCRATCH/serve.log")
				kill -s HUP "$SERVE"
				until [ "$(grep -c ' renewed ' "$SCRATCH/serve.log")" -gt "$before" ]; do
					sleep 0.05
				done
				echo renewed >"$SCRATCH/answer.new" ;;
			invite)	"$ROWHOUSE" tenant invite "$value" >"$SCRATCH/answer.new" 2>/dev/null ;;
			esac
			mv "$SCRATCH/answer.new" "$SCRATCH/answer"
		fi
		sleep 0.05
	done
}
ask &
started="$! $started"

browser signup.mjs "http://localhost:$PORT" owner@acme.example "$PASSWORD" "$SCRATCH"
