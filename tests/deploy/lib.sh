# shellcheck shell=sh disable=SC2034
# tests/deploy/lib.sh: a server to deploy to, on this machine: a real sshd on
# loopback, as the present user, with everything in $SCRATCH.
#
#	. "$(dirname "$0")/lib.sh"
#	server_new			# sshd, and a house without a release
#	deploy				# sets status and output; said PATTERN
#
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"

SSHD=/usr/sbin/sshd
DIR=$SCRATCH/lib
DEPLOY_SSH="ssh -F $SCRATCH/ssh_config"
export DEPLOY_SSH
me=$(id -un)

# sshd_start	on a port of its own, with keys of its own
sshd_start() {
	[ -x $SSHD ] || bail 'sshd is not installed: scripts/deps test'
	# sshd wants it where it is root, and its own package makes it at boot
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	[ -e host_key ] || {
		ssh-keygen -q -t ed25519 -N '' -f host_key
		ssh-keygen -q -t ed25519 -N '' -f user_key
	}
	cp user_key.pub authorized_keys
	SSH_PORT=${SSH_PORT:-$(free_port)}
	cat >sshd_config <<-END
	ListenAddress 127.0.0.1
	Port $SSH_PORT
	HostKey $SCRATCH/host_key
	AuthorizedKeysFile $SCRATCH/authorized_keys
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	UsePAM no
	StrictModes no
	PermitRootLogin yes
	PidFile none
	AcceptEnv FAULT TMPDIR
	END
	printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(cut -d' ' -f1,2 host_key.pub)" >known_hosts
	cat >ssh_config <<-END
	Host server
	HostName 127.0.0.1
	Port $SSH_PORT
	User $me
	IdentityFile $SCRATCH/user_key
	IdentitiesOnly yes
	UserKnownHostsFile $SCRATCH/known_hosts
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking yes
	SendEnv FAULT TMPDIR
	END
	background sshd.log $SSHD -D -e -f "$SCRATCH/sshd_config"
	SSHD_PID=$pid
	# a command and its options
	# shellcheck disable=SC2086
	wait_for 20 $DEPLOY_SSH server true || bail "sshd: $(tail -n 3 sshd.log)"
}

# server_new [LINE…]	a server that scripts/install would have left
server_new() {
	mkdir -p "$DIR"
	echo "config = $CONF" >"$DIR/deploy.conf"
	house_new "app = $DIR/current/app" "$@"
	sshd_start
}

# deploy [OPTION…]	the program of this build, and $SCRATCH/app
# shellcheck disable=SC2120
deploy() {
	timeout 120 "$ROOT/scripts/deploy" --dir "$DIR" --binary "${BINARY:-$ROWHOUSE}" \
	    --app "$SCRATCH/app" "$@" server >deploy.log 2>&1
	status=$?
	output=$(cat deploy.log)
}
other() {	# --rollback | --status, OPTION…
	timeout 120 "$ROOT/scripts/deploy" --dir "$DIR" "$@" server >deploy.log 2>&1
	status=$?
	output=$(cat deploy.log)
}

current() { basename "$(readlink "$DIR/current")"; }
serves() { "$ROWHOUSE" health 2>/dev/null; }
releases() { find "$DIR/releases" -mindepth 1 -maxdepth 1 | wc -l; }

# An endpoint that says which change it is of.
change() {	# NUMBER
	mkdir -p app/api/release
	printf -- '-- access: public\n-- returns: one\nSELECT %d AS release;\n' "$1" \
		>app/api/release/GET.sql
}
says() {	# NUMBER
	api acme GET /api/release
	[ "$(json '$.release')" = "$1" ]
}

# house_up	tenant, first release, serve, Caddy with that release's page
house_up() {
	change 0
	# the first tenant is made by the release's own program
	deploy
	[ "$status" = 0 ] || bail "the first deploy: $output"
	tenant_new acme
	background "$SCRATCH/serve.log" "$DIR/current/rowhouse" serve
	SERVE=$pid
	wait_for 20 accepts "$RUN/fcgi.sock" || bail 'serve does not listen'
	caddy_start
	wait_for 20 healthy || bail 'the house does not answer'
}

# What has to be so after each deploy that fails.
still() {	# NAME RELEASE PATTERN
	[ "$status" -ne 0 ] || result 1 "$1: it fails" || :
	like "$1: it says why" "$output" "$3"
	is "  the link is where it was" "$(current)" "$2"
	is '  what served serves' "$(serves)" "$2"
	is '  nothing of it is left over' "$(cd "$DIR" && echo incoming.* pending)" 'incoming.* pending'
}
