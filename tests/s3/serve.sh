# shellcheck shell=sh disable=SC2034,SC2154
# tests/s3/serve.sh: how an S3 server is begun.  For tests/s3/with and
# tests/s3/s3.sh, which see to its end.

s3_here=${s3_here:-$here}

# s3_missing SERVER	says what is not there; 1 where all is
s3_missing() {
	case $1 in
	swift)
		/usr/bin/python3 -c 'import swift.obj.mem_server' 2>/dev/null &&
			return 1
		echo 'S3 from Swift: apt-get install --no-install-recommends python3-swift'
		;;
	radosgw)
		command -v radosgw >/dev/null && command -v ceph-mon >/dev/null &&
			command -v ceph-osd >/dev/null && return 1
		echo 'S3 from Ceph: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd'
		;;
	*)
		echo "no S3 server is called $1"
		;;
	esac
}

# s3_spawn SERVER DIR [ARGUMENT…]	begins it; its pid is in S3_PID, its log
# in DIR/log.  The kernel ends it with this shell.
s3_spawn() {
	s3_kind=$1
	s3_dir=$2
	shift 2
	mkdir -p "$s3_dir"
	S3_LOG=$s3_dir/log
	: >>"$S3_LOG"
	: >"$s3_dir/out"
	case $s3_kind in
	swift)
		TMPDIR=$s3_dir setpriv --pdeathsig TERM /usr/bin/python3 \
			"$s3_here/server" --log "$S3_LOG" "$@" \
			</dev/null >"$s3_dir/out" 2>>"$s3_dir/err" &
		;;
	radosgw)
		setpriv --pdeathsig TERM "$s3_here/radosgw" "$s3_dir/ceph" \
			</dev/null >"$s3_dir/out" 2>>"$s3_dir/err" &
		;;
	esac
	S3_PID=$!
}

# s3_ready DIR		waits until it serves, and exports what a client needs
s3_ready() {
	s3_bound=$(($(date +%s) + 120))
	until s3_line=$(grep '^ready ' "$1/out"); do
		if ! kill -0 "$S3_PID" 2>/dev/null ||
		    [ "$(date +%s)" -ge $s3_bound ]; then
			echo 'the S3 server did not start:' >&2
			tail -n 20 "$1/err" >&2
			return 1
		fi
		sleep 0.05
	done
	read -r s3_word S3_ENDPOINT AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY \
		AWS_REGION <<-END
	$s3_line
	END
	S3_BUCKET='test'
	unset AWS_SESSION_TOKEN AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE
	export S3_ENDPOINT S3_BUCKET S3_LOG AWS_REGION AWS_ACCESS_KEY_ID \
	    AWS_SECRET_ACCESS_KEY
}

# s3_url PREFIX [ENDPOINT]	as the program under test takes it
s3_url() {
	printf 's3://%s%s?endpoint=%s&region=%s&style=path\n' \
		"$S3_BUCKET" "${1:+/$1}" "${2:-$S3_ENDPOINT}" "$AWS_REGION"
}
