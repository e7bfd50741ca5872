#!/bin/sh
# Whatever is wrong with a release, a server or the line between, the deploy says
# so and what served serves; the next deploy finds nothing in its way.
. "$(dirname "$0")/lib.sh"

server_new 'workers = 2'
# what breaks on the server alone is told by its environment
house() {	# FAULT
	[ -z "${SERVE:-}" ] || stop "$SERVE"
	FAULT=$1 background "$SCRATCH/serve.log" "$DIR/current/rowhouse" serve
	SERVE=$pid
	wait_for 20 serves || bail 'serve does not answer'
}
change 0
deploy
[ "$status" = 0 ] || bail "the first deploy: $output"
tenant_new acme
house ''
caddy_start
wait_for 20 healthy || bail 'the house does not answer'
first=$(current)
echo 'patience = 15' >>"$DIR/deploy.conf"
n=0
next() { n=$((n + 1)); change $n; }

# --- before anything is changed ----------------------------------------------------
next
printf 'no program\n' >nothing
chmod +x nothing
BINARY=$SCRATCH/nothing
deploy
still 'a program that does not run' "$first" 'does not run on this machine .*nothing was changed'
cp "$O/broken" broken
BINARY=$SCRATCH/broken
FAULT=start
export FAULT
deploy
still 'one that crashes when it starts' "$first" 'does not serve, in a rehearsal.*nothing was changed'
FAULT=request
deploy
still 'one that crashes at its first request' "$first" 'does not serve, in a rehearsal.*nothing was changed'

FAULT=slow
background cut.log "$ROOT/scripts/deploy" --dir "$DIR" --binary "$BINARY" --app "$SCRATCH/app" server
cut=$pid
rehearsing() {
	release=$(sed -n 's/^switch, process \([0-9]*\),.*/\1/p' "$DIR/lock")
	rehearsal=$(pgrep -P "${release:-0}" -f 'pool -c .*/rehearsal\.conf')
}
if wait_for 20 rehearsing; then
	kill -s TERM "$release"
	ok 'a deploy that is ended in its rehearsal takes its pool along' wait_for 30 gone "$rehearsal"
	kill -s TERM "$rehearsal" 2>/dev/null
	wait "$cut" 2>/dev/null
	is '  and what served serves' "$(current)" "$first"
else
	result 1 'a release that answers late is rehearsed'
fi
unset FAULT
BINARY=

mkdir -p app/api/wrong
printf -- '-- access: public\n-- returns: one\nSELECT absent FROM nowhere;\n' >app/api/wrong/GET.sql
deploy
still 'a broken application' "$first" 'the application has mistakes; nothing was changed'
like '  and where' "$output" 'api/wrong/GET\.sql:3'
rm -r app/api/wrong
last=$(find app/schema -name '0*.sql' | sort | tail -n 1)
mv "$last" kept.sql
deploy
still 'an older schema' "$first" "older than what serves: it has no schema/${last##*/}"
like '  and what does it anyway' "$output" 'nothing was changed \(--anyway goes on\)'
mv kept.sql "$last"

cp "$CONF" good.conf
echo 'worker = 7' >>"$CONF"
deploy
is 'a configuration with a mistake' "$status" 1
like '  is said' "$output" 'rowhouse\.conf:[0-9]+.*worker'
cp good.conf "$CONF"
sed 's|^app = .*|app = app|' good.conf >"$CONF"
deploy
like 'an application of elsewhere' "$output" 'has app = .*/app, and what is deployed is .*/lib/current/app; nothing was changed'
cp good.conf "$CONF"

# --- after the swap -------------------------------------------------------------------
BINARY=$SCRATCH/broken
back="FAILED: .*Rolled back: $first serves as before"
house start
deploy
still 'one that crashes when it starts, on this server alone' "$first" "FAILED: a fresh worker ended.*Rolled back: $first serves as before"
house request
deploy
still 'one that crashes at its first request, there alone' "$first" "$back"
house replicator
deploy
still 'one whose replicator crashes' "$first" \
    "FAILED: .*its replicator ends again and again.*Rolled back: $first serves as before"
ok '  the replicator of before is there again' wait_for 20 replicator
house scoreboard
deploy
still 'one that needs another supervisor, and nobody knows how' "$first" \
    'neither systemd nor a setting "restart" says how.*Rolled back'

# How, is a setting.
cat >restart.sh <<END
#!/bin/sh
kill $SERVE
while [ -d /proc/$SERVE ] && ! grep -q zombie /proc/$SERVE/status; do sleep 0.05; done
env -u FAULT setsid "$DIR/current/rowhouse" serve -c "$CONF" >>"$SCRATCH/serve.log" 2>&1 </dev/null &
echo \$! >$SCRATCH/restarted
END
chmod +x restart.sh
echo "restart = $SCRATCH/restart.sh" >>"$DIR/deploy.conf"
deploy
is 'where a setting says how it is restarted' "$status" 0
like '  and said' "$output" 'its supervisor has to be of the same release: a restart'
is '  and serves' "$(serves)" "$(current)"
ok '  it is another than before' test "$(current)" != "$first"
started="$(cat restarted) $started"
wait "$SERVE" 2>/dev/null
SERVE=$(cat restarted)
first=$(current)

# --- the line, the disk, two at once -----------------------------------------------
house ''
BINARY=
exec 8>>"$DIR/lock"
flock 8
echo 'somebody, process 1' >"$DIR/lock"
deploy
still 'another deploy' "$first" 'another deploy is on its way \(somebody, process 1\); nothing was changed'
exec 8>&-

# Half of what is sent: ssh is cut when so much has gone.
cat >cut.sh <<'END'
#!/bin/sh
head -c 200000 | ssh "$@"
END
chmod +x cut.sh
kept=$DEPLOY_SSH
DEPLOY_SSH="$SCRATCH/cut.sh -F $SCRATCH/ssh_config"
deploy
still 'a line that breaks while it is sent' "$first" 'did not arrive whole; nothing was changed'
DEPLOY_SSH=$kept

# Nobody reads what the server says from the swap on.
cat >deaf.sh <<'END'
#!/bin/sh
ssh "$@" | sed '/is in place/q'
exit 255
END
chmod +x deaf.sh
DEPLOY_SSH="$SCRATCH/deaf.sh -F $SCRATCH/ssh_config"
deploy
is 'a line that breaks after the swap' "$status" 255
like '  is said' "$output" 'the server ends it alone'
DEPLOY_SSH=$kept
alone() { [ "$(current)" != "$first" ] && [ "$(serves)" = "$(current)" ] && [ ! -e "$DIR/pending" ]; }
ok '  and the server ends it alone' wait_for 30 alone
second=$(current)

# Killed between swap and proof: what is known to be good is not forgotten.
killed() {
	printf '%s\n' "$second" >"$DIR/pending"
	rm -rf "$DIR/releases/99991231T000000Z-killed"
	cp -a "$DIR/releases/$second" "$DIR/releases/99991231T000000Z-killed"
	ln -sfn releases/99991231T000000Z-killed "$DIR/current"
}
killed
echo 'keep = 1' >>"$DIR/deploy.conf"
BINARY=$SCRATCH/broken
house replicator
next
deploy
still 'after one that was killed the next fails' "$second" "Rolled back: $second serves as before"
sed -i '/^keep/d' "$DIR/deploy.conf"
BINARY=
house ''
killed
other --rollback
is 'after one that was killed a rollback succeeds' "$status" 0
is '  to what served before it' "$(serves) $(current)" "$second $second"
printf '%s\n' "$second" >"$DIR/pending"
ln -sfn "releases/gone" "$DIR/current"
mkdir "$DIR/incoming.999999999"
next
deploy
is 'after one that was killed in the middle the next succeeds' "$status" 0
third=$(current)
is '  and serves' "$(serves)" "$third"
is '  what was good can be had back' "$(basename "$(readlink "$DIR/previous")")" "$second"
is '  nothing of it is left over' "$(cd "$DIR" && echo incoming.* pending*)" 'incoming.* pending*'

if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=300k none small 2>/dev/null; then
	umount_small() { cleanup; umount "$SCRATCH/small" 2>/dev/null; }
	trap umount_small EXIT
	whole=$DIR
	DIR=$SCRATCH/small
	echo "config = $CONF" >small/deploy.conf
	deploy
	DIR=$whole
	is 'a disk that is full fails' "$status" 1
	like '  is said' "$output" 'No space left on device'
	like '  nothing was changed' "$output" 'did not arrive whole; nothing was changed'
	is '  nothing is left' "$(ls small)" deploy.conf
	umount "$SCRATCH/small"
	trap cleanup EXIT
else
	skip 'a disk that is full fails' 'mounting a small disk needs root'
fi

stop "$SSHD_PID"
deploy
is 'a server that is not there' "$status" 255
like '  is said' "$output" 'the connection to server was refused, or broke'
is '  and what served serves' "$(serves)" "$third"
done_testing
