#!/bin/sh
# What takes long the operator asks for by HTTP and is told of later. Whoever does it
# may be killed at any moment: it is done then, and not twice. Nobody else notices.
. "$(dirname "$0")/../lib.sh"

AWS_SECRET_ACCESS_KEY=a-secret-of-the-store
export AWS_SECRET_ACCESS_KEY
house_new 'replica.claim = 1s' 'workers = 3'
for slug in acme globex; do tenant_new "$slug"; done
house_start
KEY=$(cat "$DATA/operator.token")
job() {		# NAME PATH [JSON]	asks, and waits for its end
	name=$1
	shift
	job_ends "$@"
	is "$name" "$(json '$.state') $(json '$.error')" 'done '
}
of() {		# SLUG KEY	of the registry
	"$ROWHOUSE" tenant show "$1" --json 2>/dev/null |
		sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"]*\).*/\1/p"
}
steward() { processes steward; }
there() { [ -n "$(steward)" ]; }
new_steward() { [ -n "$(steward)" ] && [ "$(steward)" != "$1" ]; }
# whoever carries a job out, whatever it has become
child() {
	for s in $(steward); do descendants "$s"; done
}
busy() { [ -n "$(child)" ]; }
idle() { ! busy; }
zombie() {	# PID
	case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in Z|'') ;; *) return 1 ;; esac
}

ok 'there is a steward' wait_for 20 there
for p in $(workers); do
	unlike 'no worker has the keys of the store' "$(tr '\0' '\n' <"/proc/$p/environ")" a-secret
done
like '  but the steward has' "$(tr '\0' '\n' <"/proc/$(steward)/environ")" a-secret

sign_in globex
project_new globex WEB
writer_start globex WEB w
sign_in acme
project_new acme WEB
for n in 1 2 3; do
	api acme POST /api/projects/WEB/issues "{\"title\":\"issue $n\"}"
done
issues() {	# SLUG	signed in
	sqlite3 -readonly "$(db_of "$1")" 'SELECT count(*) FROM issues'
}
ok 'acme is replicated' wait_for 60 caught_up acme

# --- each of them -------------------------------------------------------------------
job 'it is proven' /tenants/acme/verify
is '  which says so' "$(json '$.result.result') $(json '$.kind') $(json '$.tenant')" 'proven verify acme'
job 'what a restore would do is told' /tenants/acme/restore '{"dry_run":true}'
like '  which moment that is' "$(json '$.result.time')" '^20.*Z$'
is '  and nothing is done' "$(of acme epoch)" 1
job 'it is exported' /tenants/acme/export
is '  whole' "$(sqlite3 -readonly "$(json '$.result.path')" 'PRAGMA quick_check; SELECT count(*) FROM issues')" 'ok
3'
is '  for nobody else to read' "$(stat -c %a "$(json '$.result.path')")" 600
cp "$(json '$.result.path')" "$DATA/imports/acme-1.sqlite"
job 'what was exported is imported' /imports '{"slug":"again","file":"acme-1.sqlite"}'
is '  as another' "$(issues again) $(of again uid)" "3 $(json '$.uid')"
job 'it is cloned' /tenants/acme/clone '{"to":"copy"}'
is '  to another' "$(issues copy) $(of copy uid)" "3 $(json '$.to_uid')"
good=$(date -u +%Y-%m-%dT%H:%M:%SZ)
wait_for 5 test "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '!=' "$good" || sleep 1
api acme POST /api/projects/WEB/issues '{"title":"a mistake"}'
ok 'a mistake is replicated' wait_for 60 caught_up acme
job 'it is restored to a moment' /tenants/acme/restore "{\"confirm\":\"acme\",\"at\":\"$good\"}"
is '  that moment' "$(issues acme) $(of acme epoch)" '3 2'
is 'who asked, and for what, is in the log' "$(operator GET '/log?tenant=acme'; sqlite3 :memory: \
    "SELECT group_concat(json_extract(value, '\$.what'), ' ') FROM json_each(readfile('$SCRATCH/body'), '\$.items')")" \
    'tenant-restored restore-asked clone-asked export-asked restore-asked verify-asked tenant-created'
is '  under the id of the job' "$(json '$.items[1].detail')" "$id"
is '  as is what then was done' "$(json '$.items[0].who')" "job $id"
operator GET '/jobs?tenant=acme&state=done&perPage=2'
is 'they are listed, the newest first' "$(json '$.items[0].id') $(json '$.totalItems') $(json '$.totalPages')" "$id 5 3"

# --- what is refused -----------------------------------------------------------------
fault() {	# NAME FIELD CODE PATH JSON
	name=$1 field=$2 code=$3
	shift 3
	operator POST "$@"
	is "$name" "$status $(json "\$.data.$field.code")" "400 $code"
}
fault 'no restore without a word' confirm validation_required /tenants/acme/restore '{}'
fault '  with another'"'"'s' confirm validation_values_mismatch /tenants/acme/restore '{"confirm":"globex"}'
fault '  to no time' at validation_invalid_value /tenants/acme/restore '{"confirm":"acme","at":"yesterday"}'
fault '  to before all times, which is not the newest' at validation_invalid_value /tenants/acme/restore '{"confirm":"acme","at":"0"}'
fault '  to two' txid validation_conflict /tenants/acme/restore '{"confirm":"acme","at":"now","txid":1}'
fault '  to TXID 0' txid validation_min_greater_equal_than_required /tenants/acme/restore '{"confirm":"acme","txid":0}'
fault '  to a text' txid validation_invalid_type /tenants/acme/restore '{"confirm":"acme","txid":"1"}'
fault '  to somewhere' path validation_unknown /tenants/acme/restore '{"confirm":"acme","path":"/etc/passwd"}'
fault 'no clone without a name' to validation_required /tenants/acme/clone '{}'
fault '  under the platform'"'"'s' to validation_reserved /tenants/acme/clone '{"to":"www"}'
fault '  under what is none' to validation_invalid_slug /tenants/acme/clone '{"to":"../x"}'
operator POST /tenants/acme/clone '{"to":"globex"}'
is '  over somebody' "$status $(json '$.data.to.code')" '409 validation_not_unique'
for file in ../master.key .hidden a/b '' '-r' "$(printf 'x%.0s' $(seq 150))" 'ä'; do
	operator POST /imports "{\"slug\":\"new\",\"file\":\"$file\"}"
	is "no import of \"$(printf %.20s "$file")\"" "$status" 400
done
for file in ../master.key .hidden a/b 'ä'; do
	operator POST /imports "{\"slug\":\"new\",\"file\":\"$file\"}"
	# and not because there is no such file yet
	unlike "\"$file\" is no name" "$(json '$.data.file.code')" '^(validation_not_found)?$'
done
fault '  nor of what is not there' file validation_not_found /imports '{"slug":"new","file":"none.sqlite"}'
operator POST /tenants/acme/erase '{"confirm":"acme"}'
is 'one that is not deleted is not erased' "$status" 409
fault '  nor without a word' confirm validation_required /tenants/acme/erase '{}'
for path in erase restore clone export verify; do
	operator POST "/tenants/nobody/$path" '{"confirm":"nobody","to":"else","dry_run":true}'
	ok "nobody: $path" test "$status" = 404 -o "$status" = 400
	http -X POST "http://localhost:$PORT/api/operator/tenants/acme/$path"
	is '  and not without the token' "$status" 401
	http -X POST -H "Authorization: Bearer $KEY" "http://acme.localhost:$PORT/api/operator/tenants/acme/$path"
	is '  nor on the host of a tenant' "$status" 404
done
for what in nothing 1795908762758-aaaaaaaaaaaaaaa ..%2Fmaster.key lock; do
	operator GET "/jobs/$what"
	is "no job $what" "$status" 404
done
is 'none of that is a job' "$(operator GET '/jobs?perPage=1'; json '$.totalItems')" 6
echo garbage >"$DATA/imports/garbage.sqlite"
job_asked /imports '{"slug":"new","file":"garbage.sqlite"}'
ok 'what cannot be done fails' wait_for 60 job_is "$id" failed
like '  in the command'"'"'s words' "$(json '$.error')" 'garbage.sqlite'
is '  and made nothing' "$(of new uid)" ''
mv "$(db_of copy)" away.sqlite
job_asked /tenants/copy/verify
ok 'so does a proof of what is not there' wait_for 60 job_is "$id" failed
like '  and says why, in its own words' "$(json '$.error')" 'db.sqlite'
mv away.sqlite "$DATA/tenants/copy/00000001/db.sqlite"

# --- whoever does it is killed ----------------------------------------------------------
# in the middle: it waits for a replicator that stands still
held() {	# the replicator does
	kill -s STOP "$(replicator)"
}
go_on() {
	kill -s CONT "$(replicator)"
}
held
job_asked /tenants/acme/clone '{"to":"copy2"}'
ok 'a clone is in the middle' wait_for 20 busy
operator POST /tenants/acme/export
is '  then there is no other job for its tenant' "$status" 409
like '  which names it' "$body" "$id"
job_asked /tenants/again/export
ok '  but for another there is' wait_for 20 job_is "$id" 'done'
operator GET '/jobs?tenant=copy2'
id=$(json '$.items[0].id')
is '  and it is known as running' "$(json '$.items[0].state')" running
victim=$(child)
kill -s KILL "$victim"
ok 'killed, it is put off' wait_for 20 job_is "$id" 'waiting|running'
go_on
ok '  and done' wait_for 60 job_is "$id" 'done'
is '  at the next attempt' "$(json '$.attempts') $(issues copy2) $(of copy2 uid)" "2 3 $(json '$.to_uid')"

held
job_asked /tenants/acme/restore '{"confirm":"acme"}'
ok 'a restore is in the middle' wait_for 20 busy
victim=$(child) first=$(steward)
kill -s KILL "$first"
ok '  the steward is killed, and who did it dies with it' wait_for 20 gone "$victim"
go_on
ok '  another comes' wait_for 20 new_steward "$first"
ok '  and does it' wait_for 60 job_is "$id" 'done'
is '  once' "$(json '$.attempts') $(of acme epoch)" '2 3'

# done, and nobody has written that down: the steward stands still
unseen() {	# PATH JSON	done by a child whose end the steward does not see
	first=$(steward)
	held
	job_asked "$@"
	wait_for 20 busy || bail "$*: nobody does it"
	victim=$(child)
	kill -s STOP "$first"
	go_on
	wait_for 60 zombie "$victim" || bail "$*: it does not end"
	job_is "$id" running || bail "$*: $(json '$.state')"
}
stands_up() {	# and is killed instead
	kill -s KILL "$first"
	wait_for 20 new_steward "$first" || bail 'no other steward'
	wait_for 60 job_is "$id" 'done|failed'
}
unseen /tenants/acme/restore '{"confirm":"acme"}'
is 'a restore is done, and nobody has noted it' "$(of acme epoch)" 4
sign_in acme
api acme POST /api/projects/WEB/issues '{"title":"written after it"}'
is '  acme goes on' "$status" 201
stands_up
is '  it is not done again' "$(json '$.state') $(json '$.result.resumed') $(of acme epoch)" 'done 1 4'
is '  and what was written is there' "$(issues acme)" 4

unseen /tenants/acme/clone '{"to":"copy3"}'
uid=$(of copy3 uid)
stands_up
is 'a clone is not made again' "$(json '$.state') $(json '$.attempts') $(of copy3 uid)" "done 2 $uid"
is '  and is the one that was asked for' "$(json '$.to_uid')" "$uid"

operator POST /tenants/acme/delete '{"confirm":"acme"}'
held
job_asked /tenants/acme/erase '{"confirm":"acme"}'
begun() { [ "$(sqlite3 "$DATA/registry.db" 'SELECT count(*) FROM erasures')" = 1 ]; }
ok 'an erasure is in the middle' wait_for 20 begun
kill -s KILL "$(child)"
go_on
ok '  killed, it goes on' wait_for 60 job_is "$id" 'done'
is '  to its end' "$(of acme uid)$(ls -d "$DATA/tenants/acme" "$REPLICA/acme" 2>/dev/null)" ''
is '  with what was exported of it' "$(find "$DATA/exports" -name 'acme.*')" ''

operator POST /tenants/copy/delete '{"confirm":"copy"}'
unseen /tenants/copy/erase '{"confirm":"copy"}'
is 'an erasure is done, and nobody has noted it' "$(of copy uid)" ''
operator POST /tenants '{"slug":"copy","email":"a@b.example","password":"long enough"}'
is '  another takes the name' "$status" 201
operator POST /tenants/copy/delete '{"confirm":"copy"}'
stands_up
is '  and is not erased instead' "$(json '$.state') $(of copy state)" 'done deleted'
operator POST /tenants/copy/undelete

# all of it at once
held
job_asked /tenants/copy2/restore '{"confirm":"copy2"}'
wait_for 20 busy
writers_stop
n=$(acked globex)
everything_killed
serve_start
wait_for 20 healthy || bail 'the house does not answer'
ok 'everything killed, and started again, it is done' wait_for 60 job_is "$id" 'done'
# what was killed while it was made may have used up a number
is '  once' "$(find "$DATA/tenants/copy2" -path '*/0*/db.sqlite' | wc -l)" 2

# --- a stop, a renewal ------------------------------------------------------------------
held
job_asked /tenants/copy2/restore '{"confirm":"copy2"}'
wait_for 20 busy
first=$(steward) victim=$(child)
kill -s HUP "$SERVE"
renewed() { [ "$(grep -c ' renewed ' serve.log)" -ge 1 ]; }
wait_for 30 renewed
is 'a renewal waits for what the steward has begun' "$(steward) $(child)" "$first $victim"
wait_for 60 job_is "$id" 'done'
ok '  then there is another' wait_for 20 new_steward "$first"
is '  at the first attempt' "$(json '$.attempts') $(json '$.state')" '1 done'
wait_for 20 idle
held
job_asked /tenants/copy2/restore '{"confirm":"copy2"}'
wait_for 20 busy
victim=$(child) r=$(replicator)
kill -s TERM "$SERVE"
ok 'a stop does not' wait_for 20 gone "$victim"
kill -s CONT "$r"
wait_for 40 gone "$SERVE" || bail 'it does not stop'
like '  but puts it off' "$(cat "$DATA/jobs/$id")" '"state":"waiting"'
serve_start
wait_for 20 healthy || bail 'the house does not answer'
ok '  until it is there again' wait_for 60 job_is "$id" 'done'

# what each said may be long, and all of it is more than an answer of a tenant's may have
long=$(head -c 31000 /dev/zero | tr '\0' x)
now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
k=100
while [ $k -lt 250 ]; do
	old=$(date +%s)${k}-aaaaaaaaaaaa$k
	printf '{"id":"%s","kind":"points","state":"done","tenant":"copy","asked":"%s","ended":"%s","error":"","result":{"text":"%s"}}' \
	    "$old" "$now" "$now" "$long" >"$DATA/jobs/$old"
	k=$((k + 1))
done
operator GET '/jobs?perPage=500&tenant=copy'
is 'a page of jobs that said much' "$status" 200
ok '  has all of them' test "$(json '$.totalItems')" -ge 150 -a "$(wc -c <"$SCRATCH/body")" -gt 4500000

is 'nobody next door lost anything' "$(acked globex)" "$n"
ledger_ok 'next door' globex "$(db_of globex)"
is 'no worker failed' "$(grep -c 'error worker' serve.log)" 0
done_testing
