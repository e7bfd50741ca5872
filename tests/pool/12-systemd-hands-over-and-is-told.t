#!/bin/sh
# Socket activation (LISTEN_FDS), READY=1 and STOPPING=1 on NOTIFY_SOCKET, and a
# worker alone with its socket on descriptor 0.
. "$(dirname "$0")/lib.sh"

pool_new
SOCKET=$SCRATCH/given.sock

# activate COMMAND…	as systemd would: the socket on descriptor 3
cat >activate <<'END'
#!/usr/bin/perl
use IO::Socket::UNIX; use POSIX; use Fcntl;
my ($path, $fd, @command) = @ARGV;
my $s = IO::Socket::UNIX->new(Local => $path, Listen => 4096) or die "socket: $!";
POSIX::dup2(fileno $s, $fd) unless fileno $s == $fd;
open my $h, "+<&=", $fd; fcntl($h, F_SETFD, 0);
if ($fd == 3) { $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = $ENV{FDS} // 1; }
exec @command or die "exec: $!";
END
chmod +x activate

background notify.log perl -MIO::Socket::UNIX -e '$| = 1;
	$s = IO::Socket::UNIX->new(Local => shift, Type => SOCK_DGRAM) or die;
	while (defined $s->recv(my $m, 100)) { print "$m\n" } ' "$SCRATCH/notify.sock"
wait_for 10 test -S notify.sock || bail 'nobody to notify'

background "$LOG" env NOTIFY_SOCKET="$SCRATCH/notify.sock" \
    ./activate "$SOCKET" 3 "$ROWHOUSE" pool
SERVE=$pid
ready() { grep -q '^READY=1$' notify.log; }
ok 'systemd is told when all workers are ready' wait_for 20 ready
is '  they are' "$(workers | wc -l)" 2
answers 'a socket that was handed over is served' 200 healthy -t acme GET /api/health
ok '  and no other was made' test ! -e "$RUN/fcgi.sock"
pool_stop
ok '  it stays when the pool ends' test -S "$SOCKET"
is 'systemd is told that it ends' "$(tail -n 1 notify.log)" STOPPING=1

rm -f "$SOCKET"
output=$(FDS=2 ./activate "$SOCKET" 3 "$ROWHOUSE" pool 2>&1)
is 'two sockets are refused' $? 2
like '  and it says why' "$output" 'LISTEN_FDS is 2, and one socket is wanted'
output=$(perl -e '$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1;
    open STDIN, "<", "/dev/null"; POSIX::dup2(0, 3); exec @ARGV' -MPOSIX "$ROWHOUSE" pool 2>&1) ||
output=$(perl -MPOSIX -e 'POSIX::dup2(0, 3); $ENV{LISTEN_PID} = $$;
    $ENV{LISTEN_FDS} = 1; exec @ARGV' "$ROWHOUSE" pool </dev/null 2>&1)
is 'what is no socket is refused' $? 2
like '  and it says why' "$output" 'descriptor 3 is not a listening socket'

rm -f "$SOCKET"
background "$LOG" ./activate "$SOCKET" 0 "$ROWHOUSE" worker -c "$CONF"
worker=$pid
wait_for 10 accepts "$SOCKET" || bail 'no worker'
answers 'a worker alone serves descriptor 0' 201 '"id":1' -t acme -d '{"text":"x"}' \
    POST /api/notes
stop "$worker"
rm -f "$SOCKET"
output=$("$ROWHOUSE" worker -c "$CONF" </dev/null 2>&1)
is 'a worker without a socket says so' $? 1
like '  and why' "$output" 'descriptor 0.*(not a listening socket|Socket operation)'
done_testing
