#!/bin/sh
# A worker that never comes to be ready is killed in time, whoever it was started
# for: another takes its place, the one that it should relieve goes on until then,
# and a reload that waits for it is through.
. "$(dirname "$0")/lib.sh"

pool_new 'workers = 2' 'worker.requests = 8'
mkdir bin
cp "$ROWHOUSE" bin/rowhouse
ROWHOUSE=$SCRATCH/bin/rowhouse
pool_start

# in its place one whose workers are stopped before they begin
mv bin/rowhouse bin/kept
cat >bin/new <<-END
#!/bin/sh
[ "\$1" = worker ] && [ -e $SCRATCH/hang ] && kill -s STOP \$\$
exec $SCRATCH/bin/kept "\$@"
END
chmod +x bin/new
mv bin/new bin/rowhouse

hanging() {	# COUNT
	n=0
	for p in $(descendants "$SERVE"); do
		[ "$(sed 's/.*) \(.\).*/\1/' "/proc/$p/stat" 2>/dev/null)" = T ] && n=$((n + 1))
	done
	[ $n -eq "$1" ]
}
killed() {	# COUNT
	[ "$(grep -c 'kills text="worker [0-9]*, which is not ready in time"' "$LOG")" -eq "$1" ]
}

: >hang
begun=$(date +%s)
victim=$(workers | head -n 1)
kill -s KILL "$victim"
ok 'one that is started again hangs' wait_for 10 hanging 1
i=0
while [ $i -lt 10 ]; do
	send -t acme GET /api/notes
	i=$((i + 1))
done
ok 'so does one that comes for one that retires' wait_for 10 hanging 2
like '  which goes on' "$(grep ' retires ' "$LOG")" 'after [78] requests'
answers '  and answers' 200 items -t acme GET /api/notes
rm hang
kill -s HUP "$SERVE"
ok 'a reload is asked for meanwhile' wait_for 10 logged 'asked for by SIGHUP'
ok 'both are killed' wait_for 45 killed 2
took=$(($(date +%s) - begun))
diag "after $took s"
ok '  not before a start may take so long' test $took -ge 29
renewed() { logged ' renewed text="2 workers'; }
ok 'the reload is through' wait_for 20 renewed
is '  and nothing hangs' "$(hanging 0; echo $?)" 0
answers '  and the pool serves' 200 items -t acme GET /api/notes
pool_stop
done_testing
