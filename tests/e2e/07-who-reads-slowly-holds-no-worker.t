#!/bin/sh
# Who asks for a large answer and does not read it holds a connection of Caddy's,
# and no worker: what has been computed is Caddy's to hand over.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 3' 'request.timeout = 60s'
mkdir -p app/api/large
cat >app/api/large/GET.sql <<'END'
-- As long as an answer may be.
-- access: public
-- returns: one
SELECT hex(zeroblob(2000000)) AS digits;
END
tenant_new acme
tenant_new globex
house_start

# One after the other, as acme may have one request in progress; when asked for by
# SIGUSR1 they read what there is, and say how much each has got.
background readers.log perl -MSocket -MIO::Handle -e '
	my ($port, $n) = @ARGV;
	my (@all, $read);
	$SIG{USR1} = sub { $read = 1 };
	$| = 1;
	for (1 .. $n) {
		socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
		# before connect(), which says how much may come
		setsockopt $s, SOL_SOCKET, SO_RCVBUF, 2048 or die "setsockopt: $!";
		connect $s, sockaddr_in($port, INADDR_LOOPBACK) or die "connect: $!";
		$s->autoflush;
		print $s "GET /api/large HTTP/1.1\r\nHost: acme.localhost:$port\r\n",
			"Connection: close\r\n\r\n";
		sysread $s, my $line, 15;
		print "asked $line\n";
		push @all, $s;
	}
	select undef, undef, undef, 0.1 until $read;
	for my $s (@all) {
		my $got = 15;
		while (my $n = sysread $s, my $in, 1 << 20) { $got += $n }
		print $got > 4e6 ? "whole\n" : "only $got\n";
	}
	select undef, undef, undef, 60' "$PORT" 6
readers=$pid
wait_for 20 grep -q asked readers.log || bail 'no answer begins'

is_answered() {
	curl -s --max-time $((10 * PATIENCE)) -o /dev/null -w '%{http_code}\n' \
		"http://globex.localhost:$PORT/api/collections/users/auth-methods"
}
asked() {
	[ "$(grep -c "^asked HTTP/1.1 200" readers.log)" -eq "$1" ]
}
ok 'six answers have begun to come, of three workers' wait_for 20 asked 6
is 'others are answered' "$(for i in 1 2 3 4; do is_answered; done | sort -u)" 200
kill -s USR1 "$readers"
whole() {
	[ "$(grep -c '^whole' readers.log)" -eq 6 ]
}
ok 'who reads at last has all of it' wait_for 20 whole || diag "$(cat readers.log)"
done_testing
