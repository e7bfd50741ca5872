#!/bin/sh
# What each tenant used is counted by day: reads, writes, refusals, bytes, CPU.
# It survives a restart, who kills everything loses an interval of it, and only
# the operator is told.
. "$(dirname "$0")/lib.sh"

pool_new 'usage.interval = 200ms' 'plan.two.rate = 1/h'
tenant_new globex
day() { date -u +%Y-%m-%d; }
today=$(day)
pool_start

used() {	# SLUG VALUE	as `rowhouse status` has it; 0 where there is none
	"$ROWHOUSE" status --json 2>/dev/null >"$SCRATCH/body"
	sqlite3 :memory: "SELECT coalesce(max(t.value ->> '$2'), 0) FROM
		json_each(readfile('$SCRATCH/body'), '\$.usage.tenants') t
		WHERE t.value ->> 'tenant' = '$1'"
}
uses() {	# SLUG VALUE COUNT
	[ "$(used "$1" "$2")" = "$3" ]
}

for text in one two three; do
	note "$text"
done
for i in 1 2 3 4 5; do
	send -t acme GET /api/notes
done
bytes=$(wc -c <"$SCRATCH/body")
send -t globex GET /api/notes
ok 'three writes are counted' wait_for 10 uses acme writes 3
ok '  and five reads' wait_for 10 uses acme reads 5
# another worker may have had it, and not written it down yet
wait_for 10 uses globex reads 1
is '  of another tenant what is his' "$(used globex writes) $(used globex reads)" '0 1'
is '  none of them was refused' "$(used acme refused)" 0
ok '  nor slow, but for those that the log has as such' \
    test "$(used acme slow_writes)" -le "$(grep -Ec 'method=POST .* ms=[0-9]{3,}\.' "$LOG")"
is '  bytes of bodies' "$(used acme bytes_in)" 44
ok '  of answers, with their heads' test "$(used acme bytes_out)" -gt $((5 * bytes + 500))
ok '  CPU' test "$(used acme cpu_us)" -gt 100
is '  the size of the file' "$(used acme size)" "$(stat -c %s "$(db_of acme)")"
like '  the most at a time' "$(used acme writes_minute)" '^[123]$'
is 'an application that refuses is a read' "$(send -t acme -d '{}' POST /api/notes
	wait_for 10 uses acme reads 6 && echo counted)" counted
like 'the day has a file' "$(cat "$DATA/usage/$today")" '^rowhouse usage 1$'
is '  that is not for everybody' "$(stat -c %a "$DATA/usage/$today")" 640
is '  and no tenant'\''s file was written for it' "$(notes)" 3

"$ROWHOUSE" tenant plan acme two >plan.log
i=0
while [ $i -lt 14 ]; do
	send -t acme GET /api/health
	i=$((i + 1))
done
ok 'four refusals are counted' wait_for 10 uses acme refused 4
is '  and are no reads' "$(used acme reads)" 16
"$ROWHOUSE" tenant plan acme default >plan.log

# what is said of a body that is refused is not what came
for i in 1 2 3; do
	answers 'a body of exabytes is refused' 413 . -t acme -d '{"text":"x"}' \
	    -p CONTENT_LENGTH=4611686018427387904 POST /api/notes
done
ok '  which is a read' wait_for 10 uses acme reads 19
is '  of no bytes' "$(used acme bytes_in)" 46

note four
pool_stop
is 'a stop writes what is left' "$(used acme writes)" 4
pool_start
note five
ok 'a restart goes on with the day' wait_for 10 uses acme writes 5
everything_killed
: >"$DATA/usage/2020-01-01"
[ "$today" = "$(day)" ] || bail 'the day is over: run this again'
pool_start
is 'killed, all that was written is there' "$(used acme writes)" 5
note six
ok '  and counting goes on' wait_for 10 uses acme writes 6
ok 'days that are over are removed' test ! -e "$DATA/usage/2020-01-01"
printf 'no line of this file\n' >>"$DATA/usage/$today"
note seven
ok 'what stands there by mistake is passed over' wait_for 10 uses acme writes 7

# --- who may grow -----------------------------------------------------------------

is 'nobody has to grow' "$("$ROWHOUSE" status 2>/dev/null | grep -ci 'time to grow')" 0
yesterday=$(date -u -d '1 day ago' +%Y-%m-%d)
cat >"$DATA/usage/$yesterday" <<-END
rowhouse usage 1
aaaaaaaaaaaaaaa big 1 1 0 0 1 1 1 7300000000 60 60
bbbbbbbbbbbbbbb busy 1 60000 10 0 1 1 1 1 60 33000
ccccccccccccccc slow 1 5000 45 0 1 1 1 1 60 60
ddddddddddddddd fine 1 5000 10 0 1 1 1 6000000000 60000 18000
END
"$ROWHOUSE" status >said 2>/dev/null
is 'who comes near a line is named' "$(grep -i 'time to grow' said)" \
'time to grow soon big: 7.3 GB; up to 10.0 GB is comfortable
TIME TO GROW busy: 550 writes/s all through a minute; 500 are comfortable
time to grow soon slow: 45 of 5000 writes of a day took longer than 100 ms; 1 of 100 is comfortable'
"$ROWHOUSE" status --json >body 2>/dev/null
is '  in JSON' "$(json '$.usage.growing[1]')" \
    '{"tenant":"busy","line":"writes","value":550,"comfortable":500}'
sed -i "s/ big / acme /" "$DATA/usage/$yesterday"
"$ROWHOUSE" status acme >said 2>/dev/null
like 'a tenant'\''s days are shown' "$(cat said)" "^$yesterday .* 7\\.3 GB"
like '  the newest first' "$(grep -A1 '^DAY' said)" "^$today +[0-9]+ +7 "
like '  with what to do about them' "$(cat said)" '^time to grow soon acme: 7.3 GB'
"$ROWHOUSE" status acme --json >body 2>/dev/null
is '  in JSON' "$(json '$.usage[0].day') $(json '$.usage[0].writes') $(json '$.usage[1].day')" \
    "$today 7 $yesterday"

# --- GET /metrics -------------------------------------------------------------------

token=$(cat "$DATA/operator.token")
answers 'without a token nobody is told' 401 requires -t - GET /metrics
answers '  nor with another' 401 requires -t - -a "Bearer ${token}x" GET /metrics
answers '  nor with none of its own' 401 requires -t - -a 'Bearer ' GET /metrics
answers '  nor at a tenant'\''s host' 404 found -t acme -a "Bearer $token" GET /metrics
answers 'the operator is' 200 '^rowhouse_tenant_writes_total\{tenant="acme"\} 7$' \
    -t - -a "Bearer $token" GET /metrics
is '  in Prometheus'\'' format' "$(header Content-Type)" 'text/plain; version=0.0.4; charset=utf-8'
like '  how near the lines are' "$body" \
    '^rowhouse_tenant_comfort_ratio\{tenant="acme",line="size"\} 0\.00$'
is '  each family is described once' "$(printf '%s\n' "$body" | grep '^# TYPE' | sort | uniq -d)" ''
is '  each sample has its family' "$(printf '%s\n' "$body" |
	awk '/^# TYPE/ { known[$3] = 1; next } /^#/ { next }
		{ sub(/\{.*/, ""); if (!($0 in known)) print }')" ''
# what is written meanwhile may replace the file
ten_thousand() {
	grep -q ' team-09999 ' "$DATA/usage/$today" || awk 'BEGIN { for (i = 0; i < 10000; i++)
		printf "m%014d team-%05d 1 1 0 0 1 1 1 4096 60 60\n", i, i }' >>"$DATA/usage/$today"
	send -t - -a "Bearer $token" GET /metrics
	[ "$status" = 200 ] && grep -q '^rowhouse_tenant_comfort_ratio{tenant="team-09999",line="size"}' "$SCRATCH/body"
}
ok '  of ten thousand tenants as well, whatever an answer may have' wait_for 10 ten_thousand
ok '  which is more than response.max' test "$(wc -c <"$SCRATCH/body")" -gt $((4 * 1024 * 1024))
like '  and so is he on the command line' "$("$ROWHOUSE" status --prometheus 2>/dev/null)" \
    '^rowhouse_tenant_writes_total\{tenant="acme"\} 7$'
is 'the token is the operator'\''s alone' "$(stat -c %a "$DATA/operator.token")" 400
printf 'short\n' >"$SCRATCH/token"
mv -f "$SCRATCH/token" "$DATA/operator.token"
kill -s HUP "$SERVE"
gone_token() {
	send -t - -a "Bearer $token" GET /metrics
	[ "$status" = 401 ]
}
ok 'another token ends the old one, with a SIGHUP' wait_for 20 gone_token
answers '  one that can be guessed is none' 401 requires -t - -a 'Bearer short' GET /metrics
pool_stop
done_testing
