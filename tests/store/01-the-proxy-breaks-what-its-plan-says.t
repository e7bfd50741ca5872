#!/bin/sh
# The tests' own test: each fault of tests/s3/proxy is one, as a client that is
# not ours sees it, and happened to the server or did not.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

s3_start
proxy_start

# seen VERB KEY	by a client, through the proxy
seen() {
	echo 'hello again' | S3_ENDPOINT=$PROXY timeout 20 "$s3_here/client" "$@" \
		2>client.err | head -c 300
	tail -n 1 client.err | sed 's/^tests.s3.client: //; s/^\([A-Za-z]*\)\(Error\|Read\):*.*/\1\2/'
}

# logged		the last line of the proxy's log
logged() {
	wait_for 20 grep -q . "$PROXY_LOG"
	tail -n 1 "$PROXY_LOG"
}

direct() {
	s3 "$@" 2>&1
}

echo hello | direct put a/0
is 'without a plan it passes on' "$(seen get a/0)" hello
is '  and says so' "$(logged)" 'GET 200 200 - /test/a/0'
n=0
while read -r fault verb key want log; do
	n=$((n + 1))
	faults "$(echo "$fault" | tr , ' ')"
	direct delete "a/$n"
	key=$(echo "$key" | sed "s/N/$n/")
	is "$fault: $verb" "$(seen "$verb" "$key" | tr '\n ' '__')" "${want#-}"
	is '  in the log' "$(logged | cut -d' ' -f1-4 | tr ' ' _)" "$log"
	[ "$verb" = put ] || continue
	case $log in
	*_200_*_*) is '  and it is there' "$(direct get "a/$n")" 'hello again' ;;
	*) is '  and it is not there' "$(direct get "a/$n")" 'tests/s3/client: 404 NoSuchKey' ;;
	esac
done <<END
error put a/N 500_InternalError_ PUT_-_500_error
slowdown,retry-after=3 get a/0 503_SlowDown_ GET_-_503_slowdown
denied,verb=DELETE delete a/0 403_AccessDenied_ DELETE_-_403_denied
denied,verb=DELETE get a/0 hello_ GET_200_200_-
skewed,by=3600 put a/N 403_RequestTimeTooSkewed_ PUT_-_403_skewed
reset-before put a/N ConnectionResetError_ PUT_-_-_reset-before
reset-during put a/N ConnectionResetError_ PUT_-_-_reset-during
reset-after put a/N ConnectionResetError_ PUT_-_-_reset-after
ok-error put a/N - PUT_-_200_ok-error
twice put a/N - PUT_200_200_twice
lost put a/N ConnectionResetError_ PUT_200_-_lost
late-error put a/N 500_InternalError_ PUT_200_500_late-error
short get a/0 hel GET_200_200_short
corrupt get a/0 helLo_ GET_200_200_corrupt
truncate get a/0 ConnectionResetError_ GET_200_200_truncate
slow,pace=0.0001 get a/0 hello_ GET_200_200_slow
error,nth=2 get a/0 hello_ GET_200_200_-
END

faults 'slowdown nth=2' 'etag' 'date by=-7200'
curl_s3() {	# with an ETag and a Date to look at
	curl -sS --noproxy '*' -D header -o /dev/null --aws-sigv4 "aws:amz:$AWS_REGION:s3" \
		--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H "x-amz-content-sha256: $(printf '' | sha256sum | cut -d' ' -f1)" \
		"$PROXY/test/a/0"
	tr -d '\r' <header
}
answer=$(curl_s3)
unlike 'another ETag' "$answer" "$(echo hello | md5sum | cut -d' ' -f1)"
like 'another Date' "$answer" "^Date: $(date -u -d '-2 hours' '+%a, %d %b %Y %H')"
like 'faults in pairs' "$(curl_s3)" '503 Slow Down'
is 'a plan is counted' "$(faults_done | sed 's/ .*//' | tr '\n' ' ')" '1 2 2 '
faults 'slowdown retry-after=3'
like 'Retry-After' "$(curl_s3)" '^Retry-After: 3$'

faults
for key in a/30 a/31 a/32; do
	seen put $key
done
seen delete a/30
listed() {
	seen list a/3 | cut -d' ' -f2 | tr '\n' ' '
}
is 'a list' "$(listed)" 'a/31 a/32 '
faults 'stale last=1'
is 'a list of before the delete' "$(listed)" 'a/30 a/31 a/32 '
faults 'stale last=2'
is '  and of before the put before that' "$(listed)" 'a/30 a/31 '

# What stalls, stalls: a client that waits half a second has nothing to show.
for fault in stall stall-request; do
	faults $fault
	echo hello | S3_ENDPOINT=$PROXY timeout 0.5 "$s3_here/client" put a/40 2>/dev/null
	is "$fault: nothing comes" $? 124
	ended() {
		grep -q " $fault /test/a/40" "$PROXY_LOG"
	}
	ok '  and it ends with the client' wait_for 20 ended
done

faults 'error rate=0.5'
for seed in 1 2; do
	stop "$PROXY_PID"
	SEED=$seed proxy_start 'error rate=0.5'
	for n in 1 2 3 4 5 6 7 8; do
		seen get a/0
	done >"seed.$seed"
	stop "$PROXY_PID"
	SEED=$seed proxy_start 'error rate=0.5'
	for n in 1 2 3 4 5 6 7 8; do
		seen get a/0
	done >"seed.$seed.again"
	ok "seed $seed repeats itself" cmp "seed.$seed" "seed.$seed.again"
	ok '  and is neither all nor nothing' sh -c \
		"grep -q hello seed.$seed && grep -q Internal seed.$seed"
done
ok 'another seed is another plan' sh -c '! cmp -s seed.1 seed.2'

is 'no fault has an unknown name' "$(printf bogus |
	curl -sS --noproxy '*' -X PUT --data-binary @- "$PROXY/_faults")" \
	'tests/s3/proxy: no fault is called bogus'
done_testing
