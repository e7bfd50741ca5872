#!/bin/sh
# The clock is a day ahead, or behind, when the house starts and while it runs: it is
# served and written to, who was signed in is, the replica follows, and retention
# deletes nothing that by the true time is not old enough, from a directory and from S3.
# Status, figures and log say how far the clock is off, and that it is well again.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

clock_new
DAY=86400

# raw objects that the store has of acme
raw() {
	if [ "$store" = s3 ]; then
		s3 list house/acme/ | grep '/0000/' | sort
	else
		find "$REPLICA/acme" -path '*/ltx/0/*' | sort
	fi
}
nothing_went() {	# since raw >kept
	raw >now
	diag "$(wc -l <kept) before, $(wc -l <now) now"
	is '  no raw object is gone' "$(comm -23 kept now | head -n 3)" ''
}
merged() {
	if [ "$store" = s3 ]; then
		s3 list house/acme/ | grep -c '/0001/'
	else
		find "$REPLICA/acme" -path '*/ltx/1/*' | wc -l
	fi
}
acked_so_far() { wc -l <acked.$store; }
written() {	# COUNT	one after the other, each in an object of its own
	for i in $(seq "$1"); do
		api acme POST /api/projects/ACK/issues "{\"title\":\"number $(acked_so_far)\"}"
		[ "$status" = 201 ] || return 1
		echo "$status" >>acked.$store
		sleep 0.12
	done
}
# What was merged since has been looked at by retention, in the same job.
merged_more() {
	[ "$(merged)" -gt "$was_merged" ]
}
compacted() {
	for round in 1 2; do
		was_merged=$(merged)
		written 6 || return 1
		wait_for 30 merged_more || return 1
	done
}
off() {	# REGEXP	of the clock, in figures
	"$ROWHOUSE" status --prometheus | grep -Eq "^rowhouse_clock_offset_seconds $1\$"
}
serve() {
	# words
	# shellcheck disable=SC2086
	background "$SCRATCH/serve.log" $jumping "$ROWHOUSE" serve
	SERVE=$pid
	wait_for 20 accepts "$RUN/fcgi.sock" || bail 'rowhouse serve does not listen on its socket'
	wait_for 20 "$ROWHOUSE" status || bail 'no replicator'
}

tried() {	# URL
	set_clock +0
	: >acked.$store
	house_new "replica.url = $1" 'replica.interval = 100ms' 'replica.compact = 1s' \
		'replica.fine = 80s' 'replica.retain = 10m' 'replica.snapshot = 1h' \
		'replica.claim = 500ms'
	tenant_new acme
	serve
	caddy_start
	wait_for 20 healthy
	sign_in acme
	project_new acme ACK
	mine=$TOKEN
	ok "$store: written to, and merged" compacted
	ok '  the clock is well' off '0\.000'

	for ahead in +$DAY -$DAY; do
		raw >kept
		set_clock "$ahead"
		way=ahead
		[ "$ahead" = "+$DAY" ] || way=behind
		TOKEN=$mine
		ok "$store: with the clock a day $way it is written to, by who was signed in" written 3
		sign_in acme
		api acme GET /api/projects
		is '  who signs in now is let in' "$status" 200
		if [ $way = ahead ]; then
			ok '  and that is merged' compacted
			ok '  the figures say it' wait_for 20 off '(86[34][0-9]{2})\.[0-9]+'
			like '  and status' "$("$ROWHOUSE" status)" \
				"THIS MACHINE'S CLOCK IS (23|24) h AHEAD \(timedatectl\); NOTHING IS DELETED BEFORE ITS TIME"
		else
			ok '  the figures say it' wait_for 20 off '-86[34][0-9]{2}\.[0-9]+'
			like '  and status' "$("$ROWHOUSE" status)" "THIS MACHINE'S CLOCK IS (23|24) h BEHIND"
		fi
		nothing_went
		token=$TOKEN
		set_clock +0
		TOKEN=$token
		ok '  with the clock right again, too, it is written to' written 3
		ok '    and status is well' wait_for 20 off '0\.000'
	done
	like "$store: the log has said it" "$(grep ' clock ' serve.log)" "this machine's clock is 86[34][0-9]{2} s ahead of what (the store has|it was before)"

	echo '# at the start'
	raw >kept
	stop "$SERVE"
	set_clock +$DAY
	serve
	ok "$store: a day ahead from the start it is written to" written 6
	ok '  and merged' compacted
	nothing_went
	stop "$SERVE"
	set_clock -$DAY
	serve
	ok "$store: a day behind from the start, too" written 3
	set_clock +0
	stop "$SERVE"
	stop "$CADDY_PID"
	background last.log "$ROWHOUSE" replicator
	ok '  and all arrives' wait_for 60 caught_up acme
	stop "$pid"
	is '  all of it' "$(sqlite3 caught-up.sqlite "SELECT count(DISTINCT title) FROM issues WHERE title LIKE 'number %'")" "$(acked_so_far)"
}

store=directory
tried replica
rm -rf "$DATA" "$RUN" serve.log
if s3_missing swift >/dev/null; then
	skip 'S3' 'no S3 server is here'
else
	store=s3
	s3_start
	tried "$(s3_url house)"
fi
done_testing
