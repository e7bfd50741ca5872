#!/bin/sh
# sqlmap, at every parameter of the application that ships, finds nothing to
# inject into; and at a page that pastes its parameter into SQL it finds that.
# A long form: `make sqlmap`.
. "$(dirname "$0")/../lib.sh"

command -v sqlmap >/dev/null || skip_all 'there is no sqlmap; on Debian: apt-get install sqlmap'

house_new
tenant_new acme
house_start
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"first"}'
api acme POST /api/issues/WEB-1/comments '{"body":"first"}'
api acme POST /api/labels '{"name":"first"}'
api acme GET /api/openapi.json
cp body openapi.json

# attack SQLMAP-ARGUMENT…	what it says, on stdout
attack() {
	timeout 900 sqlmap --batch --disable-coloring --flush-session \
		--output-dir="$SCRATCH/sqlmap" --dbms=SQLite --level=2 --risk=1 \
		--ignore-code=400,403,404,409,429 --technique=BEU "$@" </dev/null 2>&1
}

asked() {
	grep -c ' request .* tenant=acme ' serve.log
}

found='identified the following injection point|is vulnerable'

/usr/bin/python3 "$ROOT/tests/sqlmap/pasted.py" >pasted.port 2>/dev/null &
started="$! $started"
wait_for 20 test -s pasted.port
like 'sqlmap finds what is pasted' \
    "$(attack -u "http://127.0.0.1:$(cat pasted.port)/?id=1" -p id)" "$found"

/usr/bin/python3 - openapi.json <<'END' | sort -t"$(printf '\t')" -r >targets
import json, sys
value = {"project": "WEB", "ref": "WEB-1", "state": "todo", "q": "first", "title": "a title",
         "name": "a name", "key": "NEW", "colour": "#123456", "body": "a text", "version": 1,
         "due": "2026-12-01", "assignee": "none", "label": 1, "id": 1, "labels": [1],
         "identity": "owner@acme.example", "email": "x@example.com", "role": "member"}
for path, methods in json.load(open(sys.argv[1]))["paths"].items():
    for method, item in methods.items():
        if method == "parameters":
            continue
        query, body, marked = [], {}, path
        for p in methods.get("parameters", []) + item.get("parameters", []):
            kind = p.get("schema", {}).get("type", "string")
            v = value.get(p["name"], {"integer": 3, "boolean": "true"}.get(kind, "x"))
            if p["in"] == "path":
                marked = marked.replace("{%s}" % p["name"], "%s*" % v)
            else:
                query.append("%s=%s*" % (p["name"], v))
        content = item.get("requestBody", {}).get("content", {})
        for name, schema in content.get("application/json", {}).get("schema", {}).get("properties", {}).items():
            v = value.get(name, 1 if "integer" in schema.get("type", []) else "x")
            body[name] = v if isinstance(v, (list, int)) else "%s*" % v
        if "*" in marked or query or body:
            print(method.upper(), marked + ("?" + "&".join(query) if query else ""),
                  json.dumps(body) if body else "-", sep="\t")
END

# what deletes comes last
tab=$(printf '\t')
while IFS=$tab read -r method target data; do
	set -- -u "http://127.0.0.1:$PORT$target" --method="$method" \
		--host="acme.localhost:$PORT" \
		--headers="Authorization: Bearer $TOKEN\\nContent-Type: application/json"
	[ "$data" = - ] || set -- "$@" --data="$data"
	before=$(asked)
	attack "$@" >said
	unlike "$method $target: nothing" "$(cat said)" "$found"
	ok '  and it was tried' test $(($(asked) - before)) -ge 20
done <targets
like 'every endpoint with parameters' "$(wc -l <targets)" '^[2-9][0-9]'
is 'no answer was an error of ours' "$(grep -c 'status=5' serve.log)" 0
diag "$(asked) requests"

done_testing
