#!/bin/sh
# Each message that HANDBOOK.md explains is one that a program prints, in these
# words; each command, option, key, script and file that it or COMPARISON.md names
# is there.  In a message "…" stands for what printf or the shell puts in.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib.sh"

book=$ROOT/HANDBOOK.md

# --- messages ---------------------------------------------------------------------
# what can be printed: C's literals joined, scripts and Caddyfiles as they are
(
	cd "$ROOT" || exit
	find . -name '*.c' ! -path './tests/*' ! -path './build/*' ! -path './.*' |
		sort | xargs perl -CS -0777 -ne '
		s/"\s*\n\s*"//g; s/\\"/"/g; s/\\n/\n/g; s/%%/%/g;
		s/%[-+ 0#]*[\d*]*(?:\.[\d*]+)?(?:hh|ll|[hlzjt])?[diouxXscfgp]/\x{2026}/g;
		s/(?:\x{2026})+/\x{2026}/g; print'
	cat scripts/[a-z]* caddy/*.caddy 2>/dev/null | perl -CS -Mutf8 -0777 -ne '
		s/\\(["`])/$1/g; s/\$\{[^}]*\}|\$\([^)]*\)|\$\w+/\x{2026}/g;
		s/(?:\x{2026})+/\x{2026}/g; print'
) >printed
sed -n '/^## Troubleshooting/,/^## /p' "$book" | sed -n 's/^| `\([^`]*\)` |.*/\1/p' >quoted
ok 'the handbook explains messages' test "$(wc -l <quoted)" -ge 60
while IFS= read -r text; do
	ok "\"$text\"" grep -qF -e "$text" printed
done <quoted
is 'they are sorted' "$(LC_ALL=C sort -f quoted | tr -d '\n')" "$(tr -d '\n' <quoted)"
is '  and none is there twice' "$(sort quoted | uniq -d)" ''

# --- commands, options --------------------------------------------------------------
cat "$book" "$ROOT/COMPARISON.md" >books
"$ROWHOUSE" help | sed -n 's/^  \([a-z]\{3,\}\) .*/\1/p' >commands
"$ROWHOUSE" tenant --help 2>&1 | sed -n 's/.*rowhouse tenant \([a-z]*\).*/\1/p' | sort -u >verbs
# in code alone: prose may say "rowhouse does"
{ grep -o '`[^`]*`' books | tr -d '`'; sed -n 's/^    //p' books; } >code
sed 's/^ *runuser .*-- //' code | grep -oE '(^|[ /])rowhouse [a-z][^|;&]*' | sed 's/^[ /]//' | sort -u >calls
ok 'it names commands' test "$(wc -l <calls)" -ge 20
while read -r _ command verb rest; do
	ok "rowhouse $command" grep -qxF -e "$command" commands
	[ "$command" != tenant ] || ok "  tenant $verb" grep -qxF -e "$verb" verbs
	"$ROWHOUSE" "$command" --help >usage 2>&1
	printf '%s\n' "$verb $rest" | grep -oE -e '--[a-z][a-z-]*' >options
	while read -r option; do
		ok "  with $option" grep -qF -e "$option" usage
	done <options
done <calls
grep -oE 'scripts/(install|deploy|restore|caddy|costs|release)( [^|;&]*)?' code | sort -u >calls
while read -r script rest; do
	ok "$script" test -x "$ROOT/$script"
	file=$ROOT/$script
	[ "$script" != scripts/restore ] || {
		"$ROWHOUSE" restore --help >usage 2>&1
		file=usage
	}
	printf '%s\n' "$rest" | grep -oE -e '--[a-z][a-z0-9-]*' >options
	while read -r option; do
		ok "  with $option" grep -qF -e "$option" "$file"
	done <options
done <calls

# --- keys of the configuration ------------------------------------------------------
house_new
"$ROWHOUSE" check --config | sed -n 's/^\([a-z][a-z_.]*\) = .*/\1/p' >keys
grep -oE '(^|`)(replica|tenant|mail|statement|worker|request|response|password|usage|token|db)\.[a-z_]+( =|`)' code |
	sed 's/ =//' >named
grep -oE '`(replica|tenant|mail|statement|worker|request|response|password|usage|token|db)\.[a-z_]+( =[^`]*)?`' books |
	sed 's/ =.*//' | tr -d '`' >>named
sort -u named >keys.named
ok 'it names keys' test "$(wc -l <keys.named)" -ge 10
while read -r key; do
	ok "$key" grep -qxF -e "$key" keys
done <keys.named

# --- alerts, files ------------------------------------------------------------------
sed -n 's/.*- alert: //p' "$ROOT/scripts/monitoring/alerts.yml" >alerts
while read -r alert; do
	ok "the alert $alert is explained" grep -qF -e "| $alert |" "$book"
done <alerts
grep -oE '^\| Rowhouse[A-Za-z]+ \|' "$book" | tr -d '| ' >explained
ok '  and no other' sh -c '! grep -vxFf alerts explained'
grep -oE '\]\([^)#:]+' books | sed 's/^](//' | sort -u >links
while read -r link; do
	ok "$link is there" test -e "$ROOT/$link"
done <links
done_testing
