#!/bin/sh
# Who turns the pages of a list sees every row that was there when he began,
# once, in order, however much is written meanwhile.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
me=$(json '$.record.id')
project_new acme WEB
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23; do
	api acme POST /api/projects/WEB/issues "{\"title\":\"first $n\",\"state\":\"todo\",
		\"priority\":$((n % 5)),\"assignee\":\"$me\"}"
	api acme POST /api/issues/WEB-1/comments "{\"body\":\"first $n\"}"
	api acme POST /api/labels "{\"name\":\"first $n\"}"
	api acme POST /api/projects "{\"key\":\"P$n\",\"name\":\"first $n\"}"
done
[ "$status" = 201 ] || bail "$status $body"

# values EXPRESSION	of each item of the last answer
values() {
	sqlite3 :memory: "SELECT $1 FROM json_each(readfile('$SCRATCH/body'), '\$.items')"
}

of() {	# FIELD…	an SQL expression
	for f; do printf "json_extract(value, '\$.%s')||','||" "$f"; done
	printf "''"
}

# meanwhile N	somebody writes while pages are turned
meanwhile() {
	api acme POST /api/projects/WEB/issues "{\"title\":\"later $1\",\"state\":\"todo\",
		\"priority\":$(($1 % 5)),\"assignee\":\"$me\"}"
	api acme POST /api/issues/WEB-1/comments "{\"body\":\"later $1\"}"
}

# turned NAME PATH KEY… -- NEXT…	KEY names a row; NEXT are the parameters of
# the next page, PARAMETER=FIELD of the last row
turned() {
	name=$1 path=$2
	shift 2
	keys=
	while [ "$1" != -- ]; do
		keys="$keys $1"
		shift
	done
	shift
	api acme GET "$path?limit=50"
	# shellcheck disable=SC2086
	values "$(of $keys)" >whole
	: >pages
	next=''
	turns=0
	while :; do
		api acme GET "$path?limit=7$next"
		[ "$status" = 200 ] || bail "$path?limit=7$next: $status $body"
		# shellcheck disable=SC2086
		values "$(of $keys)" >page
		[ -s page ] || break
		cat page >>pages
		next=''
		for pair; do
			value=$(json "\$.items[#-1].${pair#*=}" |
				sed 's/ /%20/g')
			next="$next&${pair%%=*}=$value"
		done
		turns=$((turns + 1))
		[ "$turns" -lt 20 ] || break
		meanwhile "$turns"
	done
	# a page may show what was written meanwhile, where it belongs; the rest is whole
	is "$name: all of it, once, in order" "$(grep -Fxf whole pages)" "$(cat whole)"
	is '  nothing twice' "$(sort pages | uniq -d)" ''
	[ "$(wc -l <whole)" -ge 21 ] || bail "$name: too few rows to tell"
}

turned 'a project' /api/projects/WEB/issues id -- before=id
turned 'a column of the board' /api/projects/WEB/board/todo priority id -- priority=priority before=id
turned 'my work' /api/me/issues priority id -- priority=priority before=id
turned 'comments' /api/issues/WEB-1/comments id -- before=id
turned 'the history of an issue' /api/issues/WEB-1/activity id -- before=id
turned 'the activity' /api/activity id -- before=id
turned 'labels' /api/labels name -- after=name
turned 'projects' /api/projects key -- after=key

for path in /api/projects/WEB/issues /api/projects/WEB/board /api/projects/WEB/board/todo \
    /api/me/issues /api/issues/WEB-1/comments /api/issues/WEB-1/activity /api/activity \
    /api/labels /api/projects /api/members '/api/search'; do
	for limit in 0 -1 501 x; do
		api acme GET "$path?q=x&limit=$limit"
		is "$path is bounded: limit=$limit" "$status" 400
	done
done

done_testing
