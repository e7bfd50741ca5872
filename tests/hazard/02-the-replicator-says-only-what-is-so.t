#!/bin/sh
# One replicator for one house; new tenants are its business at once; who asks
# for a flush is told when the store has it and not before; what could not be
# synced is not shipped as if it had been.
. "$(dirname "$0")/../lib.sh"

# Long sweeps: whatever arrives here did not wait for one.
house_new 'replica.interval = 50ms' 'replica.sweep = 1h'
tenant_new acme

flush() {	# SLUG
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\n";
		print {$s} "flush $ARGV[1]\n"; $s->flush; print scalar <$s>' \
		"$RUN/control.sock" "$1"
}
flushed() {	# SLUG
	case $(flush "$1") in ok\ *) return 0 ;; esac
	return 1
}
commits() {	# SLUG FIRST
	"$O/tools/commits" "$CONF" "$1" "$2" 3 >>acks || bail "no commits"
}

background first.log "$ROWHOUSE" replicator
first=$pid
ok 'a replicator works' wait_for 20 flushed acme
sed 's/^run = .*/run = other-run/' "$CONF" >other.conf
output=$(timeout $((20 * PATIENCE)) "$ROWHOUSE" replicator -c other.conf 2>&1)
is 'a second one on the same data is refused' $? 75
like '  and told why' "$output" 'another replicator works on'
ok '  the first goes on' flushed acme

tenant_new globex
commits globex 1
ok 'a tenant made meanwhile is replicated' wait_for 20 flushed globex
ok '  as the replica shows' "$ROWHOUSE" restore globex --to globex.sqlite

# A file where the directory of raw objects should be.
mkdir -p "$REPLICA/globex/00000001/ltx/0"
mv "$REPLICA/globex/00000001/ltx/0" aside
: >"$REPLICA/globex/00000001/ltx/0"
commits globex 4
like 'what the store did not take is not said to be there' "$(flush globex)" '^error '
rm "$REPLICA/globex/00000001/ltx/0"
mv aside "$REPLICA/globex/00000001/ltx/0"
ok '  and is, once it has taken it' wait_for 20 flushed globex
stop "$first"

if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	# there before it starts, so that the first sync is of this, of the registry, or of both
	commits acme 1
	background strace.log strace -f -qq -o /dev/null -e trace=syncfs \
		-e inject=syncfs:error=EIO:when=1 "$ROWHOUSE" replicator
	begun() {
		ls "$REPLICA"/*/00000002/owner
	}
	ok 'after a sync that failed a new epoch begins' wait_for 20 begun
	ok '  with everything' wait_for 20 flushed acme
	# strace ends with what it traces
	# shellcheck disable=SC2046
	kill -s TERM $(descendants "$pid")
else
	diag 'strace is not installed, or may not trace here'
fi
done_testing
