#!/bin/sh
# A token of acme opens nothing at globex, on any route that there is; the
# answer is the one that a guest gets.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
house_start
sign_in acme
acme=$TOKEN
api acme GET /api/projects
is 'the token is good at home' "$status" 200

sign_in globex
project_new globex SECRET
api globex POST /api/projects/SECRET/issues '{"title":"canary of globex"}'
api globex POST /api/labels '{"name":"canary label"}'
user=$(sqlite3 -readonly "$(db_of globex)" 'SELECT id FROM _users')

# Every endpoint of the application, and of the accounts.
routes() {
	(cd "$SCRATCH/app/api" && find . -name '*.sql') | sed 's|^\./||; s|\.sql$||' |
	while IFS= read -r f; do
		path=/api/$(dirname "$f")
		path=$(printf '%s\n' "$path" | sed "s|{project}|SECRET|; s|{ref}|SECRET-1|
			s|{state}|todo|; s|{[a-z]*}|1|g")
		printf '%s %s\n' "$(basename "$f")" "$path"
	done
	cat <<-END
	POST /api/collections/users/auth-refresh
	GET /api/collections/users/records
	POST /api/collections/users/records
	GET /api/collections/users/records/$user
	PATCH /api/collections/users/records/$user
	DELETE /api/collections/users/records/$user
	END
}
routes >all
copy_of "$(db_of globex)" before.sqlite

tried=0
opened=
told=
while read -r method path; do
	tried=$((tried + 1))
	case $method in
	GET|DELETE) set -- ;;
	*) set -- '{}' ;;
	esac
	TOKEN=
	api globex "$method" "$path" "$@"
	guest="$status $body"
	TOKEN=$acme
	api globex "$method" "$path" "$@"
	case $status in
	401) ;;
	*) opened="$opened $method $path: $status" ;;
	esac
	[ "$status $body" = "$guest" ] || told="$told $method $path"
	case $body in
	*canary*|*SECRET*|*owner@globex*) opened="$opened $method $path: content" ;;
	esac
done <all
ok 'there are routes to try' test "$tried" -gt 25
is "none of $tried routes opens" "$opened" ''
is 'nor tells the token from none' "$told" ''

# Made to look like globex's own.
payload=$(printf '%s' "$acme" | cut -d. -f2)
forged=$(printf '%s' "$payload" | tr '_-' '/+' | sed 's/$/===/' | base64 -d 2>/dev/null |
	sed 's/acme/globex/' | base64 -w0 | tr '/+' '_-' | tr -d =)
for token in "$(printf '%s' "$acme" | cut -d. -f1).$forged.$(printf '%s' "$acme" | cut -d. -f3)" \
    "$(printf '{"alg":"none","typ":"JWT"}' | base64 -w0 | tr -d =).$forged." \
    "$forged" "$acme." '' . .. a.b.c "$(printf 'x%.0s' $(seq 8000))"; do
	TOKEN=$token
	api globex GET /api/projects
	is "a forged token ($(printf %.16s "$token")…) is none" "$status" 401
done

copy_of "$(db_of globex)" after.sqlite
is 'globex is as it was' "$(same_rows before.sqlite after.sqlite)" ''

done_testing
