#!/bin/sh
# A release is taken by the services that systemd runs: started where there was
# none, reloaded after, the replicator with it; one that does not do is taken back.
if [ -z "${INSIDE:-}" ]; then
	. "$(dirname "$0")/../lib.sh"
	"$ROOT/tests/systemd" env INSIDE=1 "$0" >reason
	result=$?
	[ $result -ne 77 ] || skip_all "$(cat reason)"
	[ -s systemd.out ] || bail "systemd did not come up: $(tail -n 20 systemd.boot)"
	cat systemd.out
	exit $result
fi
. "$(dirname "$0")/../lib.sh"

DIR=/usr/local/lib/rowhouse
mkdir -p $DIR
cat >/etc/rowhouse.conf <<END
data = /var/lib/rowhouse
run = /run/rowhouse
app = $DIR/current/app
base_domain = localhost
workers = 2
replica.url = /var/lib/rowhouse/replica
END
install -d -m 2770 -o rowhouse-replicator -g rowhouse /var/lib/rowhouse/replica
ln -sfn $DIR/current/rowhouse /usr/local/bin/rowhouse
for unit in pool replicator steward; do
	mkdir -p "/run/units/rowhouse-$unit.service.d"
	printf '[Service]\nExecPaths=%s\n' $DIR >"/run/units/rowhouse-$unit.service.d/releases.conf"
done
# keys of a store there need not be
printf '[default]\n' >/etc/credstore/rowhouse.aws
# scripts/install enables it
mkdir /run/units/multi-user.target.wants
ln -s ../rowhouse-steward.service /run/units/multi-user.target.wants/
systemctl daemon-reload

# switch_to NAME PROGRAM
switch_to() {
	mkdir -p "$DIR/incoming.1/$1"
	cp "$2" "$DIR/incoming.1/$1/rowhouse"
	cp -R "$ROOT/tenants/app" "$DIR/incoming.1/$1/app"
	sh "$ROOT/scripts/release" switch "$DIR/incoming.1/$1" >switch.log 2>&1
	status=$?
	output=$(cat switch.log)
}
serves() { $DIR/current/rowhouse health -c /etc/rowhouse.conf; }
of() {	# UNIT	the program that it runs
	readlink "/proc/$(systemctl show --value -p MainPID "rowhouse-$1.service")/exe"
}

first=20260101T000000Z-aaaaaaaaaaaa
second=20260102T000000Z-bbbbbbbbbbbb
third=20260103T000000Z-cccccccccccc
switch_to $first "$O/rowhouse"
is 'the first release is started' "$status" 0
diag "$output"
is '  and serves' "$(serves)" $first
replicates() { [ "$(of replicator)" = "$DIR/releases/$1/rowhouse" ]; }
ok '  with a replicator' wait_for 20 replicates $first || diag "$(journalctl --no-pager -u rowhouse-replicator -o cat | tail -n 8)"
stewards() { [ "$(of steward)" = "$DIR/releases/$1/rowhouse" ]; }
ok '  and a steward, where one is enabled' wait_for 20 stewards $first
supervisor=$(systemctl show --value -p MainPID rowhouse-pool.service)
switch_to $second "$O/rowhouse"
is 'the second is taken' "$status" 0
diag "$output"
is '  and serves' "$(serves)" $second
is '  by a reload' "$(systemctl show --value -p MainPID rowhouse-pool.service)" "$supervisor"
ok '  with its own replicator' replicates $second
ok '  and its own steward' wait_for 20 stewards $second

# broken on this server alone, in the replicator's service
printf '[Service]\nEnvironment=FAULT=replicator\n' >/run/units/rowhouse-replicator.service.d/fault.conf
echo 'patience = 10' >$DIR/deploy.conf
systemctl daemon-reload
switch_to $third "$O/broken"
is 'one whose replicator crashes is not' "$status" 1
like '  and why is said' "$output" "its replicator ends again and again.*Rolled back: $second serves as before"
is '  the one before serves' "$(serves)" $second
ok '  with its own replicator' replicates $second
done_testing
