#!/bin/sh
# SIGHUP puts a new release of the application to work, without a lost request;
# one that is broken is reported, by file and line, and changes nothing.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 3'
tenant_new acme
house_start
sign_in acme
project_new acme ACK
writer_start acme ACK a
wait_for 20 acked_at_least acme 20 || bail 'nothing is written'
workers | sort >before

mkdir -p app/api/release
printf -- '-- access: public\n-- returns: one\nSELECT nonsense\n  FROM nowhere;\n' \
	>app/api/release/GET.sql
kill -s HUP "$SERVE"
reported() {
	grep -E 'api/release/GET\.sql:[0-9]+' serve.log
}
ok 'a broken endpoint is reported by file and line' wait_for 20 reported
api acme GET /api/release
is '  and is not there' "$status" 404
workers | sort >after
is '  the old workers run' "$(comm -23 before after)" ''
n=$(acked acme)
ok '  and answer' wait_for 20 acked_at_least acme $((n + 20))

for release in 1 2 3; do
	printf -- '-- access: public\n-- returns: one\nSELECT %d AS release;\n' "$release" \
		>app/api/release/GET.sql
	kill -s HUP "$SERVE"
	released() {
		api acme GET /api/release
		[ "$(json '$.release')" = "$release" ]
	}
	ok "release $release is put to work" wait_for 20 released
done
renewed() {
	workers | sort >after
	[ "$(wc -l <after)" -eq 3 ] && [ -z "$(comm -12 before after)" ]
}
ok 'by new workers' wait_for 20 renewed

cat >app/schema/0099_gap.sql <<'END'
CREATE TABLE gap (id INTEGER PRIMARY KEY) STRICT;
END
kill -s HUP "$SERVE"
gap() {
	grep 0099_gap serve.log
}
ok 'a migration out of order is reported' wait_for 20 gap
last=$(find app/schema -name '0*.sql' ! -name '0099*' | wc -l)
mv app/schema/0099_gap.sql "$(printf 'app/schema/%04d_gap.sql' $((last + 1)))"
kill -s HUP "$SERVE"
migrated() {
	api acme GET /api/projects
	[ "$(sqlite3 -readonly "$(db_of acme)" \
		"SELECT count(*) FROM sqlite_schema WHERE name = 'gap'")" = 1 ]
}
ok 'one in order is applied' wait_for 20 migrated
n=$(acked acme)
ok 'and clients go on' wait_for 20 acked_at_least acme $((n + 20))
writers_stop
is 'not one of their requests failed' "$(cut -f2 ledger.acme.a | sort -u)" acked
diag "$(acked acme) writes in all"

done_testing
