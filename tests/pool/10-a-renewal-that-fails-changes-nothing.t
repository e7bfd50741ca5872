#!/bin/sh
# A broken endpoint, a broken configuration, a binary that cannot serve: each is
# reported and the generation that serves goes on.  What is at the binary's path
# is what the next generation runs.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 2'
mkdir bin
cp "$ROWHOUSE" bin/rowhouse
ROWHOUSE=$SCRATCH/bin/rowhouse
pool_start
workers | sort >before

fails() {	# NAME PATTERN…
	name=$1
	shift
	failures_before=$(failed_renewals)
	kill -s HUP "$SERVE"
	ok "$name fails" wait_for 20 one_more_failed
	for pattern; do
		ok "  and says $pattern" logged "$pattern"
	done
	answers '  the pool serves' 200 items -t acme GET /api/notes
	settled
	workers | sort >after
	is '  with the workers it had' "$(cat after)" "$(cat before)"
}
failed_renewals() { grep -c 'the generation that serves goes on' "$LOG"; }
one_more_failed() { [ "$(failed_renewals)" -gt "$failures_before" ]; }
settled() { wait_for 10 two; }
two() { [ "$(workers | wc -l)" -eq 2 ]; }

mkdir app/api/broken
printf -- '-- access: public\n-- returns: one\nSELECT absent FROM nowhere;\n' \
	>app/api/broken/GET.sql
fails 'a broken endpoint' 'api/broken/GET\.sql:3' nowhere
rm -r app/api/broken

cp "$CONF" good.conf
echo 'worker = 7' >>"$CONF"
fails 'a broken configuration' 'rowhouse\.conf:[0-9]+.*worker'
sed 's/^run = .*/run = elsewhere/' good.conf >"$CONF"
fails 'another run directory' 'data or run changed' 'a restart takes them over'
cp good.conf "$CONF"

mv bin/rowhouse bin/kept
fails 'no binary' 'bin/rowhouse: No such file or directory'
cat >bin/rowhouse <<-END
#!/bin/sh
[ "\$1" = worker ] && sleep 0.2 && exit 3
exec $SCRATCH/bin/kept "\$@"
END
chmod +x bin/rowhouse
fails 'a binary that cannot serve' 'worker [0-9]+: exit status 3' 'a fresh worker ended'
mv bin/kept bin/rowhouse

cp bin/rowhouse bin/new
mv bin/new bin/rowhouse
kill -s HUP "$SERVE"
from_new_binary() {
	two || return 1
	for p in $(workers); do
		[ "$(stat -Lc %i "/proc/$p/exe")" = "$(stat -c %i bin/rowhouse)" ] || return 1
	done
}
ok 'a new binary is what the next generation runs' wait_for 20 from_new_binary
answers '  and it serves' 200 items -t acme GET /api/notes
pool_stop
done_testing
