#!/bin/sh
# Twenty deploys, one after the other, through Caddy and under load: each request
# is answered as if nothing happened, each new release serves within a second.
. "$(dirname "$0")/lib.sh"

# a tenant has half of the pool: more than there are clients
server_new 'workers = 8'
house_up
sign_in acme
project_new acme ACK
PACE=0.01
export PACE
writer_start acme ACK a
writer_start acme ACK b

# reader FILE	fifty GETs a second at most, a connection each, and what came
reader() {
	background reader.log perl -MIO::Socket::INET -e '
		my ($port, $file) = @ARGV;
		my $over = 0; $SIG{TERM} = sub { $over = 1 };
		$SIG{PIPE} = "IGNORE";
		open(my $out, ">", $file) or die; $out->autoflush(1);
		until ($over) {
			my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
				PeerPort => $port, Timeout => 10);
			my $in = "";
			if ($s) {
				print $s "GET /api/release HTTP/1.1\r\nHost: acme.localhost\r\n",
					"Connection: close\r\n\r\n";
				while (1) {
					my $n = sysread($s, $in, 65536, length $in);
					next if !defined $n && $!{EINTR};
					last if !$n;
				}
			}
			my ($status) = $in =~ m{^HTTP/1.1 (\d+)};
			my ($release) = $in =~ /"release":(\d+)/;
			print $out $status // "broken", " ", $release // "-", "\n";
			select undef, undef, undef, 0.02;
		}' "$PORT" "$1"
	readers="$pid ${readers:-}"
}
reader reads.1
reader reads.2
wait_for 20 acked_at_least acme 20 || bail 'nothing is written'

failed=0
n=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	change $n
	deploy
	[ "$status" = 0 ] || { failed=$((failed + 1)); diag "$output"; }
	says $n || { failed=$((failed + 1)); diag "deploy $n is not what answers: $body"; }
	echo "$output" | sed -n 's/.* serves, \([0-9]*\) ms.*/\1/p' >>swap.ms
	echo "$output" | sed -n 's/.* done, in \([0-9]*\) ms.*/\1/p' >>whole.ms
done
is 'twenty deploys succeed, and the next request is the new one'"'"'s' $failed 0
writers_stop
for p in $readers; do
	stop "$p"
done
is 'not one write failed' "$(cut -f2 ledger.acme.* | sort -u)" acked
is 'not one read failed' "$(cut -d' ' -f1 reads.1 reads.2 | sort -u)" 200
is '  and all releases were read' "$(cut -d' ' -f2 reads.1 reads.2 | sort -un | tail -n 1)" 20
ok '  there were many of both' test "$(acked acme)" -gt 200 -a "$(cat reads.1 reads.2 | wc -l)" -gt 200
copy_of "$(db_of acme)" live.sqlite
ledger_ok 'the file' acme live.sqlite
median() { sort -n "$1" | sed -n 10p; }
ok 'half of them served within a second of the swap' test "$(median swap.ms)" -lt $((1000 * PATIENCE))
diag "$(acked acme) writes, $(cat reads.1 reads.2 | wc -l) reads; swap to serving $(median swap.ms) ms
(half), $(sort -n swap.ms | tail -n 1) ms (most); whole $(median whole.ms) ms, $(sort -n whole.ms | tail -n 1) ms"
ok 'the replica catches up' wait_for 40 caught_up acme
done_testing
