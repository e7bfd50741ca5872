#!/bin/sh
# A Debian as its provider hands it over, made ready, deployed to and lost, with the
# commands of HANDBOOK.md and nothing else: scripts/install, scripts/deploy, ssh.  A
# boot, a reboot, a power cut and a machine that is gone.  Downloads Debian; minutes
# with KVM, most of an hour without (`make test-machine`).
: "${PATIENCE:=3}"
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/s3/s3.sh
. "$ROOT/tests/s3/s3.sh"
# shellcheck source=tests/machine/machine.sh
. "$ROOT/tests/machine/machine.sh"

s3_start
machine_new
replica="s3://$S3_BUCKET/house?endpoint=http://10.0.2.2:$S3_PORT&region=$AWS_REGION&style=path"
email=you@example.test

# install [OPTION…]	sets status, output and took
install() {
	took=$(now_ms)
	timeout 900 "$ROOT/scripts/install" root@vps "$@" </dev/null >install.log 2>&1
	status=$?
	took=$(($(now_ms) - took))
	output=$(cat install.log)
}
install_asked() {	# SECRET OPTION…	as a person, at a terminal
	took=$(now_ms)
	answered=$1
	shift
	LIMIT=900 "$ROOT/tests/answer" 'Access key' "$AWS_ACCESS_KEY_ID" \
		'Its secret' "$answered" -- "$ROOT/scripts/install" root@vps "$@" >install.log 2>&1
	status=$?
	took=$(($(now_ms) - took))
	output=$(cat install.log)
}
# deploy [OPTION…] TARGET	sets status, output and took
deploy() {
	took=$(now_ms)
	timeout 900 "$ROOT/scripts/deploy" "$@" </dev/null >deploy.log 2>&1
	status=$?
	took=$(($(now_ms) - took))
	output=$(cat deploy.log)
}
# no authority reaches this machine: caddy/README.md, "Certificates"
certificates_local() {
	on_ok 'certificates of its own' 'printf "local_certs\nskip_install_trust\n" \
		>/etc/rowhouse/caddy.d/local.global && systemctl reload caddy'
}
root_certificate() {
	on 'cat /var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt'
	[ "$status" -eq 0 ] && printf '%s\n' "$output" >root.crt
}
# visit SLUG PATH [CURL-ARGUMENT…]	through https; sets status and body
visit() {
	where=https://$1.example.test$2
	shift 2
	http --cacert root.crt --connect-to "::127.0.0.1:$HTTPS_PORT" \
		-H "Authorization: Bearer $TOKEN" "$@" "$where"
}
serves() {
	root_certificate && visit acme /api/health && [ "$status" = 200 ]
}
sign_in_there() {
	TOKEN=
	visit acme /api/collections/users/auth-with-password -H 'Content-Type: application/json' \
		-d "{\"identity\":\"$email\",\"password\":\"$PASSWORD\"}"
	[ "$status" = 200 ] || bail "signing in: $status $body"
	TOKEN=$(json '$.token')
}
# post PATH JSON [CURL-ARGUMENT…]
post() {
	where=$1
	what=$2
	shift 2
	visit acme "$where" -H 'Content-Type: application/json' -d "$what" "$@"
}
issued() {
	post /api/projects/WEB/issues "{\"title\":\"$1\"}" -H 'Prefer: durability=replicated'
	[ "$status" != 503 ]
}
issue() {	# TITLE	acknowledged by the replica as well
	# refused (503, Retry-After: 5) in the first seconds after a power cut
	wait_for 60 issued "$1"
	is "a replicated write, $1" "$status $(header preference-applied)" '201 durability=replicated'
}
titles() {
	visit acme '/api/projects/WEB/issues?limit=100'
	sqlite3 :memory: "SELECT group_concat(json_extract(value, '\$.title'), ' ') FROM
		(SELECT value FROM json_each(json_extract(readfile('$SCRATCH/body'), '\$.items'))
		 ORDER BY json_extract(value, '\$.number'))"
}
behind_nothing() {
	on 'rowhouse status'
	case $output in *' 0 B behind in 0 files'*) ;; *) return 1 ;; esac
}
memory() {	# WHEN	for who reads the output; a page that several share counts once
	echo "# memory $1:"
	for name in rowhouse caddy; do
		on "cat /dev/null \$(pgrep -x $name | sed 's|.*|/proc/&/smaps_rollup|') | awk '
			/^Rss:/ { rss += \$2 } /^Pss:/ { pss += \$2 }
			END { printf \"%d KiB (RSS of all: %d KiB)\", pss, rss }'"
		echo "#   $name $output"
	done
}

machine_boot
echo "# accelerator $MACHINE_ACCEL; a boot until ssh answers: $boot_ms ms"
on_is 'a fresh machine has no swap' 'tail -n +2 /proc/swaps' ''
on_like '  and a kernel of Debian 12' 'uname -r' '^6\.1\.'

# --- what is wrong ------------------------------------------------------------------
state='dpkg -l | grep -c ^ii; find / -xdev -newer /root/before \
	! -path "/var/log/*" ! -path "/tmp*" ! -path "/run/*" ! -path "/root*" | sort'
on 'touch /root/before; sleep 1'
on "$state"
before=$output
install
is 'without a domain it fails' "$status" 1
like '  and asks for it' "$output" 'which domain\?  --domain example\.com'
unlike '  before it does anything' "$output" 'rowhouse: (installs|writes|makes)'
install --dry-run --domain example.test --replica "$replica"
is 'a dry run succeeds' "$status" 0
like '  says what it would do' "$output" 'would: makes a swap file of 1 GiB'
is '  each thing once' "$(grep 'would:' install.log | sort | uniq -d)" ''
on "$state"
is '  and neither did anything' "$output" "$before"
sed 's/^Port .*/Port 1/' ssh_config >nobody_config
DEPLOY_SSH="ssh -F $SCRATCH/nobody_config" install --domain example.test
is 'where nobody answers it fails' "$status" 1
like '  and says so' "$output" 'the connection to root@vps was refused'

# --- install ------------------------------------------------------------------------
install_asked not-the-secret --domain example.test --replica "$replica"
is 'it makes a fresh machine ready' "$status" 0
echo "# install, with Debian's packages: $took ms"
like '  it asks for the keys' "$output" 'Access key of the replica'
unlike '  and does not show the secret' "$output" not-the-secret
on_like 'there is a swap file' 'cat /proc/swaps' '^/swapfile[[:space:]]+file[[:space:]]+1048572'
on_is '  once in fstab' 'grep -c "^/swapfile none swap" /etc/fstab' 1
for unit in rowhouse-pool.socket rowhouse-pool rowhouse-replicator rowhouse-steward caddy; do
	on_is "$unit is enabled" "systemctl is-enabled $unit" enabled
done
on_is 'Caddy runs' 'systemctl is-active caddy' active
on_like '  our configuration' 'systemctl show -P ExecStart caddy' '/etc/caddy/rowhouse/https\.caddy'
on_is 'the keys are for root alone' 'stat -c "%a %U" /etc/credstore/rowhouse.aws' '400 root'

# --- keys that the bucket refuses -----------------------------------------------------
deploy root@vps
is 'with a wrong key it is not deployed' "$status" 1
like '  and is told why' "$output" 'refuses the signature: the secret access key of AKIDTEST is wrong'
like '  nothing was changed' "$output" 'finds problems of this server; nothing was changed'
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
	"$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >keys
chmod 600 keys
install --s3-keys keys
like 'another key is one change' "$output" '^rowhouse: writes /etc/credstore/rowhouse\.aws$'
install
like 'a second run finds all as it should be' "$output" 'everything is as it should be'
certificates_local

# --- deploy -------------------------------------------------------------------------
deploy root@vps
is 'a release is deployed' "$status" 0
like '  and serves' "$output" ' serves, [0-9]+ ms after the swap'
echo "# the first deploy: $took ms"
for unit in rowhouse-pool rowhouse-replicator rowhouse-steward; do
	on_is "$unit runs" "systemctl is-active $unit" active
done
on_like 'each is in a sandbox of this kernel' \
	'journalctl -o cat -u rowhouse-pool -u rowhouse-replicator | grep -c "calls are filtered, files are by ABI [1-9] of Landlock"' \
	'^[2-9]'
on_like 'the check is content' 'rowhouse check' '^replica: ok$'
on "printf '%s\n' '$PASSWORD' | runuser -u rowhouse -- rowhouse tenant create acme --owner $email"
is 'a tenant is made' "$status" 0
ok '  and answers by https' wait_for 60 serves
sign_in_there
post /api/projects '{"key":"WEB","name":"WEB"}'
issue first
ok '  nothing is behind' wait_for 30 behind_nothing
ok '  and the bucket has it' sh -c "'$ROOT/tests/s3/client' list house/acme/ | grep -q ltx"
on_is "Caddy's log has no error about answers" 'journalctl -o cat -u caddy | grep -c "reading from backend"' 0
memory idle
on 'for u in rowhouse-pool rowhouse-replicator rowhouse-steward rowhouse-mailer; do
	systemd-analyze security --no-pager $u.service | tail -n 1; done'
unlike 'systemd finds no unit exposed' "$output" 'MEDIUM|EXPOSED|UNSAFE'
diag "$output"

# --- another release, by who is not root ------------------------------------------------
cp -R "$ROOT/tenants/app" app
echo '<!-- the second -->' >>app/www/index.html
deploy --sudo --app "$SCRATCH/app" deployer@vps
is 'a second release, with sudo' "$status" 0
echo "# the second deploy: $took ms"
visit acme /
like '  is what is served' "$body" 'the second'
deploy --rollback --sudo deployer@vps
is 'a rollback' "$status" 0
visit acme /
unlike '  serves the first' "$body" 'the second'
is '  with its data' "$(titles)" first
deploy --status deployer@vps
like 'without sudo it says that it wants it' "$output" 'is for root to write: deploy as root, or with --sudo'

# --- a reboot ---------------------------------------------------------------------------
on 'cat /proc/sys/kernel/random/boot_id'
boot=$output
rebooted() {
	machine_answers || return 1
	on 'cat /proc/sys/kernel/random/boot_id'
	[ "$status" -eq 0 ] && [ "$output" != "$boot" ]
}
on reboot
ok 'after a reboot the machine is back' wait_for 300 rebooted
ok '  and serves by itself' wait_for 120 serves
is '  its data' "$(titles)" first
on_like '  with its swap' 'cat /proc/swaps' '^/swapfile[[:space:]]'
issue after-reboot
ok '  and replicates' wait_for 60 behind_nothing

# --- a power cut ------------------------------------------------------------------------
# writer NAME [CURL-ARGUMENT…]	one after the other; what was acknowledged is in ledger.NAME
writer() {
	cat >writer <<-'END'
	name=$1; token=$2; port=$3; shift 3
	n=0
	while n=$((n + 1)); do
		curl -s --max-time 30 --cacert root.crt --connect-to "::127.0.0.1:$port" \
			-H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@" \
			-d "{\"title\":\"$name-$n\"}" https://acme.example.test/api/projects/WEB/issues \
			-o answer.$name -w '%{http_code}' >code.$name || continue
		[ "$(cat code.$name)" != 201 ] || echo "$name-$n" >>ledger.$name
	done
	END
	background writer.log sh writer "$1" "$TOKEN" "$HTTPS_PORT" -H "Prefer: $2"
}
written() {
	[ "$(wc -l <ledger.plain)" -ge 60 ] && [ "$(wc -l <ledger.sure)" -ge 30 ]
} 2>/dev/null
writer plain none
plain=$pid
writer sure durability=replicated
ok 'two writers write' wait_for 120 written
memory 'under load'
machine_power_cut
stop "$plain" KILL
stop "$pid" KILL
machine_boot
ok 'after a power cut it serves again' wait_for 120 serves
visit acme '/api/projects/WEB/issues?limit=1'
is '  whoever was signed in still is' "$status" 200
on 'rm -f /root/copy*; rowhouse tenant export acme /root/copy.sqlite'
LIMIT=60 scp -q -F ssh_config root@vps:/root/copy.sqlite copy.sqlite
is '  the file is sound' "$(sqlite3 copy.sqlite 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
sqlite3 copy.sqlite 'SELECT title FROM issues' >titles
missing() {
	sort "ledger.$1" | comm -23 - titles.sorted
}
sort titles >titles.sorted
is '  nothing that the replica confirmed is missing' "$(missing sure)" ''
echo "# of $(wc -l <ledger.plain) acknowledged writes $(missing plain | wc -l) were lost with the power," \
	"of $(wc -l <ledger.sure) confirmed ones $(missing sure | wc -l)"
# synchronous=NORMAL: the last moments may go, and nothing before them
missing plain | sed 's/.*-//' | sort -n | head -n 1 >first-missing
is '  what is missing is the end' "$(sed -n 's/^plain-//p' titles | sort -n | tail -n 1 |
	awk -v first="$(cat first-missing)" 'first != "" && $1 > first')" ''
issue after-power-cut
ok '  and it replicates' wait_for 60 behind_nothing
on_like '  which is proven' 'rowhouse verify acme' '^acme: proven at TXID'

# --- the machine is gone ------------------------------------------------------------------
on 'rowhouse tenant sql acme "SELECT count(*) FROM issues"'
count=$output
machine_power_cut
lost=$(now_ms)
machine_new
machine_boot
install --domain example.test --replica "$replica" --s3-keys keys
is 'a new machine is made ready' "$status" 0
certificates_local
deploy root@vps
is '  and deployed to' "$status" 0
on_ok '  what was started is stopped' 'systemctl stop rowhouse-pool.socket rowhouse-pool \
	rowhouse-replicator rowhouse-steward && mkdir /root/aside && mv /var/lib/rowhouse/* /root/aside/'
on_ok 'what would come is said' 'rowhouse restore --all --dry-run'
restore=$(now_ms)
on 'rowhouse restore --all'
like 'all of it comes back' "$output" 'registry and 1 of 1 tenants are restored'
echo "# restore --all: $(($(now_ms) - restore)) ms"
on_ok '  the units start' 'systemctl start rowhouse-pool.socket rowhouse-pool \
	rowhouse-replicator rowhouse-steward'
ok '  the tenant answers' wait_for 120 serves
echo "# from the loss to an answer, with a new machine: $(($(now_ms) - lost)) ms"
sign_in_there
on_is '  with its data' 'rowhouse tenant sql acme "SELECT count(*) FROM issues"' "$count"
issue after-loss
ok '  and replicates' wait_for 90 behind_nothing
on_like '  proven' 'rowhouse verify --all' ' 0 failed'
done_testing
