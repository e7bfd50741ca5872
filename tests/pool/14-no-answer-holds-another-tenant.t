#!/bin/sh
# One worker that holds two files open serves twenty tenants in random order:
# no byte of one is ever in an answer to another, and the worker does not grow.
. "$(dirname "$0")/lib.sh"

REQUESTS=${REQUESTS:-20000}
SEED=${SEED:-$$}
diag "SEED=$SEED"

pool_new 'workers = 1' 'worker.requests = 1000000' 'worker.tenants = 2'
n=1
while [ $n -lt 20 ]; do
	tenant_new "t$n"
	n=$((n + 1))
done
pool_start

# Each tenant's canary is in a row, in a user's name and in what a client sends.
cat >client.pl <<'END'
use strict;
use warnings;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

my ($socket, $password, $worker, $requests, $seconds, $seed) = @ARGV;
my @tenants = ('acme', map { "t$_" } 1 .. 19);
my (%token, %etag, %id, %did);
srand $seed;

sub record {
	my ($type, $data) = @_;
	return pack('CCnnCC', 1, $type, 1, length $data, 0, 0) . $data;
}

sub pair {
	my ($name, $value) = @_;
	my $size = length $value;
	return pack('C', length $name)
	    . ($size < 128 ? pack('C', $size) : pack('N', $size | 1 << 31))
	    . $name . $value;
}

# The status, the head and the body of the answer.
sub ask {
	my ($tenant, $method, $uri, $body, %more) = @_;
	my %params = (REQUEST_METHOD => $method, REQUEST_URI => $uri,
	    TENANT => $tenant, REMOTE_ADDR => '192.0.2.1', %more);
	if (defined $body) {
		$params{CONTENT_LENGTH} = length $body;
		$params{HTTP_CONTENT_TYPE} = 'application/json';
	} else {
		$body = '';
	}
	my $c = IO::Socket::UNIX->new(Peer => $socket) or die "connect: $!\n";
	my $out = record(1, pack('nCx5', 1, 0))
	    . record(4, join '', map { pair($_, $params{$_}) } sort keys %params)
	    . record(4, '');
	$out .= record(5, $body) if length $body;
	print $c $out . record(5, '');
	$c->flush;
	local $/;
	my $in = <$c>;
	my ($answer, $ended) = ('', 0);
	while (length $in >= 8) {
		my (undef, $type, undef, $size, $pad) = unpack 'CCnnC', $in;
		$answer .= substr $in, 8, $size if $type == 6;
		$ended = 1 if $type == 3;
		$in = substr $in, 8 + $size + $pad;
	}
	die "no whole answer to $method $uri of $tenant\n" unless $ended;
	my ($head, $text) = split /\r\n\r\n/, $answer, 2;
	my ($status) = $head =~ /^Status: (\d+)/;
	return ($status, $head, $text);
}

sub wrong {
	my ($what, $tenant, $status, $text) = @_;
	die "$what, asked by $tenant: $status $text\n";
}

# Whose canaries are in it?
sub own {
	my ($what, $tenant, $want, $status, $head, $text) = @_;
	my $all = "$head\n$text";
	$did{$what}++;
	wrong($what, $tenant, $status, $text) unless $status == $want;
	while ($all =~ /canary-(\w+)-yranac/g) {
		wrong("$what: the canary of $1", $tenant, $status, $text)
		    if $1 ne $tenant;
	}
	return $text;
}

sub has_own {
	my ($what, $tenant) = @_;
	my $text = own(@_);
	wrong("$what: no canary", $tenant, '', $text)
	    unless $text =~ /canary-$tenant-yranac/;
	return $text;
}

my $users = '/api/collections/users/records';
for my $t (@tenants) {
	has_own('note', $t, 201, ask($t, 'POST', '/api/notes',
	    qq({"text":"canary-$t-yranac"})));
	my $text = own('sign in', $t, 200, ask($t, 'POST',
	    '/api/collections/users/auth-with-password',
	    qq({"identity":"owner\@$t.example","password":"$password"}),
	    REMOTE_ADDR => "192.0.2.$t"));
	($token{$t}) = $text =~ /"token":"([^"]+)"/;
	($id{$t}) = $text =~ /"id":"([^"]+)"/;
	has_own('rename', $t, 200, ask($t, 'PATCH', "$users/$id{$t}",
	    qq({"name":"canary-$t-yranac"}), HTTP_AUTHORIZATION => $token{$t}));
	my ($status, $head) = ask($t, 'GET', '/api/notes');
	($etag{$t}) = $head =~ /^ETag: (\S+)/m;
}

my @kinds = (
	sub { has_own('list', $_[0], 200, ask($_[0], 'GET', '/api/notes')) },
	sub { has_own('view', $_[0], 200, ask($_[0], 'GET', '/api/notes/1')) },
	sub { own('etag', $_[0], 304, ask($_[0], 'GET', '/api/notes', undef,
	    HTTP_IF_NONE_MATCH => $etag{$_[0]})) },
	sub { has_own("other's etag", $_[0], 200, ask($_[0], 'GET',
	    '/api/notes', undef, HTTP_IF_NONE_MATCH => $etag{$_[1]})) },
	sub { own('missing', $_[0], 404, ask($_[0], 'GET', '/api/notes/77')) },
	sub {
		my $text = own('mine', $_[0], 200, ask($_[0], 'GET',
		    '/api/mine', undef, HTTP_AUTHORIZATION => $token{$_[0]}));
		wrong('mine: not mine', $_[0], '', $text) if $text ne
		    qq({"id":"$id{$_[0]}","tenant":"$_[0]"});
	},
	sub { own("other's token", $_[0], 401, ask($_[0], 'GET', '/api/mine',
	    undef, HTTP_AUTHORIZATION => $token{$_[1]})) },
	sub { own("other's user", $_[0], 404, ask($_[0], 'GET',
	    "$users/$id{$_[1]}", undef,
	    HTTP_AUTHORIZATION => $token{$_[0]})) },
	sub { has_own('users', $_[0], 200, ask($_[0], 'GET', $users, undef,
	    HTTP_AUTHORIZATION => $token{$_[0]})) },
	sub { own('users, other token', $_[0], 401, ask($_[0], 'GET', $users,
	    undef, HTTP_AUTHORIZATION => $token{$_[1]})) },
	sub { has_own('fault', $_[0], 400, ask($_[0], 'POST', '/api/notes',
	    qq({"canary-$_[0]-yranac":1}))) },
	sub { own('no JSON', $_[0], 400, ask($_[0], 'POST', '/api/notes',
	    qq({"text":"canary-$_[0]-yranac))) },
	sub { has_own('rename', $_[0], 200, ask($_[0], 'PATCH',
	    "$users/$id{$_[0]}", qq({"name":"canary-$_[0]-yranac"}),
	    HTTP_AUTHORIZATION => $token{$_[0]})) },
);

sub grown {
	open my $f, '<', "/proc/$worker/status" or die "the worker is gone\n";
	my ($kib) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$f>;
	my @fds = glob "/proc/$worker/fd/*";
	return ($kib, scalar @fds);
}

my ($until, $asked, $t) = (time + $seconds, 0, 'acme');
my ($kib, $fds);
while ($asked < $requests && time < $until) {
	# Now and then the same again, whose file is open.
	$t = $tenants[rand @tenants] if rand > 0.3;
	my $other = $t;
	$other = $tenants[rand @tenants] while $other eq $t;
	$kinds[rand @kinds]->($t, $other);
	($kib, $fds) = grown() if ++$asked == 2000;
}
die "only $asked requests in $seconds s\n" if $asked <= 2000;
my ($kib_after, $fds_after) = grown();
print "# $asked requests, RssAnon $kib to $kib_after KiB, ",
    "descriptors $fds to $fds_after\n";
print "#   $_: $did{$_}\n" for sort keys %did;
print "kib=", $kib_after - $kib, " fds=", $fds_after - $fds, "\n";
END

worker=$(workers)
seconds=$((20 * PATIENCE))
if perl client.pl "$SOCKET" "$PASSWORD" "$worker" "$REQUESTS" $seconds "$SEED" \
    >client.out 2>client.err; then
	result 0 'every answer is the own tenant'\''s'
else
	result 1 'every answer is the own tenant'\''s'
fi
diag "$(grep '^#' client.out | cut -c3-)"
[ -s client.err ] && diag "$(cat client.err)"
kib=none fds=none
eval "$(grep '^kib=' client.out)"
is 'it is the same worker' "$(workers)" "$worker"
ok 'no descriptor more than two open tenants need' test "$fds" -le 6
# a sanitizer keeps what was freed
[ "$PATIENCE" -gt 1 ] || ok 'and no memory' test "$kib" -le 512
unlike 'nothing went wrong' "$(cat "$LOG")" ' error '
pool_stop
done_testing
