# shellcheck shell=sh disable=SC2034
# tests/lib.sh: what the *.t programs are written with.  Sourced, in sh.
#
#	. "$(dirname "$0")/../lib.sh"
#	house_new 'workers = 2'		# a configuration, in $SCRATCH
#	tenant_new acme
#	house_start			# rowhouse serve and Caddy, answering
#	api acme GET /api/health
#	is 'the house is healthy' "$status" 200
#	done_testing
#
# Everything started here ends with the test, however that ends.  Nothing
# sleeps for an effect: wait_for asks until it is there, up to a bound.

set -u
LC_ALL=C
export LC_ALL
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
O=$(cd "${O:-$ROOT/build}" && pwd) || exit 1
ROWHOUSE=$O/rowhouse
if [ -z "${SCRATCH:-}" ]; then
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/rh.XXXXXX") || exit 1
	echo "# scratch: $SCRATCH"
fi
cd "$SCRATCH" || exit 1
# Not around everything: who is in a sandbox may write to it.
TMPDIR=$SCRATCH/tmp
mkdir -p "$TMPDIR"
chmod 1777 "$TMPDIR"
export TMPDIR

# Instrumented programs are slower, and report into files that fail the test.
: "${PATIENCE:=1}"
case $O in */san) PATIENCE=5 ;; esac
ASAN_OPTIONS="log_path=$SCRATCH/sanitizer:${ASAN_OPTIONS:-}"
UBSAN_OPTIONS="log_path=$SCRATCH/sanitizer:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export ASAN_OPTIONS UBSAN_OPTIONS

# --- TAP --------------------------------------------------------------------

tests=0
failures=0

diag() {
	printf '%s\n' "$*" | cut -c1-300 | head -n 40 | sed 's/^/# /'
}

result() {	# STATUS NAME
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tests" "$2"
	else
		failures=$((failures + 1))
		printf 'not ok %d - %s\n' "$tests" "$2"
	fi
	return "$1"
}

ok() {		# NAME COMMAND…		the command succeeds
	ok_name=$1
	shift
	if ok_said=$("$@" 2>&1); then
		result 0 "$ok_name"
	else
		result 1 "$ok_name" || diag "$* failed: $ok_said"
	fi
}

is() {		# NAME GOT WANT
	if [ "$2" = "$3" ]; then
		result 0 "$1"
	else
		result 1 "$1" || diag "got:  $2
want: $3"
	fi
}

like() {	# NAME GOT EXTENDED-REGEXP
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		result 0 "$1"
	else
		result 1 "$1" || diag "got:        $2
not like:   $3"
	fi
}

unlike() {	# NAME GOT EXTENDED-REGEXP
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		result 1 "$1" || diag "got:        $2
must not be like: $3"
	else
		result 0 "$1"
	fi
}

skip() {	# NAME REASON
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests" "$1" "$2"
}

skip_all() {	# REASON
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

bail() {	# REASON	this test cannot go on
	result 1 "can go on" || diag "$1"
	[ -s "$SCRATCH/serve.log" ] && diag "the end of serve.log:" &&
		diag "$(tail -n 15 "$SCRATCH/serve.log")"
	done_testing
}

done_testing() {
	cleanup
	for report in "$SCRATCH"/sanitizer.*; do
		[ -e "$report" ] || continue
		result 1 "no sanitizer report" || diag "$(head -n 40 "$report")"
	done
	trap - EXIT
	printf '1..%d\n' "$tests"
	[ "$failures" -eq 0 ]
	exit
}

# --- processes --------------------------------------------------------------

started=
mounted=

# background LOG COMMAND…	pid in $pid; dies with this shell, by the kernel
background() {
	log=$1
	shift
	setpriv --pdeathsig KILL "$@" </dev/null >>"$log" 2>&1 &
	pid=$!
	started="$pid $started"
}

alive() {	# PID	a zombie is not
	case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in
	''|Z) return 1 ;;
	esac
}

gone() {
	! alive "$1"
}

# descendants PID	its children, theirs, …
descendants() {
	# numbers, on one line
	# shellcheck disable=SC2013
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

# ours PID	it is a child of this shell, and not whoever has that number now
ours() {
	[ "$(cut -d' ' -f4 "/proc/$1/stat" 2>/dev/null)" = $$ ]
}

# stop PID [SIGNAL]	and wait until it is gone
stop() {
	kill -s "${2:-TERM}" "$1" 2>/dev/null
	wait_for 30 gone "$1" || {
		diag "process $1 did not end after ${2:-TERM}"
		kill -s KILL "$1" 2>/dev/null
	}
	wait "$1" 2>/dev/null
}

cleanup() {
	for p in $started; do
		ours "$p" && kill -s CONT "$p" && kill -s TERM "$p"
	done 2>/dev/null
	for p in $started; do
		ours "$p" || continue
		wait_for 20 gone "$p" || kill -s KILL "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	started=
	[ -z "$mounted" ] || umount "$mounted"
	mounted=
}

trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# wait_for SECONDS COMMAND…	until it succeeds; what it said last, where it never does
wait_for() {
	wait_bound=$(($1 * PATIENCE * 1000))
	wait_begun=$(now_ms)
	shift
	until "$@" >"$SCRATCH/waited" 2>&1; do
		[ $(($(now_ms) - wait_begun)) -lt "$wait_bound" ] || {
			diag "$(tail -n 5 "$SCRATCH/waited")"
			return 1
		}
		sleep 0.03
	done
}

now_ms() {
	date +%s%3N
}

# --- a clock, a disk ----------------------------------------------------------

# clock_new	$jumping COMMAND… has a wall clock of its own then, which set_clock
# SECONDS ahead of the true one ("+3600").  Times of files are the kernel's: those that
# were written do not change.  Skips all where there is no libfaketime.
clock_new() {
	for lib in /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1; do
		[ -e "$lib" ] && break
	done
	[ -e "$lib" ] || skip_all 'apt-get install faketime'
	jumping='env FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1'
	# where who is in a sandbox can read it
	jumping="$jumping FAKETIME_TIMESTAMP_FILE=$TMPDIR/clock LD_PRELOAD=$lib"
	set_clock +0
}

set_clock() {
	echo "$1" >clock.new
	mv clock.new "$TMPDIR/clock"
}

# data_disk SIZE	$DATA is a file system of its own, until the test ends; skips all
# where none can be mounted
data_disk() {
	[ "$(id -u)" -eq 0 ] || skip_all 'mounting a small disk needs root'
	mkdir -p "$DATA"
	mount -t tmpfs -o "size=$1,mode=700" rowhouse-test "$DATA" 2>/dev/null ||
		skip_all 'no tmpfs can be mounted here'
	mounted=$DATA
}

# --- a house ----------------------------------------------------------------

# not through a proxy
no_proxy=.localhost,localhost
export no_proxy

CONF=$SCRATCH/rowhouse.conf
DATA=$SCRATCH/data
RUN=$SCRATCH/run
REPLICA=$SCRATCH/replica
ROWHOUSE_CONFIG=$CONF
export ROWHOUSE_CONFIG

# cheap to hash, and not what anybody would use
PASSWORD='a long enough password'

# house_new [LINE…]	a configuration; lines given come last, and win
house_new() {
	mkdir -p "$DATA" "$RUN" "$REPLICA"
	[ -e "$SCRATCH/app" ] || cp -R "$ROOT/tenants/app" "$SCRATCH/app"
	config_write "$@"
}

config_write() {
	{
		cat <<-END
		data = data
		run = run
		app = app
		base_domain = localhost
		workers = 2
		replica.url = replica
		password.passes = 1
		password.memory = 64KiB
		END
		for line; do printf '%s\n' "$line"; done
	} | awk -F' *= *' '{ if (!($1 in at)) at[$1] = ++n; line[at[$1]] = $0 }
		END { for (i = 1; i <= n; i++) print line[i] }' >"$CONF"
}

# tenant_new SLUG	with the owner owner@SLUG.example
tenant_new() {
	printf '%s\n' "$PASSWORD" |
		"$ROWHOUSE" tenant create "$1" --owner "owner@$1.example" \
			>>"$SCRATCH/tenant.log" 2>&1 ||
		bail "tenant create $1: $(tail -n 3 "$SCRATCH/tenant.log")"
}

serve_start() {
	background "$SCRATCH/serve.log" "$ROWHOUSE" serve
	SERVE=$pid
	wait_for 20 accepts "$RUN/fcgi.sock" ||
		bail "rowhouse serve does not listen on its socket"
}

accepts() {	# SOCKET
	perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => shift)' "$1"
}

serve_stop() {
	stop "$SERVE" "${1:-TERM}"
}

# the processes under rowhouse serve
processes() {	# ROLE
	for p in $(descendants "$SERVE"); do
		case $({ tr '\0' ' ' <"/proc/$p/cmdline"; } 2>/dev/null) in
		*"rowhouse $1 "*) echo "$p" ;;
		esac
	done
}

workers() {
	processes worker
}

replicator() {
	processes replicator | head -n 1
}

# everything_killed	serve and all that it started, at once
everything_killed() {
	# a list of numbers
	# shellcheck disable=SC2046
	kill -s KILL "$SERVE" $(descendants "$SERVE") 2>/dev/null
	wait "$SERVE" 2>/dev/null
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

caddy_start() {
	PORT=$(free_port)
	ROWHOUSE_PORT=$PORT ROWHOUSE_RUN=$RUN ROWHOUSE_WWW=$SCRATCH/app/www \
	ROWHOUSE_STORAGE=$SCRATCH/caddy \
		background "$SCRATCH/caddy.log" "$ROOT/scripts/caddy" run
	CADDY_PID=$pid
	wait_for 20 curl -s -o /dev/null "http://localhost:$PORT/" ||
		bail "caddy does not answer: $(tail -n 3 "$SCRATCH/caddy.log")"
}

house_start() {
	serve_start
	caddy_start
	wait_for 20 healthy || bail "the house does not answer"
}

healthy() {
	[ "$(curl -s -o /dev/null -w '%{http_code}' \
		"http://localhost:$PORT/api/health")" = 200 ]
}

# --- a client ---------------------------------------------------------------

TOKEN=
PREFER=
KEY=
status=
body=

# http CURL-ARGUMENT…	sets status and body; the header is in $SCRATCH/header
http() {
	status=$(curl -s --max-time $((30 * PATIENCE)) -D "$SCRATCH/header" \
		-o "$SCRATCH/body" -w '%{http_code}' "$@")
	body=$(cat "$SCRATCH/body" 2>/dev/null)
}

# api SLUG METHOD PATH [JSON]	with $TOKEN and $PREFER, where there is one
api() {
	where=http://$1.localhost:$PORT$3
	method=$2
	if [ $# -gt 3 ]; then
		set -- -H 'Content-Type: application/json' --data-binary "$4"
	else
		set --
	fi
	[ -n "$TOKEN" ] && set -- -H "Authorization: Bearer $TOKEN" "$@"
	[ -n "$PREFER" ] && set -- -H "Prefer: $PREFER" "$@"
	http -X "$method" "$@" "$where"
}

# operator METHOD PATH [JSON]	the operator's API, with the token in $KEY
operator() {
	where=http://localhost:$PORT/api/operator$2
	if [ $# -gt 2 ]; then
		http -g -X "$1" -H "Authorization: Bearer $KEY" \
			-H 'Content-Type: application/json' --data-binary "$3" "$where"
	else
		http -g -X "$1" -H "Authorization: Bearer $KEY" "$where"
	fi
}

# job_is ID STATE-REGEXP	a job of the operator's, in $body then
job_is() {
	operator GET "/jobs/$1"
	json '$.state' | grep -Eq "^($2)\$"
}

# job_asked PATH [JSON]	sets id; the answer has to be 202
job_asked() {
	operator POST "$@"
	[ "$status" = 202 ] || bail "$*: $status $body"
	id=$(json '$.id')
}

# job_ends PATH [JSON]	asks, and waits for its end; it is in $body then
job_ends() {
	job_asked "$@"
	wait_for 60 job_is "$id" 'done|failed|cancelled'
}

# json PATH	what stands at a SQLite JSON path of the last body
json() {
	sqlite3 :memory: "SELECT json_extract(readfile('$SCRATCH/body'), '$1')"
}

# sign_in SLUG [EMAIL] [PASSWORD]	sets TOKEN
sign_in() {
	TOKEN=
	api "$1" POST /api/collections/users/auth-with-password \
	    "{\"identity\":\"${2:-owner@$1.example}\",\"password\":\"${3:-$PASSWORD}\"}"
	[ "$status" = 200 ] || bail "signing in to $1: $status $body"
	TOKEN=$(json '$.token')
}

# raw [half]	sends what stands on stdin (\n becomes \r\n in the head) as it is
# and prints what comes back until the other side closes; for requests that curl
# would not make.  "half" closes its own side first, which Caddy takes for gone.
raw() {
	perl -MIO::Socket::INET -e '
		local $/; my $text = <STDIN>;
		my ($head, $rest) = split /\n\n/, $text, 2;
		$head =~ s/\n/\r\n/g;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
			PeerPort => shift, Timeout => 10) or die "connect: $!";
		print $s $head, "\r\n\r\n", $rest // "";
		shutdown($s, 1) if @ARGV;
		$SIG{ALRM} = sub { print "\n(no end)\n"; exit };
		alarm 20;
		while (sysread $s, my $in, 65536) { print $in }' "$PORT" "$@"
}

# replicated SLUG METHOD PATH [JSON]	as api, with Prefer: durability=replicated
replicated() {
	PREFER=durability=replicated
	api "$@"
	PREFER=
}

# header NAME	of the last answer
header() {
	tr -d '\r' <"$SCRATCH/header" | sed -n "s/^$1: //Ip" | tail -n 1
}

# --- what was acknowledged, kept outside ------------------------------------

# project_new SLUG KEY	signed in
project_new() {
	api "$1" POST /api/projects "{\"key\":\"$2\",\"name\":\"$2\"}"
	[ "$status" = 201 ] || bail "a project for $1: $status $body"
}

# writer_start SLUG PROJECT NAME [COUNT]	its ledger is ledger.SLUG.NAME
writer_start() {
	background "writer.$3.log" "$ROOT/tests/writer" "$PORT" "$1.localhost" \
		"$TOKEN" "$2" "$3" "ledger.$1.$3" ${4:+"$4"}
	writers="$pid ${writers:-}"
}

writers_stop() {
	for p in ${writers:-}; do
		stop "$p"
	done
	writers=
}

# acked SLUG		how many so far
acked() {
	cat ledger."$1".* 2>/dev/null | grep -c '	acked	' || true
}

acked_at_least() {	# SLUG COUNT
	[ "$(acked "$1")" -ge "$2" ]
}

# ledger SLUG FILE SQL	asks about a database file, with the table
# ledger(title, what, sent, answered, detail) of what the writers know
ledger() {
	for f in ledger."$1".*; do
		awk -F'\t' -v name="${f##*.}" 'BEGIN { OFS = FS }
			{ $1 = name "-" $1; print }' "$f"
	done >ledger.tsv
	sqlite3 -readonly "$2" <<-END
	CREATE TEMP TABLE ledger (title TEXT, what TEXT, sent INT, answered INT,
		detail TEXT);
	.mode tabs
	.import ledger.tsv ledger
	.mode list
	$3
	END
}

# ledger_ok NAME SLUG FILE	everything acknowledged is there, once, and
# nothing that was refused
ledger_ok() {
	is "$1: nothing acknowledged is missing" "$(ledger "$2" "$3" "
		SELECT title, detail FROM ledger WHERE what = 'acked'
		   AND NOT EXISTS (SELECT 1 FROM issues i WHERE i.title = ledger.title
		       AND i.ref = ledger.detail) LIMIT 5;")" ''
	is "$1: nothing refused is there" "$(ledger "$2" "$3" "
		SELECT title FROM ledger WHERE what = 'refused'
		   AND title IN (SELECT title FROM issues) LIMIT 5;")" ''
	is "$1: nothing is there twice" "$(sqlite3 -readonly "$3" "
		SELECT title, count(*) FROM issues GROUP BY title HAVING count(*) > 1
		 LIMIT 5;")" ''
	is "$1: the file is sound" \
		"$(sqlite3 -readonly "$3" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
}

# The stock shell, made to wait for whoever writes; by itself it says at once that the
# database is locked, as any is for a moment when it begins to be replicated.
sqlite3() {
	command sqlite3 -cmd '.timeout 10000' "$@"
}

# db_of SLUG		the tenant's current file
db_of() {
	for f in "$DATA/tenants/$1"/*/db.sqlite; do :; done
	printf '%s\n' "$f"
}

# lock_held SLUG	a shell is in the middle of a transaction, which goes on with what is
#	written to descriptor 9
lock_held() {
	rm -f go held
	mkfifo go
	background held.log sh -c "sqlite3 -cmd '.timeout 10000' '$(db_of "$1")' <go"
	HOLDER=$pid
	exec 9>go
	printf 'PRAGMA foreign_keys = 1;\nBEGIN IMMEDIATE;\n.system touch held\n' >&9
	wait_for 20 test -e held || bail 'the lock is not held'
}
# lock_released		it is over: rolled back, unless COMMIT was the last word
lock_released() {
	exec 9>&-
	wait "$HOLDER"
}

# copy_of FILE COPY	of a live database, as one transaction sees it
copy_of() {
	rm -f "$2"
	sqlite3 -readonly "$1" ".backup '$2'" || bail "cannot copy $1"
}

# same_rows A B		every row of every table of the application and of the
# accounts is in both; prints what is not
same_rows() {
	for table in $(sqlite3 -readonly "$1" "SELECT name FROM sqlite_schema
	    WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
	      AND name NOT LIKE 'sqlite_%' ORDER BY name"); do
		sqlite3 -readonly "$1" "ATTACH 'file:$2?mode=ro' AS other;
			SELECT '$table', count(*) FROM (
			    SELECT * FROM (SELECT * FROM main.$table EXCEPT
			                   SELECT * FROM other.$table)
			    UNION ALL
			    SELECT * FROM (SELECT * FROM other.$table EXCEPT
			                   SELECT * FROM main.$table))
			HAVING count(*) > 0" 2>&1
	done
}

# caught_up SLUG	the replica has all that is committed
caught_up() {
	rm -f "$SCRATCH"/caught-up.sqlite* "$SCRATCH"/live.sqlite*
	"$ROWHOUSE" restore "$1" --to "$SCRATCH/caught-up.sqlite" &&
	copy_of "$(db_of "$1")" "$SCRATCH/live.sqlite" || return 1
	differ=$(same_rows "$SCRATCH/live.sqlite" "$SCRATCH/caught-up.sqlite")
	[ -z "$differ" ] || ! echo "$differ"
}
