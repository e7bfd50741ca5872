#!/bin/sh
# A worker that has served its quota is replaced, first started and then ended,
# so that no request waits for it, and none that works is given up for one that
# cannot start.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 2' 'worker.requests = 40'
pool_start
workers | sort >before
bench_start bench.log GET /api/health -t acme -n 1000 -c 4 -r 400
bench_end bench.log
is 'all are answered' "$status_200" 1000
is '  none is lost' "$lost" 0
is '  none is refused' "$refused" 0
retired=$(grep -c ' retires ' "$LOG")
ok 'a worker serves some 40 requests' test "$retired" -ge 12 -a "$retired" -le 29
diag "$retired retired"
renewed() {
	workers | sort >after
	[ "$(wc -l <after)" -eq 2 ] && [ -z "$(comm -12 before after)" ]
}
ok 'others have taken their places' wait_for 10 renewed
unlike 'and that is no failure' "$(cat "$LOG")" ' (warn|error) '

mkdir app/api/broken
echo '-- access: nonsense' >app/api/broken/GET.sql
bench_start bench.log GET /api/health -t acme -n 400 -c 2 -r 200
bench_end bench.log
is 'the application is broken on disk: all are answered' "$status_200" 400
ok '  the log says why nobody is replaced' logged 'app/api/broken/GET\.sql:1'
workers | sort >before
answers '  and it goes on' 200 items -t acme GET /api/notes
rm -r app/api/broken
relieved() {
	workers | sort >after
	[ "$(wc -l <after)" -eq 2 ] && [ -n "$(comm -13 before after)" ]
}
ok 'when it is whole again somebody is' wait_for 20 relieved
pool_stop
done_testing
