#!/bin/sh
# Workers, replicator, mailer and the operator's jobs are in their sandboxes, answer everything from
# there, and say what they have of it; where it is insisted on nothing starts without.
# test_sandbox tries to get out.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.verify_every = 2s' 'mail.url = smtp://127.0.0.1:9' \
    'mail.from = no-reply@rowhouse.example' 'signup = open'
tenant_new acme
tenant_new globex

# --- where there is none -----------------------------------------------------------
# without COMMAND…	a kernel that has no Landlock, as strace makes it one
without() {
	timeout -s KILL $((20 * PATIENCE)) strace -f -qq -o /dev/null -e trace=landlock_create_ruleset \
	    -e inject=landlock_create_ruleset:error=ENOSYS "$@"
}
case $O in
*/san)
	output=$("$ROWHOUSE" serve --require-sandbox 2>&1)
	ok 'with sanitizers there is none, and so no start' test $? -ne 0
	like '  and why' "$output" 'no sandbox: built with sanitizers'
	done_testing
	;;
esac
for role in serve pool replicator mailer 'job nobody'; do
	# shellcheck disable=SC2086
	output=$(without "$ROWHOUSE" $role --require-sandbox 2>&1 </dev/null)
	result=$?
	ok "without Landlock there is no $role where it is insisted on" \
	    test $result -ne 0 -a $result -ne 124
	like '  and why' "$output" 'no sandbox for files: Landlock: Function not implemented'
done
config_write 'sandbox = require'
output=$(without "$ROWHOUSE" pool 2>&1 </dev/null)
ok 'nor where the configuration does' test $? -ne 0
like '  and why' "$output" 'cannot start.*no sandbox for files'
"$ROWHOUSE" replicator --nonsense >usage 2>&1
is 'what is no option is wrong usage' $? 2
like '  and says what is right' "$(cat usage)" '^usage: rowhouse replicator .*--require-sandbox'

background probe.log "$ROWHOUSE" worker
like 'a process says what there is of it' "$(wait_for 5 test -s probe.log; cat probe.log)" 'sandbox|cannot start'
grep -q 'no sandbox' probe.log && {
	skip 'every process is in its sandbox' "$(cat probe.log)"
	done_testing
}

# --- where there is one ------------------------------------------------------------
config_write 'replica.verify_every = 2s' 'mail.url = smtp://127.0.0.1:9' \
    'mail.from = no-reply@rowhouse.example' 'signup = open' 'response.rows = 500'
background serve.log "$ROWHOUSE" serve --require-sandbox
SERVE=$pid
caddy_start
wait_for 20 healthy || bail 'the house does not answer'
confined() {	# PID
	sed -n 's/^\(NoNewPrivs\|Seccomp\):\t//p' "/proc/$1/status" | tr '\n' ' '
}
mailer() { processes mailer; }
wait_for 20 test -n "$(mailer)"
for role in worker replicator mailer; do
	for p in $(processes $role); do
		confines() { [ "$(confined "$p")" = '1 2 ' ]; }
		ok "a $role is confined" wait_for 20 confines
	done
done
is 'the supervisor is not, who starts them' "$(confined "$SERVE")" '0 0 '
for role in supervisor replicator mailer; do
	is "what there is of it is said once, by the $role" \
	    "$(grep -c " $role\[.* sandbox text=\"calls are filtered, files are by ABI [0-9]* of Landlock\"" serve.log)" 1
done
is '  and by no worker' "$(grep -c 'worker.* sandbox ' serve.log)" 0

# every endpoint, rightly and wrongly, as its description has it
said=$(/usr/bin/python3 "$ROOT/tests/app/requests.py" "$PORT" acme.localhost \
    owner@acme.example "$PASSWORD" 2>requests.log)
is 'whatever is asked is answered from there' "$? $said" '0 '
like '  and much was' "$(cat requests.log)" '^[0-9]{4,} requests'
said=$(ROUNDS=40 /usr/bin/python3 "$ROOT/tests/app/requests.py" "$PORT" localhost - "$(cat "$DATA/operator.token")" \
    2>requests.log)
is '  on the host of the platform, too' "$? $said" '0 '
# whom the operator was not asked to do away with
tenant_new initech
sign_in initech
replicated initech POST /api/projects '{"key":"SAFE","name":"Safe"}'
is 'a write waits for the replica from there' "$status" 201
proven() { [ -e "$(dirname "$(db_of initech)")/spool/proven" ]; }
ok 'and the replicator proves it, by a process of its own' wait_for 60 proven

# --- a job ---------------------------------------------------------------------------
KEY=$(cat "$DATA/operator.token")
job_ends /tenants/initech/export '{}'
is 'what the operator asks for is done' "$(json '$.state') $(json '$.error')" 'done '
"$ROWHOUSE" tenant export initech mine.sqlite >/dev/null
ln -s "$SCRATCH/mine.sqlite" "$DATA/imports/leads-out"
job_ends /imports '{"slug":"hooli","file":"leads-out"}'
like '  where it leads to no other file' "$(json '$.state') $(json '$.error')" '^failed .*leads-out: Permission denied'
rm "$DATA/imports/leads-out"
cp mine.sqlite "$DATA/imports/leads-nowhere"
job_ends /imports '{"slug":"hooli","file":"leads-nowhere"}'
is '  and a file of the data can be had' "$(json '$.state') $(json '$.error')" 'done '

rm -r app/api/projects
mv app app.moved
cp -R app.moved app
cp -R "$ROOT/tenants/app/api/projects" app/api/projects
kill -s HUP "$SERVE"
renewed() { grep -q ' renewed ' serve.log; }
ok 'a folder that was replaced is read by those who come' wait_for 30 renewed
api initech GET /api/projects
is '  and serves' "$status" 200
unlike 'nobody was killed for a call' "$(cat serve.log)" 'signal 31|Bad system call'
unlike 'nobody was refused anything' "$(grep -v leads-out serve.log)" 'not implemented|not permitted|[Pp]ermission denied'
done_testing
