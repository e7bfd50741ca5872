#!/bin/sh
# Whatever stands in Host: the answer is acme's, where that is acme's host, or
# it is nobody's.  Asked with acme's token, so that an answer would have content.
. "$(dirname "$0")/../lib.sh"

house_new 'worker.tenants = 1'
for slug in acme globex a-b; do
	tenant_new $slug
done
house_start
for slug in acme globex; do
	sign_in $slug
	eval "$slug=\$TOKEN"
	project_new $slug HOME
	api $slug POST /api/projects/HOME/issues "{\"title\":\"canary of $slug\"}"
	is "$slug has an issue" "$status" 201
done

# ask HOST TOKEN	"status canary"
ask() {
	http -H "Host: $1" -H "Authorization: Bearer $2" \
		"http://127.0.0.1:$PORT/api/projects/HOME/issues"
	canary=$(printf '%s' "$body" | grep -o 'canary of [a-z]*')
	printf '%s%s' "$status" "${canary:+ $canary}"
}

for host in acme.localhost ACME.localhost Acme.LocalHost acme.localhost:80 \
    "acme.localhost:$PORT" acme.localhost. acme.localhost.:1; do
	# shellcheck disable=SC2154
	is "$host is acme" "$(ask "$host" "$acme")" '200 canary of acme'
done

{
	# shellcheck disable=SC1003
	for label in '' - -- -acme acme- _acme acme_ acme-- ac.me a acm acmee xacme \
	    acme%2elocalhost acme%00 %61cme acme+ 'acme,' 'acme;' "acme'" 'acme|' \
	    'acme*' '*' '**' '~' '..' '...' ./acme ../acme acme/.. acme/ /acme \
	    'acme\' '\acme' '$acme' 'acme$' '(acme)' '[acme]' '{acme}' '<acme>' \
	    'acme!' '@acme' 'acme@' 'x@acme' 'acme#' 'acme?' 'acme=' 'acme&' \
	    registry _registry registry.db master.key www api admin app mail \
	    xn--acme xn--80ak6aa92e xn-- 0 1 00000001 0x61 1e9 null true nan \
	    undefined NULL TENANT tenant HTTP_HOST "$(printf 'a%.0s' $(seq 41))" \
	    "$(printf 'a%.0s' $(seq 63))" "$(printf 'a%.0s' $(seq 64))" \
	    "$(printf 'a%.0s' $(seq 300))" "$(printf 'acme.%.0s' $(seq 40))acme" \
	    acme.acme acme.globex globex.acme a.b.c.d acme.. ..acme \
	    acmе асме ａｃｍｅ acmé 'acme acme' 'acme	acme' \
	    "acme'--" "acme' OR '1'='1" 'acme"' '1;acme' 'acme%' 'a_me' 'ac__' \
	    'acme%20' 'acme%0a' 'acme%0d%0aX: y' '${acme}' '{tenant}' '{labels.1}' \
	    '{http.request.host}' '{env.HOME}' '{args.0}' acme:acme; do
		printf '%s.localhost\n' "$label"
	done
	# every byte that can stand in a header, in the slug and beside it
	# shellcheck disable=SC1003
	for byte in ! '"' '#' '$' '%' '&' "'" '(' ')' '*' + ',' - / : ';' '<' '=' '>' \
	    '?' @ '[' '\' ']' '^' _ '`' '{' '|' '}' '~'; do
		printf '%s\n' "ac${byte}me.localhost" "acme${byte}.localhost"
	done
	for name in '' . .. localhost localhost. LOCALHOST localhost:1 acme globex \
	    acme.local acme.localhos acme.localhostx acme.xlocalhost acmelocalhost \
	    acme-localhost acme.localhost.example acme.localhost.localhost \
	    evil.example acme.evil.example evil.example/acme.localhost \
	    evil.example:acme.localhost evil.example@acme.localhost \
	    'acme.localhost@evil.example' 'acme.localhost evil.example' \
	    'evil.example acme.localhost' 'acme.localhost,globex.localhost' \
	    'acme.localhost;globex' 'acme.localhost#' 'acme.localhost?' \
	    acme.localhost/x 'acme.localhost\x' acme.localhost.. acme..localhost \
	    .acme.localhost acme.localhost:99999 acme.localhost:-1 acme.localhost:x \
	    acme.localhost:80:80 acme.localhost:%38 acme.localhost%00 \
	    127.0.0.1 127.1 0 0.0.0.0 2130706433 0x7f.1 '[::1]' '::1' '[acme]' \
	    '[::ffff:127.0.0.1]' '[::1]:80' 192.168.0.1 169.254.169.254 \
	    metadata.internal file:///etc/passwd http://acme.localhost \
	    //acme.localhost xn--localhost acme.xn--localhost acme.LOCALHOST.x \
	    "$(printf 'a.%.0s' $(seq 120))localhost" "$(printf 'x%.0s' $(seq 2000))" \
	    acme.127.0.0.1 acme.127.0.0.1.nip.io globex.localhost globex.LOCALHOST \
	    Globex.localhost a-b.localhost A-B.localhost; do
		printf '%s\n' "$name"
	done
} >hosts

tried=0
reached=
odd=
while IFS= read -r host; do
	tried=$((tried + 1))
	answer=$(ask "$host" "$acme")
	case $answer in
	*canary*)
		# curl and HTTP trim blanks; a port does not matter to a host
		case $host in
		acme.localhost:99999|acme.localhost:x|acme.localhost:-1|acme.localhost:%38) ;;
		*) reached="$reached [$host: $answer]" ;;
		esac
		;;
	400|401|404|421|000) ;;
	*) odd="$odd [$host: $answer]" ;;
	esac
done <hosts
ok 'there are 200 hosts' test "$tried" -ge 200
is "of $tried hosts none reaches a tenant that is not its own" "$reached" ''
is '  and none is answered but with a refusal' "$odd" ''

is 'a host is given to globex' "$("$ROWHOUSE" tenant host add globex www.Globex.example 2>&1 >/dev/null)" ''
known() {
	# shellcheck disable=SC2154
	[ "$(ask www.globex.example "$globex")" = '200 canary of globex' ]
}
ok '  and is globex' wait_for 5 known
is '  whatever its case, its port and its last dot' \
	"$(ask WWW.globex.EXAMPLE.:8080 "$globex")" '200 canary of globex'
is "  not acme's token's" "$(ask www.globex.example "$acme")" 401
is '  no name under it is' "$(ask x.www.globex.example "$globex")" 404

done_testing
