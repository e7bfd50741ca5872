#!/bin/sh
# Slow requests of one tenant leave half of the workers to the others; a handful
# of short ones at once is not refused.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 4'
tenant_new globex
pool_start

# how many rows take two seconds or so
rows=200000
took=0
while [ $took -lt 300 ]; do
	rows=$((rows * 2))
	begun_ms=$(now_ms)
	send -t acme GET "/api/slow?n=$rows"
	took=$(($(now_ms) - begun_ms))
	[ "$status" = 200 ] || bail "slow: $status $body"
done
# the machine may have been busy with something else
for _ in 1 2; do
	begun_ms=$(now_ms)
	send -t acme GET "/api/slow?n=$rows"
	again=$(($(now_ms) - begun_ms))
	[ $again -ge $took ] || took=$again
done
rows=$((rows * 2000 / took))

slow_start() {	# ANSWER OPTION…
	file=$1
	shift
	background "$file" "$FCGI" "$@" "$SOCKET" GET "/api/slow?n=$rows"
}
busy() {	# N	so many are in the middle of it
	busy_n=0
	for p in $(workers); do
		case $(cut -d' ' -f3 "/proc/$p/stat") in
		R) busy_n=$((busy_n + 1)) ;;
		esac
	done
	[ $busy_n -ge "$1" ]
}

slow_start slow.1 -t acme
slow_start slow.2 -t acme
wait_for 10 busy 2 || bail 'nobody is busy'
sleep 0.2	# longer than the moment that one waits for a place
background third "$FCGI" -t acme "$SOCKET" GET /api/notes
third=$pid
sleep 0.2
ok 'the third waits, as long as a worker has nothing to do' alive "$third"
answers 'the fourth would be the last, and is refused' 429 \
    'Too many requests of this tenant are in progress' -t acme GET /api/notes
unlike '  without waiting for a place: there is none yet' \
	"$(cat slow.1 slow.2)" '"n":'
is '  it may come again soon' "$(header Retry-After)" 1
answers '  what needs no file is answered' 200 healthy -t acme GET /api/health
bench_start bench.log GET /api/notes -t globex -n 500 -c 1
bench_end bench.log
is 'another tenant is served meanwhile' "$status_200" 500
answered() { grep -q '"n":' slow.1 && grep -q '"n":' slow.2; }
ok 'the slow ones get their answers' wait_for 30 answered
answers 'and then there is a place again' 200 items -t acme GET /api/notes

bench_start bench.log GET /api/notes -t acme -n 600 -c 6
bench_end bench.log
is 'six short ones at a time are not refused' "$status_200" 600

slow_start slow.3 -t acme
slow_start slow.4 -t acme
wait_for 10 busy 2 || bail 'nobody is busy'
for p in $(workers); do
	[ "$(cut -d' ' -f3 "/proc/$p/stat")" = R ] && kill -s KILL "$p"
done
place() {
	send -t acme GET /api/notes
	[ "$status" = 200 ]
}
ok 'killed workers give their places back' wait_for 10 place
pool_stop
done_testing
