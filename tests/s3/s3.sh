# shellcheck shell=sh disable=SC2034,SC2154
# tests/s3/s3.sh: an S3 server and the proxy for *.t programs.  Sourced after
# tests/lib.sh.
#
#	. "$(dirname "$0")/../lib.sh"
#	. "$ROOT/tests/s3/s3.sh"
#	s3_start			# or everything is skipped
#	proxy_start 'lost verb=PUT rate=0.3'
#	house_new "replica.url = $(s3_url house "$PROXY")"
#	…
#	faults				# none any more
#
# What it starts ends with the test, as all that lib.sh starts does.

s3_here=$ROOT/tests/s3
. "$s3_here/serve.sh"

# s3_start [ARGUMENT…]	that of S3_SERVER, Swift if not said; its objects
# survive it
s3_start() {
	s3_kind=${S3_SERVER:-swift}
	s3_why=$(s3_missing "$s3_kind") && skip_all "$s3_why"
	if [ "$s3_kind" = swift ]; then
		set -- --data "$SCRATCH/s3/data" "$@"
	fi
	s3_spawn "$s3_kind" "$SCRATCH/s3" "$@"
	started="$S3_PID $started"
	s3_ready "$SCRATCH/s3" || bail "no S3 server: $(tail -n 5 "$SCRATCH/s3/err")"
	S3_PORT=${S3_ENDPOINT##*:}
}

# s3_kill, s3_again [ARGUMENT…]	and again where it was, with what it had
s3_kill() {
	stop "$S3_PID" KILL
}

s3_again() {
	s3_spawn swift "$SCRATCH/s3" --data "$SCRATCH/s3/data" --port "$S3_PORT" "$@"
	started="$S3_PID $started"
	s3_ready "$SCRATCH/s3" || bail "no S3 server: $(tail -n 5 "$SCRATCH/s3/err")"
}

# s3 put KEY, s3 get KEY, s3 list [PREFIX], s3 delete KEY…, s3 times [PREFIX],
# s3 uploads [PREFIX]
s3() {
	"$s3_here/client" "$@"
}

# s3_requests [REGEXP]	how many the server has answered, as its log has them
# (tests/s3/server): s3_requests '^PUT 200 .*/0000/'
s3_requests() {
	grep -cE -e "${1:-.}" "$S3_LOG" || true
}

# proxy_start [LINE…]	of its plan; SEED is its seed, PROXY_CERT its certificate,
# PROXY its URL and PROXY_LOG its log
proxy_start() {
	PROXY_LOG=$SCRATCH/proxy.log
	: >"$SCRATCH/proxy.out"
	background "$SCRATCH/proxy.out" /usr/bin/python3 "$s3_here/proxy" \
		--to "$S3_ENDPOINT" --seed "${SEED:-1}" --log "$PROXY_LOG" \
		${PROXY_CERT:+--cert "$PROXY_CERT"} "$@"
	PROXY_PID=$pid
	wait_for 20 grep -q '^ready ' "$SCRATCH/proxy.out" ||
		bail "no proxy: $(cat "$SCRATCH/proxy.out")"
	PROXY=$(sed -n 's/^ready //p' "$SCRATCH/proxy.out")
}

# faults [LINE…]	the plan from now on
faults() {
	for line; do printf '%s\n' "$line"; done >"$SCRATCH/plan"
	faults_said=$(curl -sS --noproxy '*' -X PUT --data-binary "@$SCRATCH/plan" \
		"$PROXY/_faults" 2>&1)
	case $faults_said in
	tests/s3/proxy:*|curl:*) bail "$faults_said" ;;
	esac
}

# faults_done		how often each rule came to pass, and the rule
faults_done() {
	curl -sS --noproxy '*' "$PROXY/_faults"
}
