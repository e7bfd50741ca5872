# shellcheck shell=sh disable=SC2034
# tests/pool/lib.sh: for tests of the pool at its socket, without a web server,
# on an application of a few lines.
#
#	. "$(dirname "$0")/lib.sh"
#	pool_new 'workers = 2'		# a configuration and the tenant acme
#	pool_start
#	send -t acme GET /api/health
#	is 'the pool answers' "$status" 200

# the directory is the test's own
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"

FCGI=$O/tools/fcgi
SOCKET=$RUN/fcgi.sock
LOG=$SCRATCH/serve.log

# app_new	notes, and a statement that takes as long as one likes
app_new() {
	mkdir -p app/schema app/api/notes 'app/api/notes/{id}' app/api/slow \
	    app/api/mine
	cat >app/schema/0001_init.sql <<-'END'
	CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
	END
	cat >app/api/notes/GET.sql <<-'END'
	-- access: public
	-- returns: many
	SELECT id, text FROM notes ORDER BY id LIMIT 10;
	END
	cat >app/api/notes/POST.sql <<-'END'
	-- access: public
	-- param: text text required
	-- returns: one
	-- status: 201
	INSERT INTO notes (text) VALUES (:text) RETURNING id, text;
	END
	cat >'app/api/notes/{id}/GET.sql' <<-'END'
	-- access: public
	-- param: id integer
	-- returns: one
	SELECT id, text FROM notes WHERE id = :id;
	END
	cat >app/api/slow/GET.sql <<-'END'
	-- access: public
	-- param: n integer default 1000 min 1 max 1000000000
	-- returns: one
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT :n)
	SELECT count(*) AS n FROM c;
	END
	cat >app/api/mine/GET.sql <<-'END'
	-- access: member
	-- returns: one
	SELECT @user_id AS id, @tenant AS tenant;
	END
}

pool_new() {
	app_new
	house_new 'replica.url =' 'statement.read = 30s' "$@"
	tenant_new acme
}

# pool_start [ENV-ARGUMENT…]	the pool, serving
pool_start() {
	: >>"$LOG"
	served=$(grep -c ' serves ' "$LOG")
	background "$LOG" "$@" "$ROWHOUSE" pool
	SERVE=$pid
	wait_for 20 serving || bail 'rowhouse pool does not serve'
}

serving() {
	[ "$(grep -c ' serves ' "$LOG")" -gt "$served" ]
}

pool_stop() {
	stop "$SERVE" "${1:-TERM}"
}

# send OPTION… METHOD URI	sets status (none: there was no whole answer), head, body
send() {
	# METHOD and URI are the last two, the socket stands before them
	send_n=$#
	send_i=0
	for argument; do
		shift
		send_i=$((send_i + 1))
		[ $send_i -eq $((send_n - 1)) ] && set -- "$@" "$SOCKET"
		set -- "$@" "$argument"
	done
	"$FCGI" "$@" >"$SCRATCH/answer" 2>"$SCRATCH/answer.err"
	sent=$?
	tr -d '\r' <"$SCRATCH/answer" | sed '/^$/,$d' >"$SCRATCH/header"
	sed '1,/^\r$/d' "$SCRATCH/answer" >"$SCRATCH/body"
	status=$(sed -n 's/^Status: \([0-9]*\).*/\1/p' "$SCRATCH/header")
	[ $sent -eq 0 ] || status=none
	body=$(cat "$SCRATCH/body")
}

# answers NAME STATUS PATTERN OPTION… METHOD URI
answers() {
	name=$1
	want=$2
	pattern=$3
	shift 3
	send "$@"
	if [ "$status" = "$want" ]; then
		like "$name: $want" "$body" "$pattern"
	else
		result 1 "$name: $want" || diag "got:  $status $body"
	fi
}

# note TEXT		written by the pool; counted in the file
note() {
	send -t acme -d "{\"text\":\"$1\"}" POST /api/notes
}

notes() {	# [TENANT]
	sqlite3 -readonly "$(db_of "${1:-acme}")" 'SELECT count(*) FROM notes'
}

# bench LOG OPTION… METHOD URI	in the background; $pid
bench_start() {
	log=$1
	shift
	method=$1
	uri=$2
	shift 2
	: >"$log"
	background "$log" "$FCGI" bench "$@" "$SOCKET" "$method" "$uri"
	BENCH=$pid
}

# bench_end LOG		waits, and sets a variable for each name=value
bench_end() {
	wait "$BENCH"
	bench_status=$?
	diag "$(cat "$1")"
	done=0 lost=0 refused=0 status_200=0 status_201=0 status_429=0
	# words, on one line
	# shellcheck disable=SC2013
	for pair in $(cat "$1"); do
		case $pair in
		done=*|lost=*|refused=*|status_*=*) eval "$pair" ;;
		esac
	done
}

logged() {	# PATTERN
	grep -Eq -e "$1" "$LOG"
}
