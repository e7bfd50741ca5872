#!/bin/sh
# Alert rules and dashboard that are shipped: Prometheus's own tool reads and tries
# them, and each figure of ours that they name is one that is shown.
. "$(dirname "$0")/../lib.sh"
command -v promtool >/dev/null || skip_all 'promtool is not installed (scripts/deps test)'

house_new 'usage.interval = 1s' 'replica.sweep = 1s'
tenant_new acme
house_start
sign_in acme
api acme GET /api/projects
wait_for 30 eval '"$ROWHOUSE" status --prometheus | grep -q "^rowhouse_database_bytes.tenant=.acme"'
"$ROWHOUSE" status --prometheus >"$SCRATCH/shown" || bail 'no status'
counted() {
	curl -s -H "Authorization: Bearer $(cat "$DATA/operator.token")" \
		"http://localhost:$PORT/metrics" >"$SCRATCH/usage"
	grep -q '^rowhouse_tenant_reads_total{tenant="acme"' "$SCRATCH/usage"
}
wait_for 30 counted
ok 'the pool shows what tenants used' counted
cat "$SCRATCH/usage" >>"$SCRATCH/shown"
ok 'what is shown is as Prometheus wants it' promtool check metrics <"$SCRATCH/usage"

monitoring=$ROOT/scripts/monitoring
ok 'the rules are rules' promtool check rules "$monitoring/alerts.yml"
ok '  that wake who has to be, and nobody else' promtool test rules "$ROOT/tests/monitoring/alerts.test.yml"

sqlite3 :memory: "SELECT json_extract(target.value, '\$.expr')
	FROM json_each(readfile('$monitoring/grafana.json'), '\$.panels') AS panel,
	    json_each(panel.value, '\$.targets') AS target" >"$SCRATCH/expressions"
ok 'the dashboard has panels' test "$(wc -l <"$SCRATCH/expressions")" -gt 15
{
	printf 'groups: [ { name: panels, rules: [\n'
	n=0
	while read -r expression; do
		n=$((n + 1))
		printf '{ record: "panel:%d", expr: "%s" },\n' "$n" "$(printf %s "$expression" |
			sed 's/\$tenant/.*/g; s/["\\]/\\&/g')"
	done <"$SCRATCH/expressions"
	printf '] } ]\n'
} >"$SCRATCH/panels.yml"
ok '  each of which can be asked for' promtool check rules "$SCRATCH/panels.yml"

cat "$SCRATCH/expressions" "$monitoring/alerts.yml" | grep -o 'rowhouse_[a-z_]*' |
	sort -u >"$SCRATCH/names"
while read -r name; do
	ok "$name is shown" grep -q "^# TYPE $name " "$SCRATCH/shown"
done <"$SCRATCH/names"

# --- what node_exporter is left ---------------------------------------------------
service=$(sed -n 's/^ExecStart=//p' "$monitoring/rowhouse-metrics.service" | sed 's/[$][$]/$/g
	s|runuser -u rowhouse-replicator -- /usr/local/bin/rowhouse|"$ROWHOUSE"|; s|/etc/rowhouse.conf|"$ROWHOUSE_CONFIG"|')
mkdir "$SCRATCH/node"
figures() {
	(cd "$SCRATCH/node" && eval "$service") >"$SCRATCH/node.log" 2>&1
	cat "$SCRATCH/node/rowhouse.prom"
}
export ROWHOUSE ROWHOUSE_CONFIG
like 'the figures are written' "$(figures)" '^rowhouse_databases_failing 0$'
mv "$(db_of acme)" "$SCRATCH/away.sqlite"
failing() { ! "$ROWHOUSE" status >"$SCRATCH/status.log" 2>&1; }
wait_for 90 failing
like '  where something is wrong, too' "$(figures)" '^rowhouse_databases_failing 1$'
mv "$SCRATCH/away.sqlite" "$(db_of acme)"
serve_stop
unlike '  without a replicator they say that there is none' "$(figures)" '^rowhouse_databases '
done_testing
