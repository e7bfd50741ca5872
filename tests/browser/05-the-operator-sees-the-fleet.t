#!/bin/sh
# In a real browser, on the platform's own host: who has the operator's token sees how all tenants
# are, finds who has something wrong, and brings one back to a moment of its history. What the API
# says is text, whatever it holds; nothing is kept, nothing is asked of anybody else.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/browser/browser.sh"

browser_new
# A hostile name, which stands in paths and errors.
DATA="$SCRATCH/<img src=x onerror=alert(1)>"
house_new 'plan.free.rate = 1000/s' 'plan.team.rate = 1000/s' 'usage.interval = 1s' \
    'replica.interval = 100ms' 'replica.claim = 1s' 'data = <img src=x onerror=alert(1)>'
for slug in acme globex initech stark; do tenant_new "$slug"; done
"$ROWHOUSE" tenant suspend stark >/dev/null 2>&1 || bail 'stark is not suspended'
# Rows alone, as there are pages of them.
sqlite3 "$DATA/registry.db" "WITH RECURSIVE n (i) AS
	(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
	INSERT INTO tenants (slug, uid, state, epoch, parent_epoch, parent_txid,
		generation, size_max, created, updated, plan)
	SELECT format('t%03d', i), format('u%014d', i), 'deleted', 1, 0, 0, 1, 0, 1000 * i, 0, '' FROM n"
sqlite3 "$(db_of globex)" 'CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(500000))'
house_start
KEY=$(cat "$DATA/operator.token")
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"the old row"}'
[ "$status" = 201 ] || bail "no issue: $status $body"
wait_for 30 caught_up acme || bail 'acme is not replicated'
mv "$(db_of initech)" gone.sqlite

# for the page's test, which asks for it by a file
ask() {
	while :; do
		if [ -s "$SCRATCH/wanted" ]; then
			mv "$SCRATCH/wanted" "$SCRATCH/taken"
			read -r what <"$SCRATCH/taken"
			case $what in
			write)	api acme POST /api/projects/WEB/issues '{"title":"a mistake"}'
				wait_for 30 caught_up acme ;;
			rows)	sqlite3 -readonly "$(db_of acme)" "SELECT group_concat(title, ', ')
				    FROM (SELECT title FROM issues ORDER BY title)" >"$SCRATCH/answer.new" ;;
			hold)	kill -s STOP "$(processes steward)" ;;
			go)	kill -s CONT "$(processes steward)" ;;
			stop)	stop "$SERVE" ;;
			alone)	# the pool, and no replicator
				background "$SCRATCH/serve.log" "$ROWHOUSE" pool
				SERVE=$pid
				wait_for 20 healthy ;;
			esac
			[ -e "$SCRATCH/answer.new" ] || echo "$what: done" >"$SCRATCH/answer.new"
			mv "$SCRATCH/answer.new" "$SCRATCH/answer"
		fi
		sleep 0.05
	done
}
ask &
started="$! $started"

browser operator.mjs "http://localhost:$PORT" operator "$KEY" "$SCRATCH"
