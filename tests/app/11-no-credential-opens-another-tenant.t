#!/bin/sh
# Twenty tenants: no token, API key or cookie of one opens any route of another,
# nor gets an answer that nobody else would get, nor takes longer for it.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 2' 'worker.tenants = 4'
tenants=
for n in $(seq 20); do
	tenant_new "t$n"
	tenants="$tenants t$n"
done
house_start
# words
# shellcheck disable=SC2086
said=$(/usr/bin/python3 "$ROOT/tests/app/matrix.py" "$PORT" localhost "$PASSWORD" $tenants 2>matrix.log)
is 'nothing opens' "$? $said" '0 '
diag "$(cat matrix.log)"
like 'and that was tried' "$(cat matrix.log)" '^[0-9]{5} requests.*; 40 that must'
is 'nobody crashed' "$(grep -c 'crashed\|signal\|status=5' serve.log)" 0
left=
for slug in $tenants; do
	[ "$(sqlite3 -readonly "$(db_of "$slug")" 'SELECT (SELECT count(*) FROM issues) ||
		(SELECT count(*) FROM projects) || (SELECT count(*) FROM _users) ||
		(SELECT count(*) FROM _keys)')" = 1111 ] || left="$left $slug"
done
is 'and nothing was written' "$left" ''

done_testing
