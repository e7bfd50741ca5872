#!/bin/sh
# rowhouse(1) has every command and every option that the program itself names.
. "$(dirname "$0")/../lib.sh"

# mdoc's macros away: what remains is what a reader sees
sed 's/^\.[A-Z][a-z]*//; s/ \(Cm\|Fl\|Ar\|Op\|Oo\|Oc\|Ns\) / /g; s/ \(Cm\|Fl\|Ar\|Op\|Oo\|Oc\|Ns\) / /g' \
	"$ROOT/rowhouse.1" >page
"$ROWHOUSE" help | sed -n 's/^  \([a-z]\{3,\}\) .*/\1/p' >commands
ok 'the program names its commands' test "$(wc -l <commands)" -ge 12
while read -r command; do
	ok "$command is in it" grep -qw -- "$command" page
	"$ROWHOUSE" "$command" --help 2>&1 | sed -n '1,/^$/p' | grep -o -- '--[a-z][a-z-]*' |
		sort -u >options
	while read -r option; do
		# those by which one process of ours starts another
		case $command$option in *--help|worker*|job*) continue ;; esac
		ok "  with $option" grep -q -e "-${option#--}" page
	done <options
done <commands
"$ROWHOUSE" tenant --help 2>&1 | sed -n 's/.*rowhouse tenant \([a-z]*\).*/\1/p' | sort -u >verbs
while read -r verb; do
	ok "tenant $verb is in it" grep -q "tenant $verb" page
done <verbs
if command -v mandoc >/dev/null; then
	is 'it is well written' "$(mandoc -Tlint -Wwarning "$ROOT/rowhouse.1" | grep -v 'mandoc.db')" ''
else
	skip 'it is well written' 'mandoc is not installed'
fi
done_testing
