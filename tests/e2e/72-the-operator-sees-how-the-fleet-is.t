#!/bin/sh
# The operator sees how all tenants are, and one: what the replicator says of their replicas and what
# they used today. Where no replicator answers that is said. The socket that this comes by changes
# nothing, and who asks it without end slows no replication.
. "$(dirname "$0")/../lib.sh"

house_new 'plan.free.rate = 1000/s' 'usage.interval = 1s'
for slug in acme blue globex green; do tenant_new "$slug"; done
sqlite3 "$(db_of blue)" 'CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(500000))'
house_start
KEY=$(cat "$DATA/operator.token")

slugs() {	# QUERY
	operator GET "/status$1"
	sqlite3 :memory: "SELECT group_concat(json_extract(value, '\$.slug'), ' ')
	    FROM json_each(readfile('$SCRATCH/body'), '\$.items')"
}
of() {	# SLUG PATH
	operator GET "/status?slug=$1"
	json "\$.items[0]$2"
}
is_of() {	# SLUG PATH WANT
	[ "$(of "$1" "$2")" = "$3" ]
}

is 'all of them, by slug' "$(slugs '')" 'acme blue globex green'
like '  in the shape of a page' "$(cat body)" '"page":1,"perPage":30,"totalItems":4,"totalPages":1}$'

# --- who, and in which order ----------------------------------------------------------
is '  one page of two' "$(slugs '?perPage=1&page=2')" blue
is '  the first from the other end' "$(slugs '?sort=-slug&perPage=1')" green
is '  beyond the last page there is none' "$(slugs '?page=9')" ''
is 'by a pattern' "$(slugs '?slug=g*')" 'globex green'
is 'the largest first' "$(slugs '?sort=-size&perPage=1')" blue
fault() {	# NAME FIELD CODE QUERY
	operator GET "/status$4"
	is "$1" "$status $(json "\$.data.$2.code")" "400 $3"
}
fault 'a key that is none' sort validation_not_in_list '?sort=created'
fault 'a state that is none' state validation_not_in_list '?state=gone'
fault 'too many stars' slug validation_invalid_value '?slug=*a*a*a*a*a'
fault 'no page of a thousand' perPage validation_max_less_equal_than_required '?perPage=1000'
fault 'what is neither right nor wrong' wrong validation_invalid_type '?wrong=perhaps'
http "http://localhost:$PORT/api/operator/status"
is 'it is the operator alone who may' "$status" 401

# --- what they did ----------------------------------------------------------------------
sign_in acme
project_new acme WEB
wait_for 20 caught_up acme
project_new acme APP
ok 'what was written today is counted' wait_for 20 is_of acme '.writes_today' 2
is '  who wrote most comes first' "$(slugs '?sort=-writes&perPage=1')" acme
ok '  and it is with the store' wait_for 20 is_of acme '.lag_bytes' 0
like '  by requests of its own' "$(of acme .puts)" '^[1-9]'
most() { [ "$(slugs '?sort=-puts&perPage=1')" = acme ]; }
ok '  and who makes most of them comes first' wait_for 20 most
is '  its replica is at work' "$(of acme .replication)" active
is '  and not proven' "$(of acme .proven)" ''
is 'the pool is what all used' "$(json '$.pool.writes')" 2
is 'the registry has a replica as well' "$(json '$.registry.replication')" active
is 'the replicator says what it says elsewhere' "$(json '$.replicator.total.tenants') $(
    json '$.replicator.total.interval_ms') $(json '$.replicator.claim.state')" '5 1000 held'
like '  and since when' "$(json '$.replicator.started')" '^20..-..-..T'

"$ROWHOUSE" verify acme >/dev/null || bail 'no proof'
proven() {
	[ -n "$(of acme .proven)" ]
}
ok 'a proof is seen' wait_for 20 proven
is '  who has one comes first' "$(slugs '?sort=-proven&perPage=1')" acme

# --- one ----------------------------------------------------------------------------------
operator GET /tenants/acme/status
is 'one of them' "$status $(json '$.slug') $(json '$.state')" '200 acme active'
is '  its replica is what the command says' \
    "$(json '$.replication.epoch') $(json '$.replication.txid') $(json '$.replication.proven')" \
    "$("$ROWHOUSE" status acme --json >said; sqlite3 :memory: "SELECT json_extract(x, '\$.epoch') || ' ' ||
	json_extract(x, '\$.txid') || ' ' || json_extract(x, '\$.proven') FROM (SELECT readfile('said') AS x)")"
is '  its usage is by day' "$(json '$.usage[0].day') $(json '$.usage[0].writes')" "$(date -u +%F) 2"
operator GET /tenants/nobody/status
is '  nobody has none' "$status" 404

# --- what is wrong ------------------------------------------------------------------------
is 'nothing is wrong with anybody' "$(slugs '?wrong=true')" ''
ok 'one is deleted' "$ROWHOUSE" tenant delete green --yes
is '  which is nothing wrong' "$(slugs '?wrong=true')" ''
is '  it is shown' "$(of green .state)" deleted
ok 'and one suspended' "$ROWHOUSE" tenant suspend blue
is 'those of a state' "$(slugs '?state=suspended') $(slugs '?state=deleted&sort=-slug')" 'blue green'
is '  with a pattern' "$(slugs '?state=active&slug=g*') $(json '$.totalItems')" 'globex 1'
counts() {	# QUERY
	operator GET "/status$1"
	json '$.tenants'
}
is '  they are counted, whichever are asked for' "$(counts '?state=deleted&perPage=1')" \
    '{"active":2,"suspended":1,"deleted":1,"wrong":0}'
is '  by a pattern' "$(counts '?slug=g*')" '{"active":1,"suspended":0,"deleted":1,"wrong":0}'
mv "$(db_of globex)" gone.sqlite
missing() {
	[ "$(slugs '?wrong=true')" = globex ]
}
ok 'a file that somebody removed is' wait_for 30 missing
like '  in words' "$(of globex .error)" 'is not there$'
is '  and in one' "$(of globex .replication)" missing
is '  it is counted' "$(counts '?wrong=true&slug=g*')" '{"active":1,"suspended":0,"deleted":1,"wrong":1}'
is '  and is not of another state' "$(slugs '?wrong=true&state=suspended')" ''
is '  on the first page by state' "$(slugs '?sort=state&slug=globex')" globex

# --- the socket ----------------------------------------------------------------------------
is 'it is of the group' "$(stat -c %a "$RUN/status.sock")" 660
is '  which the other is not' "$(stat -c %a "$RUN/control.sock")" 600
ask() {	# LINE
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\n";
		print {$s} "$ARGV[1]\n"; $s->flush; print <$s>' "$RUN/status.sock" "$1"
}
for line in status 'flush acme' 'renew acme' 'erase acme' 'proven acme' 'point acme' nonsense ''; do
	is "it does not understand '$line'" "$(ask "$line")" 'error unknown request'
done
is 'nobody has no status' "$(ask 'tenant nobody')" null
is '  nor who has no possible name' "$(ask "tenant $(printf 'a%.0s' $(seq 90))")" null

# As a worker that somebody else is master of would: eight of them, without end.
cat >flood.pl <<'END'
use IO::Socket::UNIX;
while (1) {
	my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or next;
	print {$s} "fleet\n";
	$s->flush;
	my @all = <$s>;
	open(my $f, '>>', $ARGV[1]);
	print {$f} "$#all\n";
}
END
began=$(now_ms)
floods=
for i in 1 2 3 4 5 6 7 8; do
	background flood.log perl flood.pl "$RUN/status.sock" answers
	floods="$floods $pid"
done
replicated acme POST /api/projects '{"key":"FLD","name":"in a flood"}'
is 'in a flood of questions a write is replicated' "$status" 201
like '  which its answer says' "$(header Preference-Applied)" 'replicated'
enough() {
	[ "$(grep -c . answers)" -ge 100 ]
}
ok '  they are answered' wait_for 30 enough
took=$(($(now_ms) - began))
for pid in $floods; do stop "$pid"; done
ok "  and no more than fifty in a second ($(grep -c . answers) in $took ms)" \
    [ "$(grep -c . answers)" -le $((50 * (took / 1000 + 2))) ]

# --- without a replicator --------------------------------------------------------------------
serve_stop
sed -i '/^replica/d' "$CONF"
serve_start
wait_for 20 healthy || bail 'it does not serve'
operator GET /status
is 'without a replicator they are shown' "$status $(json '$.totalItems')" '200 4'
is '  the rest is not known' "$(json '$.replicator') $(json '$.items[0].replication')" ' '
like '  which is said' "$(json '$.replicator_error')" 'no replicator is running'
is '  and nobody is called wrong' "$(slugs '?wrong=true')" ''
operator GET /tenants/acme/status
is '  nor one of them' "$status $(json '$.replication') $(json '$.usage[0].writes')" '200  3'
like '  which is said' "$(json '$.replicator_error')" 'no replicator is running'

done_testing
