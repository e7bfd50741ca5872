#!/bin/sh
# `rowhouse health` asks the pool at its socket, and is told of which release it
# is.  What became of a renewal stands in <run>/renewal.
. "$(dirname "$0")/lib.sh"

pool_new
config_write 'replica.url =' 'app = current/app'
release_new() {	# NAME
	mkdir -p "releases/$1"
	cp "$ROWHOUSE" "releases/$1/rowhouse"
	cp -R app "releases/$1/app"
}
swap() {	# NAME
	ln -sfn "releases/$1" current.new && mv -T current.new current
}
health() { "$built" health 2>&1; }
serves() { [ "$(health)" = "$1" ]; }
renewal_is() { [ "$(cat "$RUN/renewal")" = "$1" ]; }

built=$ROWHOUSE
health >health.log
is 'where there is no pool it fails' $? 1
like '  and says so' "$(cat health.log)" 'fcgi\.sock: connect: .*no pool is running there'

release_new 20260101T000000Z-aaaaaaaaaaaa
release_new 20260102T000000Z-bbbbbbbbbbbb
swap 20260101T000000Z-aaaaaaaaaaaa
ROWHOUSE=$SCRATCH/current/rowhouse
pool_start
is 'a release is told by its name' "$(health)" 20260101T000000Z-aaaaaaaaaaaa
ok '  the first start is through' wait_for 5 renewal_is '1 renewed'
send -t -ask GET /api/health
like '  to this machine' "$body" '"data":\{"version":"[0-9.]+","release":"20260101T000000Z-aaaaaaaaaaaa"\}'
for tenant in - acme; do
	send -t $tenant GET /api/health
	like "  not to who asks $tenant" "$body" '"data":\{\}'
done

swap 20260102T000000Z-bbbbbbbbbbbb
kill -s HUP "$SERVE"
ok 'the next one serves when the link points to it' wait_for 20 serves 20260102T000000Z-bbbbbbbbbbbb
ok '  which is the second renewal' wait_for 5 renewal_is '2 renewed'

rm current/rowhouse
printf '#!/bin/sh\n[ "$1" = worker ] && exit 4\nexec %s "$@"\n' "$built" >current/rowhouse
chmod +x current/rowhouse
kill -s HUP "$SERVE"
ok 'workers that cannot use the scoreboard are told apart' \
    wait_for 20 renewal_is '3 failed: the supervisor is of another release: restart it'
mkdir -p current/app/api/broken
echo 'SELECT nonsense' >current/app/api/broken/GET.sql
kill -s HUP "$SERVE"
ok 'as is a mistake in the application' \
    wait_for 20 renewal_is '4 failed: `rowhouse check --app` found a mistake'
is '  the second release serves' "$(health)" 20260102T000000Z-bbbbbbbbbbbb
pool_stop

# a program and an application of two places are of no release
config_write 'replica.url =' "app = $SCRATCH/app"
swap 20260101T000000Z-aaaaaaaaaaaa
pool_start
is 'what is put together is of no release' "$(health)" healthy
pool_stop
done_testing
