"""tests/app/requests.py PORT HOST EMAIL PASSWORD: requests made from the API's
own description, GET /api/openapi.json, and what each is answered with.  With
EMAIL "-" nobody signs in: the platform's host, with PASSWORD as the operator's token.

Each operation is asked rightly, at its bounds, and wrongly in every way that its
description knows: another type, a bound passed, something missing, something
that is not declared, null, huge, odd characters, broken JSON, a name twice;
as the owner, as a member and as nobody.  No answer may be a 5xx, each must be one that
the description has and in its schema, and what the description excludes must be
refused with 400.

SEED (1) and ROUNDS (30, for each operation) are the environment's.  Prints what
was wrong, one request a line, and, to stderr, how much was asked.
"""
import collections
import http.client
import json
import os
import random
import sys
import urllib.parse

import jsonschema

port, host, email, password = sys.argv[1:5]
seed = int(os.environ.get("SEED", "1"))
rounds = int(os.environ.get("ROUNDS", "30"))
rng = random.Random(seed)

TEXTS = ["x", "Ünïcödé", "漢字", "👩‍👩‍👧", "e\u0301\u0301\u0301", "\u202eleft", "a\ufeffb",
         "' OR 1=1 --", "\"; DROP TABLE issues; --", "%00", "%s%n", "<b>", "\\", "\t\r\n",
         "\U0010ffff", "NaN", "null", "1e400", "{}", " ", ""]


class Client:
    def __init__(self, token=None, address=None):
        self.token, self.connection, self.address = token, None, address

    def ask(self, method, target, body=None, content_type="application/json"):
        headers = {"Host": host}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if body is not None:
            headers["Content-Type"] = content_type
        elif method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        for last in (False, True):  # one kept connection may have been closed meanwhile
            if not self.connection:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", int(port), timeout=120, source_address=self.address)
            try:
                self.connection.request(method, target, body, headers)
                answer = self.connection.getresponse()
                return answer.status, answer.read(), answer.headers
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if last:
                    raise


def sign_in(who, secret):
    status, text, _ = Client().ask("POST", "/api/collections/users/auth-with-password",
                                   json.dumps({"identity": who, "password": secret}))
    if status != 200:
        sys.exit("signing in: %d %s" % (status, text))
    return json.loads(text)


MEMBER = "member@example.com"
owner = member = Client()
kept_ids = set()
if email != "-":
    session = sign_in(email, password)
    owner = Client(session["token"])
    kept_ids.add(session["record"]["id"])
    owner.ask("POST", "/api/collections/users/records", json.dumps(
        {"email": MEMBER, "password": password, "passwordConfirm": password, "role": "member"}))
    session = sign_in(MEMBER, password)
    member = Client(session["token"])
    kept_ids.add(session["record"]["id"])
nobody = Client()
if email == "-":
    owner = Client(password)
    # From where many a token is tried the right one is refused as well.
    nobody = member = Client(address=("127.0.0.2", 0))

status, text, _ = nobody.ask("GET", "/api/openapi.json")
if status != 200:
    sys.exit("GET /api/openapi.json: %d %s" % (status, text))
doc = json.loads(text)


def resolve(node):
    while "$ref" in node:
        found = doc
        for part in node["$ref"].split("/")[1:]:
            found = found[part]
        node = found
    return node


class Operation:
    def __init__(self, path, method, item, shared):
        self.path, self.method = path, method
        self.parameters = [dict(p) for p in shared + item.get("parameters", [])]
        self.responses = item["responses"]
        self.operator = {"operator": []} in item.get("security", [])
        self.open = {} in item.get("security", doc["security"]) or item.get("security") == []
        self.body = None
        if "requestBody" in item:
            self.body = item["requestBody"]["content"]["application/json"]["schema"]
        self.name = method.upper() + " " + path


operations = [Operation(path, method, item, methods.get("parameters", []))
              for path, methods in doc["paths"].items()
              for method, item in methods.items() if method != "parameters"]
validators = {}
for operation in operations:
    for code, response in operation.responses.items():
        content = resolve(response).get("content")
        if content:
            schema = dict(content["application/json"]["schema"], components=doc["components"])
            jsonschema.Draft202012Validator.check_schema(schema)
            validators[operation.name, code] = jsonschema.Draft202012Validator(schema)

# --- values ------------------------------------------------------------------

seen = collections.defaultdict(list)  # what answers said, by the field's name
records = collections.defaultdict(list)  # by the last word of the path


def remember(path, value):
    items = value.get("items", [value]) if isinstance(value, dict) else []
    word = [part for part in path.split("/") if part[:1] != "{"][-1]
    for item in items:
        if not isinstance(item, dict):
            continue
        records[word] = (records[word] + [item])[-40:]
        for name, field in item.items():
            if isinstance(field, (str, int, float)) and field != "":
                seen[name] = (seen[name] + [field])[-40:]


def types_of(schema):
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def a_json():
    return rng.choice([[], {}, [1, 2], {"a": None}, "x", 0, True, [[[[]]]], [1.5, "1", None],
                       [{"a": [1]}] * 20])


def a_text(least, most):
    text = rng.choice(TEXTS) * rng.choice([1, 1, 1, 3])
    while len(text) < least:
        text += rng.choice("aZ9 é")
    return text[:most]


def right(name, schema, boundary=False):
    if "enum" in schema:
        return rng.choice(schema["enum"])
    types = types_of(schema)
    if not types:
        return a_json()
    if "null" in types and rng.random() < 0.1:
        return None
    if types[0] == "boolean":
        return rng.random() < 0.5
    if types[0] == "string":
        least, most = schema.get("minLength", 0), schema.get("maxLength", 2000)
        if boundary:
            return "é" * rng.choice([least, most])
        if seen[name] and rng.random() < 0.7:
            value = str(rng.choice(seen[name]))
            if least <= len(value) <= most:
                return value
        if name == "host":
            return "h%d.example" % rng.randrange(10 ** 9)
        if schema.get("format") == "email" and rng.random() < 0.8:
            return "x%d@example.com" % rng.randrange(10 ** 9)
        if "pattern" in schema:  # only that of slugs
            return "x%d" % rng.randrange(10 ** 9)
        return a_text(least, most)
    least, most = schema.get("minimum", -2 ** 63), schema.get("maximum", 2 ** 63 - 1)
    if boundary:
        return rng.choice([int(least), int(most)])
    if seen[name] and rng.random() < 0.7:
        value = rng.choice(seen[name])
        if isinstance(value, int) and least <= value <= most:
            return value
    return rng.randint(max(int(least), -3), min(int(most), 200))


def wrong(schema, in_body):
    """Values that the schema excludes, so far as the place can carry them."""
    types, values = types_of(schema), []
    if not types and "enum" not in schema:
        return []
    if in_body:
        samples = {"string": "x", "integer": 3, "number": 2.5, "boolean": True, "null": None,
                   "array": [1], "object": {"a": 1}}
        for kind, value in samples.items():
            if kind in types or (kind == "integer" and "number" in types):
                continue
            if "enum" in schema and value in schema["enum"]:
                continue
            values.append(value)
    elif types[0] != "string":
        values += ["x", "", "1.5.1", "0x10", " 1", "١"]
    if "enum" in schema:
        values += ["no such thing", str(schema["enum"][0]) + " "]
    if "integer" in types:
        values += [2 ** 63, -2 ** 63 - 1, 10 ** 400] + ([1.5] if in_body else ["1.5", "1e3"])
    if "minimum" in schema:
        values.append(int(schema["minimum"]) - 1)
    if "maximum" in schema:
        values.append(int(schema["maximum"]) + 1)
    if "maxLength" in schema:
        values += ["x" * (schema["maxLength"] + 1), "é" * (schema["maxLength"] + 1)]
    if schema.get("minLength", 0) > 1:
        values.append("x" * (schema["minLength"] - 1))
    if in_body and "string" in types:
        values.append("a\0b")
    return values


# --- requests ----------------------------------------------------------------

def path_value(operation, parameter):
    parts = operation.path.split("/")
    before = parts[parts.index("{" + parameter["name"] + "}") - 1]
    known = records[before]
    if known and rng.random() < 0.85:
        record = rng.choice(known)
        for field in (parameter["name"], "ref", "key", "id"):
            if field in record and record[field] is not None:
                return record[field]
    return right(parameter["name"], parameter["schema"])


def fill(operation):
    """A request as the description wants it: path, query, body."""
    path, query, body = {}, [], None
    for parameter in operation.parameters:
        schema = parameter.get("schema", {})
        if parameter["in"] == "path":
            path[parameter["name"]] = path_value(operation, parameter)
        elif parameter.get("required") or rng.random() < 0.4:
            query.append((parameter["name"], right(parameter["name"], schema, rng.random() < 0.1)))
    if operation.body is not None:
        needed = operation.body.get("required", [])
        share = rng.choice([0, 0.2, 0.5])
        body = {name: right(name, schema, rng.random() < 0.05)
                for name, schema in operation.body["properties"].items()
                if name in needed or rng.random() < share}
        # what no schema can say: that two agree, or are those of an account
        if "passwordConfirm" in body and rng.random() < 0.8:
            body["password"] = body["passwordConfirm"] = "a long enough password"
            body["email"] = "x%d@example.com" % rng.randrange(10 ** 9)
        if "confirm" in body and rng.random() < 0.8:
            body["confirm"] = path["slug"]
        if "slug" in body and rng.random() < 0.8:
            body["slug"] = "x%d" % rng.randrange(10 ** 9)
            if "email" in body:
                body.update(email="x@example.com", password="a long enough password")
        if "identity" in body and rng.random() < 0.2:
            body = {"identity": MEMBER, "password": password}
    return path, query, body


def write(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def send(client, operation, path, query, body):
    target = operation.path
    for name, value in path.items():
        text = write(value)
        # what a URL cannot say as a segment
        if text in ("", ".", "..") or "/" in text or "\\" in text:
            text = "x"
        target = target.replace("{" + name + "}", urllib.parse.quote(text[:200], safe=""))
    if query:
        target += "?" + "&".join(urllib.parse.quote(n) + "=" + urllib.parse.quote(write(v))
                                 for n, v in query if v is not None)
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    status, text, headers = client.ask(operation.method.upper(), target, body)
    return target, body, status, text, headers


asked, done = collections.Counter(), set()
wrong_answers = 0


def complain(what, operation, how, sent):
    global wrong_answers
    wrong_answers += 1
    if wrong_answers <= 20:
        print("%s: %s %s %s: %s -> %d %s" % (
            what, operation.method.upper(), sent[0][:300], how, repr(sent[1])[:300], sent[2],
            sent[3][:300]))


def judge(operation, how, sent, wanted):
    _, _, status, text, headers = sent
    asked[how] += 1
    if status >= 500:
        return complain("our error", operation, how, sent)
    if wanted and status not in wanted:
        return complain("not %s" % "/".join(map(str, wanted)), operation, how, sent)
    code = str(status) if str(status) in operation.responses else "default"
    if code == "default" and status < 400:
        return complain("not described", operation, how, sent)
    validator = validators.get((operation.name, code))
    if status < 300:
        done.add(operation.name)
    if not validator:
        if text:
            complain("a body where there is none", operation, how, sent)
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return complain("not JSON", operation, how, sent)
    for error in validator.iter_errors(value):
        return complain("not in its schema (%s)" % error.message[:200], operation, how, sent)
    if status < 300:
        remember(operation.path, value)
    return None


def closed(operation):
    """Does the description exclude what it does not name?"""
    return operation.body is None or operation.body.get("additionalProperties") is False


def variants(operation):
    """(how, request, statuses or None)"""
    yield "right", fill(operation), None
    path, query, body = fill(operation)
    application = not operation.path.startswith("/api/collections") and closed(operation)
    if application and operation.path not in ("/api/health", "/api/openapi.json"):
        where = rng.choice(["query", "body"])
        if body is None or where == "query":
            yield "extra", (path, query + [("no_such_thing", "1")], body), (400,)
        else:
            yield "extra", (path, query, dict(body, no_such_thing=1)), (400,)
        for parameter in operation.parameters:
            schema = parameter.get("schema", {})
            for value in rng.sample(wrong(schema, False), min(2, len(wrong(schema, False)))):
                if parameter["in"] == "path":
                    if write(value) in ("", ".", "..") or len(write(value)) > 200:
                        continue
                    yield "wrong path", (dict(path, **{parameter["name"]: value}), query, body), (400,)
                else:
                    changed = [(n, v) for n, v in query if n != parameter["name"]]
                    yield "wrong query", (path, changed + [(parameter["name"], value)], body), (400,)
            if parameter["in"] == "query":
                if parameter.get("required"):
                    yield "missing", (path, [(n, v) for n, v in query if n != parameter["name"]], body), (400,)
                value = right(parameter["name"], schema)
                yield "twice", (path, [(parameter["name"], value)] * 2, body), (400,)
        if body is not None:
            name, schema = rng.choice(list(operation.body["properties"].items()))
            for value in wrong(schema, True):
                yield "wrong body", (path, query, dict(body, **{name: value})), (400,)
            for name in operation.body.get("required", []):
                yield "missing", (path, query, {n: v for n, v in body.items() if n != name}), (400,)
    if body is not None:
        yield "not JSON", (path, query, rng.choice(
            [b"{", b"[]", b"nul", b"{\"a\":1,}", b"\xff", b"{\"a\":\"\\ud800\"}", b"{\"a\":1}{",
             b"{\"a\":1,\"a\":1}", b"[" * 100000])), (400, 413)
        yield "huge", (path, query, b"{\"x\":\"" + b"x" * 3000000 + b"\"}"), (413,)
        strange = {n: rng.choice([a_text(0, 5000), a_json()]) for n in operation.body["properties"]}
        yield "strange", (path, query, strange), None
    yield "strange", (path, [(rng.choice(TEXTS), rng.choice(TEXTS)) for _ in range(3)], body), None


def harmless(operation, path):
    return not ("/records/{id}" in operation.path and operation.method != "get" and
                path.get("id") in kept_ids)


def order():
    """What makes things first, what removes them last."""
    rank = {"post": 0, "get": 1, "put": 1, "patch": 2, "delete": 3}
    return sorted(operations, key=lambda o: (rank[o.method], rng.random()))


for turn in range(rounds):
    for operation in order():
        huge = turn % 10 == 0
        for how, request, wanted in variants(operation):
            if not harmless(operation, request[0]) or (how == "huge" and not huge):
                continue
            if how != "right" and rng.random() > 0.35 and turn > 0:
                continue
            judge(operation, how, send(owner, operation, *request), wanted)
        request = fill(operation)
        if turn % 5 == 0 and harmless(operation, request[0]):
            judge(operation, "as nobody", send(nobody, operation, *request),
                  None if operation.open else (401, 429) if operation.operator else (401,))
            request = fill(operation)
            if harmless(operation, request[0]):
                judge(operation, "as a member", send(member, operation, *request), None)

print("%d requests to %d operations, %s; seed %d" % (
    sum(asked.values()), len(operations),
    ", ".join("%d %s" % (n, how) for how, n in asked.most_common()), seed), file=sys.stderr)
never = [operation.name for operation in operations if operation.name not in done]
print("never done: %s" % ", ".join(never), file=sys.stderr)
# What nothing was ever right for was not tried.
if len(never) * 5 > len(operations):
    print("too little of it worked: %s" % never)
sys.exit(wrong_answers > 0)
