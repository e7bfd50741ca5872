#!/bin/sh
# Each endpoint of the application: what it answers to a member or an admin
# who asks rightly; that it answers nobody else; that every file was asked.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start

# call METHOD PATH [JSON]	remembers which were asked
: >asked
call() {
	printf '%s %s\n' "$1" "$2" >>asked
	api acme "$@"
}

answers() {	# NAME STATUS [JSON-PATH WANTED]…	of the last answer
	claim=$1
	is "$claim" "$status" "$2" || diag "$body"
	shift 2
	while [ $# -gt 1 ]; do
		is "$claim: $1" "$(json "$1")" "$2"
		shift 2
	done
}

person() {	# NAME ROLE	sets $id
	api acme POST /api/collections/users/records "{\"name\":\"$1\",
		\"email\":\"$1@acme.example\",\"role\":\"$2\",
		\"password\":\"$PASSWORD\",\"passwordConfirm\":\"$PASSWORD\"}"
	id=$(json '$.id')
}

sign_in acme
person ada admin
ada=$id
person mia member
mia=$id
sign_in acme ada@acme.example
admin=$TOKEN
sign_in acme mia@acme.example
member=$TOKEN

# --- projects
TOKEN=$admin
call POST /api/projects '{"key":"web","name":"  Website ","description":"All of it"}'
answers 'a project is made' 201 '$.key' WEB '$.name' Website '$.version' 1
call POST /api/projects '{"key":"WEB","name":"Again"}'
answers '  its key is taken then' 409 '$.data.key.code' validation_not_unique
for key in A 1AB 'A B' 'Ä1' TOOLONGKEY ''; do
	call POST /api/projects "{\"key\":\"$key\",\"name\":\"x\"}"
	answers "  '$key' is no key" 400
	like '    says the answer' "$(json '$.data.key.message')" .
done
call POST /api/projects '{"key":"OPS","name":"   "}'
answers '  and blanks are no name' 400
call POST /api/projects '{"key":"OPS","name":"Operations"}'
TOKEN=$member
call GET /api/projects
answers 'projects are listed' 200 '$.items[0].key' OPS '$.items[1].key' WEB \
	'$.items[1].open' 0 '$.items[2]' ''
call GET /api/projects/WEB
answers 'a project is shown' 200 '$.description' 'All of it' '$.counts' '{}'
call GET /api/projects/NONE
answers '  not one that is not there' 404
TOKEN=$admin
call PATCH /api/projects/WEB '{"version":1,"name":"Web site"}'
answers 'a project is renamed' 200 '$.name' 'Web site' '$.description' 'All of it' '$.version' 2
call PATCH /api/projects/WEB '{"version":1,"name":"Other"}'
answers '  not by who had not seen that' 409
like '    and is told why' "$(json '$.message')" 'changed this project meanwhile'
call PATCH /api/projects/WEB '{"name":"Other"}'
answers '  nor by who does not say what he saw' 400 '$.data.version.code' validation_required
call DELETE /api/projects/WEB
answers 'a project is not deleted while it is open' 409

# --- labels
TOKEN=$member
call POST /api/labels '{"name":" bug ","colour":"#DC2626"}'
answers 'a label is made' 201 '$.name' bug '$.colour' '#dc2626'
bug=$(json '$.id')
call POST /api/labels '{"name":"design"}'
answers '  with a colour of its own where none is said' 201 '$.colour' '#64748b'
design=$(json '$.id')
call POST /api/labels '{"name":"BUG"}'
answers '  once, in whatever case' 409 '$.data.name.code' validation_not_unique
call POST /api/labels '{"name":"red","colour":"red"}'
answers '  with a colour that is one' 400
call GET /api/labels
answers 'labels are listed' 200 '$.items[0].name' bug '$.items[0].issues' 0 '$.items[1].name' design

# --- issues
call POST /api/projects/WEB/issues "{\"title\":\"  Login fails \",\"description\":\"On <Safari>\",
	\"state\":\"todo\",\"priority\":3,\"assignee\":\"$ada\",\"due\":\"2030-02-28\",
	\"labels\":[$design,$bug,$bug]}"
answers 'an issue is made' 201 '$.ref' WEB-1 '$.title' 'Login fails' '$.description' 'On <Safari>' \
	'$.state' todo '$.priority' 3 '$.assignee' "$ada" '$.assignee_name' ada '$.due' 2030-02-28 \
	'$.labels[0].name' bug '$.labels[1].name' design '$.labels[2]' '' '$.created_by_name' mia '$.version' 1
call POST /api/projects/WEB/issues '{"title":"Second"}'
answers '  under the next number' 201 '$.ref' WEB-2 '$.state' backlog '$.labels' '[]' '$.assignee' ''
call POST /api/projects/OPS/issues '{"title":"Elsewhere","state":"done"}'
answers '  each project with its own' 201 '$.ref' OPS-1
for wrong in '"title":" "' '"title":"x","due":"2030-02-30"' '"title":"x","due":"tomorrow"' \
    '"title":"x","priority":5' '"title":"x","state":"open"' '"title":"x","labels":[999]' \
    '"title":"x","labels":{"a":"b"}' '"title":"x","assignee":"nobody"'; do
	call POST /api/projects/WEB/issues "{$wrong}"
	answers "  not with $wrong" 400
done
call POST /api/projects/NONE/issues '{"title":"x"}'
answers '  nor in a project that is not there' 404
call GET /api/issues/WEB-1
answers 'an issue is shown' 200 '$.title' 'Login fails' '$.comments' 0
call GET /api/issues/WEB-9
answers '  not one that is not there' 404
call PATCH /api/issues/WEB-1 '{"version":1,"state":"doing","assignee":null,"due":null}'
answers 'what is sent is changed' 200 '$.state' doing '$.assignee' '' '$.due' '' \
	'$.title' 'Login fails' '$.priority' 3 '$.version' 2 '$.labels[0].name' bug
call PATCH /api/issues/WEB-1 '{"version":1,"title":"Mine"}'
answers '  not over what was not seen' 409
call PATCH /api/issues/WEB-1 '{"version":2,"title":null}'
answers '  no title is no value' 400
call PATCH /api/issues/WEB-9 '{"version":1,"title":"x"}'
answers '  nor on what is not there' 404
call PATCH /api/issues/WEB-1 "{\"version\":2,\"assignee\":\"$mia\",\"title\":\"Sign-in fails\",
	\"description\":\"Everywhere\",\"priority\":4}"
answers '  several at once' 200 '$.version' 3

call GET /api/projects/WEB/board
answers 'the board has the issues' 200 '$.items[0].ref' WEB-1 '$.items[0].labels[1].name' design \
	'$.items[1].ref' WEB-2 '$.items[2]' ''
call GET "/api/projects/WEB/board?assignee=$mia"
answers '  of a person' 200 '$.items[0].ref' WEB-1 '$.items[1]' ''
call GET "/api/projects/WEB/board?label=$bug&assignee=none"
answers '  of nobody with a label: none' 200 '$.items' '[]'
call GET /api/projects/WEB/board/doing
answers 'a column of the board' 200 '$.items[0].ref' WEB-1 '$.items[1]' ''
call GET /api/projects/WEB/board/nowhere
answers '  is a state' 400
call GET /api/projects/WEB/issues
answers 'issues are listed, newest first' 200 '$.items[0].ref' WEB-2 '$.items[1].ref' WEB-1
call GET "/api/projects/WEB/issues?state=doing&assignee=$mia&label=$bug"
answers '  by what they are' 200 '$.items[0].ref' WEB-1 '$.items[1]' ''
call GET '/api/projects/WEB/issues?assignee=none'
answers '  or are not' 200 '$.items[0].ref' WEB-2 '$.items[1]' ''
call GET /api/me/issues
answers 'my work is mine' 200 '$.items[0].ref' WEB-1 '$.items[1]' ''
call GET /api/projects
answers 'open issues are counted' 200 '$.items[0].open' 0 '$.items[1].open' 2

# --- labels of issues
call PUT "/api/issues/WEB-2/labels/$bug"
answers 'a label is put on' 200 '$.labels[0].name' bug
call PUT "/api/issues/WEB-2/labels/$bug"
answers '  once' 200 '$.labels[1]' ''
call PUT /api/issues/WEB-2/labels/999
answers '  where there is such a label' 400
call PUT "/api/issues/WEB-9/labels/$bug"
answers '  and such an issue' 404
call DELETE "/api/issues/WEB-2/labels/$bug"
answers 'and taken off' 200 '$.labels' '[]'
call DELETE "/api/issues/WEB-2/labels/$bug"
answers '  as often as one likes' 200 '$.labels' '[]'

# --- comments
call POST /api/issues/WEB-1/comments '{"body":"I saw it, too"}'
answers 'a comment is made' 201 '$.body' 'I saw it, too' '$.author' "$mia" '$.edited' ''
comment=$(json '$.id')
call POST /api/issues/WEB-1/comments '{"body":" "}'
answers '  not an empty one' 400
call POST /api/issues/WEB-9/comments '{"body":"x"}'
answers '  nor on what is not there' 404
call PATCH "/api/comments/$comment" '{"body":"I did not see it"}'
answers 'and corrected by its author' 200 '$.body' 'I did not see it'
TOKEN=$admin
call PATCH "/api/comments/$comment" '{"body":"He saw it"}'
answers '  by nobody else' 404
call POST /api/issues/WEB-1/comments '{"body":"An admin speaks"}'
theirs=$(json '$.id')
TOKEN=$member
call DELETE "/api/comments/$theirs"
answers '  a member does not delete what others said' 404
call GET /api/issues/WEB-1/comments
answers 'comments are listed, newest first' 200 '$.items[0].author_name' ada \
	'$.items[1].body' 'I did not see it' '$.items[2]' ''
TOKEN=$admin
call DELETE "/api/comments/$comment"
answers '  an admin does' 204

# --- history
call GET '/api/issues/WEB-1/activity?limit=200'
is 'the history says who changed what, from what, to what' "$(sqlite3 -separator ' ' :memory: "
	SELECT group_concat(json_extract(value, '\$.actor_name') || ' ' ||
		json_extract(value, '\$.field') || ' ' ||
		coalesce(json_extract(value, '\$.was'), '-') || ' ' ||
		coalesce(json_extract(value, '\$.became'), '-'), char(10))
	  FROM json_each(readfile('$SCRATCH/body'), '\$.items')")" "ada comment - $theirs
mia comment - $comment
mia description - -
mia assignee - $mia
mia priority 3 4
mia title Login fails Sign-in fails
mia due 2030-02-28 -
mia assignee $ada -
mia state todo doing
mia created - Login fails"
call GET /api/issues/WEB-2/activity
answers '  labels, too, and only what happened' 200 '$.items[0].was' bug '$.items[1].became' bug \
	'$.items[2].field' created '$.items[3]' ''
call GET '/api/activity?project=OPS'
answers 'what the team did, in a project' 200 '$.items[0].ref' OPS-1 '$.items[1]' ''
call GET '/api/activity?limit=1'
newest=$(json '$.items[0].id')
call GET "/api/activity?after=$newest"
answers '  and since' 200 '$.items' '[]'

# --- people, search
call GET /api/members
is 'members are listed' "$status $(sqlite3 :memory: "
	SELECT group_concat(json_extract(value, '\$.name') || '=' || json_extract(value, '\$.role'))
	  FROM (SELECT value FROM json_each(readfile('$SCRATCH/body'), '\$.items')
	         ORDER BY json_extract(value, '\$.name') DESC)")" '200 mia=member,ada=admin,=owner'
unlike '  without their addresses' "$body" '@'
call GET '/api/search?q=sign-in%20fai'
answers 'a search finds words by their beginning' 200 '$.items[0].ref' WEB-1

# --- deleting
TOKEN=$admin
call PATCH "/api/labels/$design" '{"name":"look"}'
answers 'a label is renamed' 200 '$.name' look '$.colour' '#64748b'
call PATCH "/api/labels/$design" '{"name":"bug"}'
answers '  not to what another one is called' 409
call DELETE "/api/labels/$design"
answers 'a label is deleted' 204
call DELETE "/api/labels/$design"
answers '  once' 404
call GET /api/issues/WEB-1
answers '  and off every issue' 200 '$.labels[0].name' bug '$.labels[1]' ''
call DELETE /api/issues/WEB-2
answers 'an issue is deleted' 204
call POST /api/projects/WEB/issues '{"title":"Third"}'
answers '  and its number stays taken' 201 '$.ref' WEB-3
call PATCH /api/projects/WEB '{"version":2,"archived":true}'
answers 'a project is archived' 200
like '    since now' "$(json '$.archived')" '^20..-..-.. '
call POST /api/projects/WEB/issues '{"title":"Late"}'
answers '  takes no new issues' 409
call GET /api/projects
answers '  is not in the list' 200 '$.items[0].key' OPS '$.items[1]' ''
call GET '/api/projects?archived=true'
answers '  but in that of the archived' 200 '$.items[0].key' WEB '$.items[1]' ''
call DELETE /api/projects/WEB
answers '  and can be deleted' 204
call GET /api/issues/WEB-1
answers '    with all that was in it' 404

# --- every file, whoever asks: the folder itself says what there is
find "$SCRATCH/app/api" -name '*.sql' | sed "s|^$SCRATCH/app||" | sort >files
is 'only an admin manages projects and labels, and deletes issues' \
	"$(grep -rlE '^-- access: (admin|owner)$' "$SCRATCH/app/api" |
		sed "s|^$SCRATCH/app||" | sort)" \
	'/api/issues/{ref}/DELETE.sql
/api/labels/{id}/DELETE.sql
/api/labels/{id}/PATCH.sql
/api/projects/POST.sql
/api/projects/{project}/DELETE.sql
/api/projects/{project}/PATCH.sql'
is '  and nobody is a guest' "$(grep -rLE '^-- access: (member|admin|owner)$' "$SCRATCH/app/api")" ''
while read -r file; do
	method=$(basename "$file" .sql)
	route=$(dirname "$file")
	pattern=$(printf '%s' "$route" | sed 's/{[a-z]*}/[^\/]*/g')
	like "$method $route was asked" "$(sed 's/?.*//' asked)" "^$method $pattern\$"

	# names that are there or not, it is the same to who may not ask
	path=$(printf '%s' "$route" | sed 's/{state}/todo/; s/{[a-z]*}/1/g')
	TOKEN=
	api acme "$method" "$path"
	is '  and answers no guest' "$status" 401
	grep -q '^-- access: admin' "$SCRATCH/app$file" || continue
	TOKEN=$member
	api acme "$method" "$path"
	is '  nor a member' "$status" 403
done <files

done_testing
