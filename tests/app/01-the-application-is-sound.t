#!/bin/sh
# rowhouse check finds nothing wrong with the application that ships, and no
# query of it reads a whole table.
. "$(dirname "$0")/../lib.sh"

house_new
said=$("$ROWHOUSE" check 2>&1)
is 'rowhouse check is content' $? 0
like '  with the application' "$said" '^application: ok$'

tenant_new acme
db=$(db_of acme)
tables='issues|i|comments|c|activity|a|projects|p|labels|l|issue_labels|il|_users|u'

# plans FILE	of each of its statements; what is not bound is NULL
plans() {
	grep -v '^--' "$1" | awk 'BEGIN { RS = ";\n" }
		/[^ \n]/ { print "EXPLAIN QUERY PLAN " $0 ";" }' |
		sqlite3 -readonly "$db" 2>&1
}

find "$SCRATCH/app/api" -name '*.sql' | sort >files
while read -r file; do
	name=${file#"$SCRATCH/app/api/"}
	plan=$(plans "$file")
	like "$name is planned" "$plan" 'SEARCH|SCAN|QUERY PLAN|^$'
	unlike '  and reads no whole table' "$plan" "SCAN ($tables)( |\$)|[Ee]rror"
	printf '%s\n' "$plan" >>plans
done <files

# A walk along the primary key is no scan of the plan's words, and reads all.
uses() {	# FILE INDEX (COLUMN AND …
	like "$1 goes by $2" "$(plans "$SCRATCH/app/api/$1")" "INDEX $2 \\($3"
}
uses 'projects/{project}/issues/GET.sql' issues_newest 'project=\? AND id<'
uses 'projects/{project}/board/GET.sql' issues_board 'project=\? AND state='
uses 'projects/{project}/board/{state}/GET.sql' issues_board 'project=\? AND state=\? AND priority<'
uses 'projects/{project}/GET.sql' issues_board 'project='
uses 'projects/GET.sql' issues_board 'project=\? AND state='
uses 'me/issues/GET.sql' issues_assignee 'assignee=\? AND state=\? AND priority<'
uses 'issues/{ref}/GET.sql' 'sqlite_autoindex_issues_[0-9]' 'ref='
uses 'issues/{ref}/GET.sql' comments_issue 'issue='
uses 'issues/{ref}/comments/GET.sql' comments_issue 'issue=\? AND id<'
uses 'issues/{ref}/activity/GET.sql' activity_issue 'issue=\? AND id<'
uses 'labels/GET.sql' issue_labels_label 'label='
for index in $(sqlite3 -readonly "$db" "SELECT name FROM sqlite_schema
    WHERE type = 'index' AND sql IS NOT NULL AND tbl_name NOT LIKE '\_%' ESCAPE '\'"); do
	like "somebody goes by $index" "$(cat plans)" "INDEX $index "
done
like 'the folder was read' "$(wc -l <files)" '^[1-9]'

done_testing
