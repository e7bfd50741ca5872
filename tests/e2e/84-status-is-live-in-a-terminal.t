#!/bin/sh
# rowhouse status --live in a real terminal (tmux): what is shown is true and goes on
# being so, keys do what the help says, and the terminal is given back as it was,
# however it ends.
. "$(dirname "$0")/../lib.sh"

command -v tmux >/dev/null || skip_all 'tmux is not installed'

output=$("$ROWHOUSE" status --live 2>&1 </dev/null)
is 'without a configuration it says so' "$?" 1

house_new
output=$("$ROWHOUSE" status --live 2>&1 </dev/null)
is 'where there is no terminal it is refused' "$?" 2
like '  with the reason' "$output" '^rowhouse status: standard output is not a terminal$'
like '  and what does it' "$output" 'rowhouse status prints the same once'

for slug in acme globex initech; do
	tenant_new $slug
done
serve_start
ok 'all is replicated' wait_for 60 caught_up initech

# --- a terminal ---------------------------------------------------------------
terminal() {
	tmux -S "$SCRATCH/tmux" "$@"
}
screen() {
	terminal capture-pane -p -t live
}
shows() {
	screen | grep -Eq -e "$1"
}
hides() {
	! shows "$1"
}
keys() {
	terminal send-keys -t live "$@"
}
see() {		# NAME REGEXP
	wait_for 20 shows "$2"
	result $? "$1" || diag "$(screen)"
}
not_see() {
	wait_for 20 hides "$2"
	result $? "$1" || diag "$(screen)"
}
echo 'set -g default-terminal screen-256color' >tmux.conf
export PS1='ready$ ' ENV=
background tmux.log tmux -u -S "$SCRATCH/tmux" -f tmux.conf -D
wait_for 20 test -S "$SCRATCH/tmux" || bail 'tmux does not start'
ok 'a terminal' terminal new-session -d -s live -x 130 -y 30 /bin/sh -i
terminal set -t live window-size manual >/dev/null
see '  with a shell' '^ready\$'

modes() {	# what a program may leave behind
	rm -f modes
	keys "stty -a >modes; echo asked" Enter
	wait_for 20 test -s modes || bail "no stty: $(screen)"
	wait_for 20 shows '^asked'
	cat modes
	terminal display-message -p -t live '#{alternate_on} #{cursor_flag} #{wrap_flag}'
}
live() {	# ARGUMENT…
	keys "clear; $* $ROWHOUSE status --live; echo ended \$?" Enter
}
pid_of_live() {
	pane=$(terminal display-message -p -t live '#{pane_pid}')
	for p in $(descendants "$pane"); do
		grep -qa -- --live "/proc/$p/cmdline" && echo "$p"
	done
}
before=$(modes)

# --- the table ----------------------------------------------------------------
live
see 'it shows each tenant' '^initech +(idle|active) '
see '  with what is not known yet, or is quiet' '^acme .* (-|0\.0) '
see '  the totals' '^4 databases, '
see '  how many' '4 of 4 shown, 0 wrong'
see '  sorted by lag' ' LAGv '
row() {		# N		the tenant in that row
	screen | sed -n "/^TENANT/,\$p" | sed -n "$(($1 + 1))p" | cut -d' ' -f1
}
row_is() {
	[ "$(row "$1")" = "$2" ]
}
keys 1
ok 'by name' wait_for 20 row_is 1 _registry
keys r
ok '  the other way' wait_for 20 row_is 1 initech
see '  which the title says' '^TENANTv '
keys 1
ok '  and back' wait_for 20 row_is 1 _registry
keys / g l o
see 'what is typed chooses' '2 of 4|1 of 4 shown.*like glo'
not_see '  the others are gone' '^acme '
keys Escape
see '  Esc: all of them again' '4 of 4 shown'
keys / '*e?h' Enter
see 'a pattern chooses, too' '1 of 4 shown.*like \*e\?h'
ok '  the one that it fits' row_is 1 initech
keys Escape
see '  Esc: all again' '4 of 4 shown'
keys w
see 'nothing is wrong' '0 of 4 shown.*what is wrong'
keys w
see '  all again' '4 of 4 shown'
keys h
see 'help' '^PgUp, PgDn'
keys q
see '  and back' '^TENANT'

# --- one of them ----------------------------------------------------------------
keys Home Down Enter
see 'Enter: all about one' '^tenant +acme'
see '  as rowhouse status acme has it' '^checkpoints '
txid() {
	screen | sed -n 's/^TXID *\([0-9]*\) captured.*/\1/p'
}
grown() {
	[ "$(txid)" -gt "$1" ]
}
was=$(txid)
ok 'somebody writes' "$ROWHOUSE" tenant sql acme --write \
	"INSERT INTO projects (key, name, created, updated) VALUES ('LIVE', 'seen live', '', '')"
ok '  which it shows by itself' wait_for 20 grown "$was"
like '  with what he used' "$("$ROWHOUSE" status acme)" "$(screen | grep '^checkpoints' | cut -c1-14)"
keys Escape
see 'Esc: the table' '^TENANT'

# --- what is wrong ----------------------------------------------------------------
mv "$DATA/tenants/globex" away
keys w
see 'a file that is gone is seen' '^globex +missing'
see '  alone' '1 of 4 shown, 1 wrong; only what is wrong'
see '  with what to do' 'rowhouse restore globex --in-place'
like '  in red' "$(terminal capture-pane -e -p -t live | grep '^.*globex')" '31m|\[31;'
mv away "$DATA/tenants/globex"
see '  it is back' '0 of 4 shown, 0 wrong'
keys w

# --- the screen changes ----------------------------------------------------------
terminal resize-window -t live -x 80 -y 24
see 'on 80 columns it fits' '^TENANT.* STATE +LAG +SIZE +WRITES/S +PROVEN ERROR'
is '  no line is broken' "$(screen | grep -c '^initech')" 1
terminal resize-window -t live -x 30 -y 5
see 'too small is said' '^too small'
terminal resize-window -t live -x 130 -y 30
see '  and mends itself' '^TENANT.*SPOOL +PROVEN'

# --- it stops and goes on ----------------------------------------------------------
keys C-z
see 'Ctrl-Z gives the shell back' '^ready\$'
is '  with its terminal' "$(modes)" "$before"
keys fg Enter
see '  fg the table' '^initech'

# --- no replicator -----------------------------------------------------------------
serve_stop
see 'a replicator that is gone is missed' '^STALE, of .* ago: no replicator is running'
see '  what was known stays' '^initech +(idle|active) '
serve_start
not_see '  until it is back' '^STALE'
see '  with its figures' '^initech +(idle|active) '
replicator=$(replicator)
kill -s STOP "$replicator"
see 'one that does not answer is missed as well' '^STALE.*did not answer within'
keys h
see '  while keys do what they do' '^PgUp, PgDn'
keys q
kill -s CONT "$replicator"
not_see '  until it does' '^STALE'

# --- the end --------------------------------------------------------------------------
keys q
not_see 'q ends it' '^initech'
is '  the terminal is as it was' "$(modes)" "$before"
for signal in TERM HUP QUIT ABRT SEGV; do
	live "ASAN_OPTIONS=handle_segv=0:handle_abort=0"
	see "it runs again" '^initech'
	kill -s $signal "$(pid_of_live)"
	number=$(kill -l $signal 2>/dev/null || /bin/kill -l $signal)
	see "SIG$signal ends it" "^ended $((128 + number))"
	is '  the terminal is as it was' "$(modes)" "$before"
done
live
see 'it runs again' '^initech'
keys C-c
see 'Ctrl-C ends it' '^ready\$'
keys 'echo said $?' Enter
see '  as by that signal' '^said 130'
is '  the terminal is as it was' "$(modes)" "$before"
live TERM=dumb
see 'where no cursor can be placed it is refused' '^ended 2'
see '  which is said' 'no cursor to place \(TERM=dumb\)'
live NO_COLOR=1
see 'without colour' '^initech'
unlike '  there is none' "$(terminal capture-pane -e -p -t live)" '\[(3[0-7]|[0-9;]*;3[0-7])m'
keys q
see '  the end' '^ended 0'
keys "clear; $ROWHOUSE status globex --live" Enter
see 'of one tenant first' '^tenant +globex'
keys q
see '  then the table' '^TENANT'
keys q
not_see '  the end' '^TENANT'
live LC_ALL=C.UTF-8
see 'in UTF-8' '^TENANT.* LAG▼ '
keys q
see '  the end' '^ended 0'
done_testing
