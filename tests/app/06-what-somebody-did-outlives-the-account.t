#!/bin/sh
# Who is removed leaves his words and deeds behind, and no work to nobody's
# surprise: what was his is nobody's, and the history does not lie about it.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
owner=$TOKEN
project_new acme WEB
api acme POST /api/collections/users/records "{\"name\":\"Ben\",\"email\":\"ben@acme.example\",
	\"role\":\"member\",\"password\":\"$PASSWORD\",\"passwordConfirm\":\"$PASSWORD\"}"
ben=$(json '$.id')
sign_in acme ben@acme.example
bens=$TOKEN
api acme POST /api/projects/WEB/issues "{\"title\":\"By Ben, for Ben\",\"assignee\":\"$ben\"}"
is 'Ben works' "$status" 201
api acme POST /api/issues/WEB-1/comments '{"body":"I was here"}'

TOKEN=$owner
api acme DELETE "/api/collections/users/records/$ben"
is 'Ben is removed' "$status" 204
TOKEN=$bens
api acme GET /api/projects
is '  and out' "$status" 401
TOKEN=$owner
api acme GET /api/issues/WEB-1
is 'his issue is nobody'"'"'s' "$status $(json '$.assignee')$(json '$.assignee_name')$(json '$.created_by')" '200 '
is '  and otherwise as it was' "$(json '$.title') $(json '$.version')" 'By Ben, for Ben 1'
api acme GET /api/issues/WEB-1/comments
is 'his words stay' "$(json '$.items[0].body')$(json '$.items[0].author')" 'I was here'
api acme GET /api/issues/WEB-1/activity
is 'his deeds stay his' "$(json '$.items[0].field') $(json '$.items[0].actor') $(json '$.items[1].actor')" \
	"comment $ben $ben"
is '  and nobody else did anything' "$(json '$.items[2]')" ''
api acme PATCH /api/issues/WEB-1 '{"version":1,"title":"For anybody"}'
is 'work goes on' "$status" 200
is 'nothing points at nobody' "$(sqlite3 -readonly "$(db_of acme)" 'PRAGMA foreign_key_check')" ''

done_testing
