#!/bin/sh
# TENANT first, else the host, exactly; nothing else decides.  Who is suspended,
# deleted or without a file is not served.
. "$(dirname "$0")/lib.sh"

pool_new
tenant_new globex
pool_start
note acme
healthy='API is healthy'
missing='^\{"status":404,"message":"The requested resource wasn.t found.","data":\{\}}$'

answers 'TENANT' 200 '"text":"acme"' -t acme GET /api/notes/1
answers '  the other' 404 "$missing" -t globex GET /api/notes/1
answers 'an answer of one' 200 '"n":1' -t acme GET '/api/slow?n=1'
tag=$(header ETag)
answers 'the same of another' 200 '"n":1' -t globex GET '/api/slow?n=1'
ok '  has another tag' test "$(header ETag)" != "$tag"
answers 'the host' 200 '"text":"acme"' -H acme.localhost GET /api/notes/1
answers '  in capitals, with a port and a dot' 200 '"text":"acme"' \
    -H ACME.LocalHost.:8080 GET /api/notes/1
answers 'TENANT before the host' 404 "$missing" -t globex -H acme.localhost GET /api/notes/1
answers 'an empty TENANT is none' 200 '"text":"acme"' -t '' -H acme.localhost GET /api/notes/1
for host in localhost.acme acme.localhost.evil.test evil.test acme..localhost \
    acme.localhost@evil.test 'acme.localhost acme.localhost' .localhost '' _registry.localhost; do
	answers "the host \"$host\"" 404 "$missing" -H "$host" GET /api/notes/1
done
answers 'no host at all' 404 "$missing" GET /api/notes/1
for tenant in ACME nobody ../acme acme/../acme acme. _registry 'acme ' -- \
    "$(printf 'a%.0s' $(seq 300))"; do
	answers "TENANT \"$(printf %.20s "$tenant")\"" 404 "$missing" \
	    -t "$tenant" -H acme.localhost GET /api/notes/1
done
answers 'X-Forwarded-Host decides nothing' 404 "$missing" -H evil.test \
    -p HTTP_X_FORWARDED_HOST=acme.localhost -p HTTP_FORWARDED=host=acme.localhost \
    -p HTTP_TENANT=acme -p HTTP_X_TENANT=acme -p SERVER_NAME=acme.localhost GET /api/notes/1

answers 'the platform, by its host' 200 "$healthy" -H LOCALHOST:80 GET /api/health
answers '  and by TENANT' 200 "$healthy" -t - -H acme.localhost GET /api/health
answers '  which has no tenant'\''s routes' 404 "$missing" -t - GET /api/notes
answers '  and no accounts' 404 "$missing" -H localhost -d '{}' \
    POST /api/collections/users/auth-with-password

ok 'acme is suspended' "$ROWHOUSE" tenant suspend acme
answers '  and not served' 503 'isn.t available right now' -t acme GET /api/notes/1
is '  for a while' "$(header Retry-After)" 300
ok '  the log says why' logged 'text="tenant acme is suspended"'
answers '  the other is' 200 "$healthy" -t globex GET /api/health
ok 'acme is resumed' "$ROWHOUSE" tenant resume acme
answers '  and served' 200 '"text":"acme"' -t acme GET /api/notes/1

mkdir kept
mv "$(dirname "$(db_of acme)")"/db.sqlite* kept/
answers 'a tenant without its file' 503 'isn.t available right now' -t acme GET /api/notes/1
is '  is asked for again later' "$(header Retry-After)" 30
ok '  the log says what to do' logged 'tenant=acme .*hint="?.*restore'
ok '  and no empty file was made' test ! -e "$(dirname "$(db_of acme)")/db.sqlite"
mv kept/* "$DATA/tenants/acme"/*/
answers '  back with its file' 200 '"text":"acme"' -t acme GET /api/notes/1

"$ROWHOUSE" tenant delete globex --yes >/dev/null 2>&1 || bail 'globex cannot be deleted'
answers 'a tenant that was deleted' 404 "$missing" -t globex GET /api/health
pool_stop
done_testing
