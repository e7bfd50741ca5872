#!/bin/sh
# A second supervisor on the same data or the same run directory is refused; a
# socket that nobody answers on is replaced, one that somebody does is left alone.
. "$(dirname "$0")/lib.sh"

pool_new
pool_start

refused() {	# NAME STATUS PATTERN
	output=$(timeout $((20 * PATIENCE)) "$ROWHOUSE" pool 2>&1)
	is "$1 is refused" $? "$2"
	like '  and says why' "$output" "$3"
}
mode() { stat -c %a "$SOCKET"; }
is 'the socket is for user and group' "$(mode)" 660
refused 'a second one' 75 'data/pool\.lock is locked.*another .rowhouse serve. or .rowhouse pool. runs here'
cp "$CONF" first.conf
sed 's/^run = .*/run = elsewhere/' first.conf >"$CONF"
refused 'a second one on the same data' 75 'data/pool\.lock is locked'
sed 's/^data = .*/data = other/' first.conf >"$CONF"
refused 'a second one in the same run directory' 75 'run/pool\.lock is locked'
cp first.conf "$CONF"
answers 'the first one serves on' 200 items -t acme GET /api/notes
pool_stop

perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$SOCKET"
ok 'a socket is left behind' test -S "$SOCKET"
pool_start
answers '  and replaced' 200 items -t acme GET /api/notes
pool_stop

background perl.log perl -MIO::Socket::UNIX -e \
    '$s = IO::Socket::UNIX->new(Local => shift, Listen => 99) or die; sleep 60' "$SOCKET"
other=$pid
wait_for 10 accepts "$SOCKET" || bail 'no other server'
refused 'a socket that somebody answers on' 75 'fcgi\.sock is in use: a server answers on it'
ok '  and left alone' accepts "$SOCKET"
stop "$other"
rm "$SOCKET"
echo precious >"$SOCKET"
refused 'a file in its place' 1 'fcgi\.sock is there and is not a socket'
is '  and left alone' "$(cat "$SOCKET")" precious
rm "$SOCKET"

group=$(id -gn)
cp first.conf "$CONF"
echo "socket.group = $group" >>"$CONF"
pool_start
is 'the socket has the group that was asked for' "$(stat -c %G "$SOCKET")" "$group"
pool_stop
sed -i 's/^socket.group.*/socket.group = nobody-has-this/' "$CONF"
refused 'a group that is not there' 2 'there is no group nobody-has-this'
ok '  without leaving a socket' test ! -e "$SOCKET"
cp first.conf "$CONF"

# The supervisor is killed: its workers go, and the next one takes over.
pool_start
pids=$(workers)
background slow.log "$FCGI" -t acme -d '{"text":"slow"}' -w 800 "$SOCKET" POST /api/notes
slow=$pid
sleep 0.3
kill -s KILL "$SERVE"
wait_for 10 gone "$SERVE" || bail 'the supervisor cannot be killed'
pool_start
for p in $pids; do
	ok 'a worker of a killed supervisor is gone' gone "$p"
done
wait "$slow"
is '  after it answered the request it had' $? 0
answers 'the next supervisor serves' 200 items -t acme GET /api/notes
pool_stop
done_testing
