#!/bin/sh
# Full-text search follows every change, takes any words, and shows where.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"Crème brûlée burns","description":"In the oven, at 200 degrees."}'
api acme POST /api/projects/WEB/issues '{"title":"Second","description":"The oven again; brule."}'
api acme POST /api/projects/WEB/issues '{"title":"Third"}'
api acme POST /api/issues/WEB-3/comments '{"body":"My grandmother never burnt one"}'
comment=$(json '$.id')

finds() {	# NAME WORDS REFS
	http -G -H "Authorization: Bearer $TOKEN" --data-urlencode "q=$2" \
		"http://acme.localhost:$PORT/api/search"
	is "$1" "$status $(sqlite3 :memory: "SELECT group_concat(json_extract(value, '\$.ref'), ' ')
		FROM json_each(readfile('$SCRATCH/body'), '\$.items')")" "200 $3"
}

finds 'a word of the title' burns WEB-1
finds 'without its accents, in any case' 'CREME' WEB-1
finds 'with accents that it lacks' 'brülé' 'WEB-1 WEB-2'
finds 'its beginning' 'bru' 'WEB-1 WEB-2'
finds 'a title before a description' 'brul' 'WEB-1 WEB-2'
finds 'all of several words' 'oven again' WEB-2
finds 'a comment' grandm WEB-3
finds 'an issue by its name' web-2 WEB-2
finds 'nothing' zebra ''
http -G -H "Authorization: Bearer $TOKEN" --data-urlencode 'q=oven deg' "http://acme.localhost:$PORT/api/search"
is 'hits are marked' "$(sqlite3 :memory: "SELECT replace(replace(
	json_extract(readfile('$SCRATCH/body'), '\$.items[0].excerpt'), char(2), '['), char(3), ']')")" \
	'In the [oven], at 200 [degrees].'

# whatever is typed is words, never a query language, never an error
for words in '"' '""' "'" '*' '-' '(' ')' ':' '^' 'AND' 'OR' 'NOT' 'NEAR(' 'title:burns' 'a"b' '{x}' "\\" '%' \
    'oven AND' '"oven' 'oven"' 'NOT oven' 'a OR' '* *' '-oven' '😀' "$(printf 'a\tb')"; do
	http -G -H "Authorization: Bearer $TOKEN" --data-urlencode "q=$words" \
		"http://acme.localhost:$PORT/api/search"
	is "just words: $words" "$status" 200
done

api acme PATCH /api/issues/WEB-1 '{"version":1,"title":"Pudding burns"}'
finds 'a new title is found' pudding WEB-1
finds '  the old one is not' creme ''
api acme PATCH /api/issues/WEB-1 '{"version":2,"description":"On the stove."}'
finds 'nor the old description' degrees ''
api acme PATCH "/api/comments/$comment" '{"body":"My uncle did"}'
finds 'a corrected comment' uncle WEB-3
finds '  no longer as it was' grandmother ''
api acme DELETE "/api/comments/$comment"
finds 'nor a deleted one' uncle ''
api acme DELETE /api/issues/WEB-2
finds 'nor a deleted issue' again ''
api acme PATCH /api/projects/WEB '{"version":1,"archived":true}'
api acme DELETE /api/projects/WEB
finds 'nor what went with its project' pudding ''

copy_of "$(db_of acme)" copy.sqlite
is 'the indexes agree with the texts' "$(sqlite3 copy.sqlite "
	INSERT INTO issue_text (issue_text, rank) VALUES ('integrity-check', 1);
	INSERT INTO comment_text (comment_text, rank) VALUES ('integrity-check', 1);" 2>&1)" ''

done_testing
