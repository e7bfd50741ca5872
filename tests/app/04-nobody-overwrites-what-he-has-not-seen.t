#!/bin/sh
# Of many who change the same version of an issue at once, one succeeds; the
# others are told so, and nothing of theirs is there.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"as it was"}'
printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" >token.conf

# at once, each on a connection of its own
race() {	# ROUND
	for n in 1 2 3 4 5 6 7 8; do
		curl -s -K token.conf -o "race.$1.$n" -w '%{http_code}\n' -X PATCH \
			-H 'Content-Type: application/json' \
			--data-binary "{\"version\":$1,\"title\":\"round $1, writer $n\"}" \
			"http://acme.localhost:$PORT/api/issues/WEB-1" >"code.$1.$n" &
		racers="${racers:-} $!"
	done
	# shellcheck disable=SC2086
	wait $racers
	racers=
}

for round in 1 2 3 4 5 6; do
	race "$round"
	is "round $round: one is first, seven are told" \
		"$(cat "code.$round".? | sort | uniq -c | tr -s ' ')" " 1 200
 7 409"
	winner=$(grep -l 200 "code.$round".? | sed 's/.*\.//')
	api acme GET /api/issues/WEB-1
	is '  and his word stands' "$(json '$.version') $(json '$.title')" \
		"$((round + 1)) round $round, writer $winner"
done
like 'the others know why' "$(cat race.*)" 'changed this issue meanwhile'
api acme GET '/api/issues/WEB-1/activity?limit=200'
is 'the history has six changes, no more' \
	"$(sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('$SCRATCH/body'), '\$.items')
		WHERE json_extract(value, '\$.field') = 'title'")" 6

done_testing
