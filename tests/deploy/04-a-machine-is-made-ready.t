#!/bin/sh
# scripts/install into a folder: who owns what, what nobody else may read; twice
# is once; what is the operator's stays as he made it.
. "$(dirname "$0")/../lib.sh"

units=$ROOT/scripts/systemd
[ -d "$units" ] || skip_all 'there are no units in scripts/systemd'
[ "$(id -u)" -eq 0 ] || skip_all 'giving files to other users needs root'
command -v systemd-sysusers >/dev/null || skip_all 'systemd-sysusers is not installed'

R=$SCRATCH/root
mkdir -p "$R/etc/caddy"
echo '# what the package brought' >"$R/etc/caddy/Caddyfile"
printf '[default]\naws_access_key_id = id\naws_secret_access_key = not for the log\n' >keys
install() {
	"$ROOT/scripts/install" --root "$R" "$@" </dev/null >install.log 2>&1
	status=$?
	output=$(cat install.log)
}
tree() { (cd "$R" && find . -printf '%y %m %u %g %p %l\n' -type f -exec cksum {} + | sort); }

bucket='s3://bucket/prefix?endpoint=https://s3.example.com&region=eu'
tree >before
install --dry-run --domain example.com --replica "$bucket" --s3-keys keys
is 'a dry run succeeds' "$status" 0
like '  and says what it would do' "$output" 'would: writes /etc/rowhouse\.conf'
is '  each thing once' "$(sort install.log | uniq -d)" ''
tree >after
is '  and does nothing' "$(cat after)" "$(cat before)"
install
is 'without a domain it fails' "$status" 1
like '  and asks for it' "$output" 'which domain'
tree >after
is '  before it does anything' "$(cat after)" "$(cat before)"
DEPLOY_SSH=false "$ROOT/scripts/install" root@nowhere --domain example.com >install.log 2>&1
is 'a machine that does not do is named' "$(cat install.log)" 'rowhouse: it did not end well on root@nowhere'
printf '#!/bin/sh\nexit 255\n' >no-ssh
chmod 755 no-ssh
DEPLOY_SSH=$SCRATCH/no-ssh "$ROOT/scripts/install" root@nowhere --domain example.com >install.log 2>&1
like '  and one that nobody reaches' "$(cat install.log)" 'the connection to root@nowhere was refused, or broke'

install --domain example.com --replica "$bucket" --s3-keys keys
is 'it succeeds' "$status" 0
unlike '  without saying a key' "$output" 'not for the log'
uid() { awk -F: -v n="$1" '$1 == n { print $3 }' "$R/etc/passwd"; }
gid() { awk -F: -v n="$1" '$1 == n { print $3 }' "$R/etc/group"; }
for name in rowhouse rowhouse-replicator; do
	ok "there is a user $name" test -n "$(uid $name)" -a "$(uid $name)" -ne 0
done
at() { stat -c '%a %u:%g' "$R$1"; }
while read -r kind path mode user group; do
	[ "$kind" = d ] || continue
	is "$path is $user's and $group's" "$(at "$path")" "$mode $(uid "$user"):$(gid "$group")"
done <"$units/rowhouse.tmpfiles.conf"
is 'the keys are for root alone' "$(at /etc/credstore/rowhouse.aws)" '400 0:0'
is '  in a place of his own' "$(at /etc/credstore)" '700 0:0'
is '  and are those' "$(cat "$R/etc/credstore/rowhouse.aws")" "$(cat keys)"
for unit in "$units"/*.service "$units"/*.socket; do
	ok "${unit##*/} is there" cmp "$unit" "$R/etc/systemd/system/${unit##*/}"
done
is 'the program is the current release'"'"'s' "$(readlink "$R/usr/local/bin/rowhouse")" \
    /usr/local/lib/rowhouse/current/rowhouse
is 'the package'"'"'s Caddyfile stays' "$(cat "$R/etc/caddy/Caddyfile")" '# what the package brought'
valid() {
	(set -a
	# shellcheck disable=SC1091
	. "$R/etc/caddy/rowhouse.env"
	ROWHOUSE_ACCESS_LOG=$SCRATCH/access.log
	XDG_DATA_HOME=$SCRATCH
	caddy validate --adapter caddyfile --config "$R/etc/caddy/rowhouse/https.caddy")
}
ok '  and ours is one for this Caddy' valid
like '  which its service starts' "$(cat "$R/etc/systemd/system/caddy.service.d/rowhouse.conf")" \
    '^ExecStart=/usr/bin/caddy run --config /etc/caddy/rowhouse/https\.caddy'
like '    and which collects its garbage at leisure' "$(cat "$R/etc/systemd/system/caddy.service.d/rowhouse.conf")" \
    '^Environment=GOGC=400 GOMEMLIMIT=256MiB'

# the configuration is read, but for where the data is
ok 'the configuration is one' "$ROWHOUSE" check --config -c "$R/etc/rowhouse.conf"
like '  with the domain' "$("$ROWHOUSE" check --config -c "$R/etc/rowhouse.conf")" '^base_domain = example\.com$'
like '  and the bucket' "$("$ROWHOUSE" check --config -c "$R/etc/rowhouse.conf")" '^replica\.url = s3://bucket/prefix'

tree >before
install
is 'once more succeeds' "$status" 0
like '  with nothing to do' "$output" 'everything is as it should be; nothing was changed'
tree >after
is '  and does nothing' "$(cat after)" "$(cat before)"

echo 'workers = 3' >>"$R/etc/rowhouse.conf"
echo 'ROWHOUSE_HTTP_PORT=8081' >>"$R/etc/caddy/rowhouse.env"
rm "$R/etc/systemd/system/rowhouse-pool.service"
chmod 644 "$R/etc/credstore/rowhouse.aws"
install --s3-keys keys
ok 'what is missing comes back' test -e "$R/etc/systemd/system/rowhouse-pool.service"
is '  what was opened is shut' "$(at /etc/credstore/rowhouse.aws)" '400 0:0'
like '  what is the operator'"'"'s stays' "$(cat "$R/etc/rowhouse.conf" "$R/etc/caddy/rowhouse.env" | grep -c -e "^workers = 3" -e HTTP_PORT=8081)" '^2$'
is '  and nothing else is done' "$(echo "$output" | grep -c '^rowhouse: .*\(writes\|makes\| is \)')" 2

# --- keys that a person types ---------------------------------------------------------
R=$SCRATCH/asked
mkdir -p "$R/etc"
"$ROOT/tests/answer" 'Access key' typed-id 'Its secret' typed-secret -- \
	"$ROOT/scripts/install" --root "$R" --domain example.com --replica "$bucket" >install.log 2>&1
is 'keys are asked for on a terminal' "$?" 0
unlike '  the secret is not shown' "$(cat install.log)" 'typed-secret'
is '  and what was typed is there' "$(grep -c -e '^aws_access_key_id = typed-id$' \
	-e '^aws_secret_access_key = typed-secret$' "$R/etc/credstore/rowhouse.aws")" 2
rm "$R/etc/credstore/rowhouse.aws"
LIMIT=60 "$ROOT/tests/answer" 'Access key' typed-id 'Its secret' "$(printf '\003')" -- \
	sh -c 'trap : INT; "$@"; echo "status $?"; stty -a' sh \
	"$ROOT/scripts/install" --root "$R" --domain example.com --replica "$bucket" >install.log 2>&1
like 'whoever breaks it off there has his terminal back' "$(cat install.log)" '[^-]echo '
is '  and nothing is left of it' "$(find "$TMPDIR" -mindepth 1)" ''
done_testing
