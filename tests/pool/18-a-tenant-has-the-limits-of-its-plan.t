#!/bin/sh
# Plans: each limit refuses with its status, says which it is and where it lies,
# and concerns nobody else.  What is over the rate is refused before its body,
# its caller or its file is looked at.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 4' 'plan.slow.rate = 10/h' \
    'plan.calm.in_flight = 1' 'plan.calm.read = 20s' \
    'plan.small.body = 2KiB' 'plan.small.rows = 3' 'plan.small.read = 40ms' \
    'plan.small.write = 60ms' 'plan.small.size = 1MiB' 'plan.small.users = 2'
mkdir -p app/api/fill app/api/spin
cat >app/api/fill/POST.sql <<-'END'
-- access: public
-- returns: none
INSERT INTO notes (text) VALUES (hex(zeroblob(1000000)));
END
cat >app/api/spin/POST.sql <<-'END'
-- access: public
-- returns: none
INSERT INTO notes (text)
  WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 1000000000)
  SELECT 'x' FROM c WHERE i < 0;
END
tenant_new globex
tenant_new initech
pool_start

plan() {	# SLUG NAME
	"$ROWHOUSE" tenant plan "$1" "$2" >"$SCRATCH/plan.log" 2>&1
}
refused() {	# NAME STATUS LIMIT VALUE OPTION… METHOD URI
	is_limit="\"$3\":\\{\"code\":\"limit_$3\",\"message\":\"At most $4\\.\"\\}"
	refused_name=$1 refused_status=$2
	shift 4
	answers "$refused_name" "$refused_status" "$is_limit" "$@"
}

# --- a tenant has one ---------------------------------------------------------

like 'without a plan there is the default' "$("$ROWHOUSE" tenant show acme)" \
    '^plan +default$'
plan acme gold
is 'a plan that is not there cannot be given' $? 1
like '  and those that there are are named' "$(cat plan.log)" \
    'there is default, slow, calm, small'
plan acme small
is 'a plan is given' "$(cat plan.log)" 'tenant acme has the plan small'
like '  and shown' "$("$ROWHOUSE" tenant show acme)" '^plan +small$'
like '  and listed' "$("$ROWHOUSE" tenant list)" '^acme .* small$'
like '  and in JSON, with what follows from it' "$("$ROWHOUSE" tenant list --json)" \
    '"slug":"acme".*"plan":"small".*"size_max":1048576'

# --- each limit, at once and of this tenant alone -----------------------------

for text in one two three four; do
	note "$text"
	send -t globex -d "{\"text\":\"$text\"}" POST /api/notes
done
is 'four notes are written' "$status $(notes)" '201 4'
refused 'four rows are too many' 413 rows '3 rows of an answer' -t acme GET /api/notes
like '  in words, too' "$body" '"message":"The answer would have more than 3 rows'
answers '  of another tenant they are not' 200 four -t globex GET /api/notes
refused 'a large body' 413 body '2KiB of a body' -t acme -b 2049 POST /api/notes
answers '  of another tenant it is only no object' 400 'not JSON' \
    -t globex -b 2049 POST /api/notes
refused 'what reads for too long' 503 read '40ms for what reads' \
    -t acme GET '/api/slow?n=1000000000'
refused 'what writes for too long' 503 write '60ms for what writes' \
    -t acme POST /api/spin
refused 'a file that would be too large' 507 size '1MiB of a database' \
    -t acme POST /api/fill
is '  waiting does not help, and is not asked for' "$(header Retry-After)" ''
like '  in words, too' "$body" '"message":"This tenant has reached its limit."'
is '  nothing of it is there' "$(notes)" 4
send -t globex POST /api/fill
is '  another tenant has the room' "$status" 204
note five
is '  and there is room for what is small' "$status" 201

sign_in_at() {	# TENANT
	send -t "$1" -d "{\"identity\":\"owner@$1.example\",\"password\":\"$PASSWORD\"}" \
	    POST /api/collections/users/auth-with-password
	token=$(json '$.token')
}
user_new() {	# NAME
	printf '{"email":"%s@x.example","password":"long enough","passwordConfirm":"long enough"}' "$1"
}
sign_in_at acme
send -t acme -a "$token" -d "$(user_new second)" POST /api/collections/users/records
is 'a second user' "$status" 200
refused 'a third user' 507 users '2 users' -t acme -a "$token" -d "$(user_new third)" \
    POST /api/collections/users/records

# --- more of it: another plan, and another configuration -----------------------

plan acme default
answers 'another plan holds from the next request on' 200 five -t acme GET /api/notes
send -t acme POST /api/fill
is '  of the open file, too' "$status" 204
plan acme small
note six
is '  a file that is larger already may be as large as it is' "$status" 201
refused '  and is read within the limits' 413 rows '3 rows of an answer' \
    -t acme GET /api/notes
sed -i 's/plan.small.rows = 3/plan.small.rows = 30/' "$CONF"
renewed() { [ "$(grep -c ' renewed ' "$LOG")" -gt 0 ]; }
kill -s HUP "$SERVE"
ok 'SIGHUP' wait_for 20 renewed
answers '  takes the plans over' 200 six -t acme GET /api/notes
sed -i '/plan.small/d' "$CONF"
like 'a plan that is gone is the default' "$("$ROWHOUSE" tenant show acme)" \
    '^plan +small, which the configuration has not: as default$'

# --- in flight ------------------------------------------------------------------

plan acme calm
background slow.1 "$FCGI" -t acme "$SOCKET" GET '/api/slow?n=1000000000'
busy() {	# sets busy to who is
	for busy in $(workers); do
		case $(cut -d' ' -f3 "/proc/$busy/stat") in
		R) return 0 ;;
		esac
	done
	return 1
}
wait_for 10 busy || bail 'nobody is busy'
taken() {
	send -t acme GET /api/notes
	[ "$status" = 429 ]
}
wait_for 10 taken
is 'one at once is one at once' "$status" 429
like '  and that is said' "$body" \
    '"in_flight":\{"code":"limit_in_flight","message":"At most 1 request at once\."\}'
is '  it may come again soon' "$(header Retry-After)" 1
answers '  another tenant is served meanwhile' 200 four -t globex GET /api/notes
kill -s KILL "$busy"	# who would go on for 20 seconds

# --- rate -----------------------------------------------------------------------

plan initech slow
send -t initech -d '{"text":"before"}' POST /api/notes
is 'within the rate' "$status" 201
for i in 2 3 4 5 6 7 8 9 10; do
	send -t initech GET /api/health
done
is '  ten may come at once, of any kind' "$status" 200
refused '  the eleventh may not' 429 rate '10 requests an hour' -t initech GET /api/notes
like '  in words, too' "$body" '"message":"Too many requests of this tenant\."'
like '  and is told for how long' "$(header Retry-After)" '^3[56][0-9]$'
answers '  others may' 200 four -t globex GET /api/notes
mv "$DATA/tenants/initech" "$SCRATCH/away"
refused 'over it no file is opened' 429 rate '10 requests an hour' -t initech GET /api/notes
refused '  and no body read' 429 rate '10 requests an hour' -t initech -b 2000000 \
    POST /api/notes
refused '  let alone understood' 429 rate '10 requests an hour' -t initech -d '{' \
    POST /api/notes
refused '  nor is a password looked at' 429 rate '10 requests an hour' -t initech \
    -d '{"identity":"owner@initech.example","password":"wrong"}' \
    POST /api/collections/users/auth-with-password
mv "$SCRATCH/away" "$DATA/tenants/initech"
bench_start bench.log GET /api/notes -t initech -n 2000 -c 8
bench_end bench.log
is 'two thousand more are refused, and counted for nothing' "$status_429 $lost" '2000 0'
send -t initech GET /api/health
like '  the time to wait has not grown' "$(header Retry-After)" '^3[56][0-9]$'
plan initech default
answers '  another plan ends it at once' 200 before -t initech GET /api/notes
pool_stop
done_testing
