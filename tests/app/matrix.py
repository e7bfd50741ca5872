"""tests/app/matrix.py PORT BASE PASSWORD TENANT…: what each tenant's token, API key
and cookie opens at every other.

Every route that GET /api/openapi.json names is asked at each tenant: as nobody, and
with what is good at each of the others, in the place of a token and as the cookie
that PocketBase's SDK makes.  The answer must be the very one that nobody gets.

Then whether the time tells: what is another tenant's against garbage of the same form.

Prints what was wrong, and, to stderr, how much was asked.
"""
import http.client
import json
import random
import statistics
import string
import sys
import time
import urllib.parse

port, base, password = sys.argv[1:4]
tenants = sys.argv[4:]
USERS = "/api/collections/users"


class Client:
    """One kept connection for all: which tenant is meant, each request says."""

    def __init__(self):
        self.connection = None

    def ask(self, tenant, method, path, body=None, **headers):
        headers["Host"] = "%s.%s" % (tenant, base)
        if body is not None:
            headers["Content-Type"] = "application/json"
        for last in (False, True):  # a kept connection may have been closed meanwhile
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if last:
                    raise


client = Client()


def want(status, said):
    if said[0] != status:
        sys.exit("preparing: %d %s" % said)
    return json.loads(said[1])


class Tenant:
    def __init__(self, slug):
        self.slug = slug
        session = want(200, client.ask(slug, "POST", USERS + "/auth-with-password", json.dumps(
            {"identity": "owner@%s.example" % slug, "password": password})))
        self.token, self.user = session["token"], session["record"]["id"]
        bearer = {"Authorization": self.token}
        key = want(200, client.ask(slug, "POST", "/api/keys", json.dumps(
            {"name": slug, "role": "owner", "scope": "write"}), **bearer))
        self.key, self.key_id = key["key"], key["id"]
        want(201, client.ask(slug, "POST", "/api/projects", json.dumps(
            {"key": "OWN", "name": "canary of " + slug}), **bearer))
        want(201, client.ask(slug, "POST", "/api/projects/OWN/issues", json.dumps(
            {"title": "canary of " + slug}), **bearer))
        self.credentials = [
            ("token", {"Authorization": "Bearer " + self.token}),
            ("key", {"Authorization": "Bearer " + self.key}),
            ("cookie", {"Cookie": "pb_auth=" + urllib.parse.quote(json.dumps(
                {"token": self.token, "record": session["record"]}))}),
        ]

    def routes(self, doc):
        """Each with what is really there, so that an answer could hold or break it."""
        for path, item in doc["paths"].items():
            filled = path.replace("{project}", "OWN").replace("{ref}", "OWN-1")
            if path.startswith(USERS):
                filled = filled.replace("{id}", self.user)
            if path.startswith("/api/keys"):
                filled = filled.replace("{id}", self.key_id)
            filled = filled.replace("{state}", "todo")
            while "{" in filled:
                filled = filled[:filled.index("{")] + "1" + filled[filled.index("}") + 1:]
            for method in item:
                if method != "parameters":
                    yield method.upper(), filled


house = [Tenant(slug) for slug in tenants]
doc = want(200, client.ask(tenants[0], "GET", "/api/openapi.json"))
asked = opened = wrong = 0

for here in house:
    # They are good at home: what follows would say nothing otherwise.
    for kind, headers in here.credentials[:2]:
        if client.ask(here.slug, "GET", "/api/projects", **headers)[0] != 200:
            sys.exit("the %s of %s opens nothing at home" % (kind, here.slug))
        opened += 1
    for method, path in here.routes(doc):
        body = "{}" if method in ("POST", "PUT", "PATCH") else None
        nobody = client.ask(here.slug, method, path, body)
        if b"canary" in nobody[1]:
            print("%s %s at %s: nobody reads %s" % (method, path, here.slug, nobody[1][:200]))
            wrong += 1
        for other in house:
            if other is here:
                continue
            for kind, headers in other.credentials:
                asked += 1
                got = client.ask(here.slug, method, path, body, **headers)
                if got != nobody:
                    wrong += 1
                    if wrong <= 20:
                        print("%s %s at %s with the %s of %s: %d %s, nobody: %d %s" % (
                            method, path, here.slug, kind, other.slug, got[0], got[1][:150],
                            nobody[0], nobody[1][:150]))

# --- the time ------------------------------------------------------------------


def letters(n):
    return "".join(random.choice(string.ascii_lowercase + string.digits) for _ in range(n))


def garbled(token):
    """The same token with another signature."""
    head, claims, signature = token.split(".")
    return ".".join((head, claims, letters(len(signature))))


kinds = {
    "another's token": lambda other: other.token,
    "a garbled token": lambda other: garbled(other.token),
    "another's key": lambda other: other.key,
    "a garbage key": lambda other: "rhk_" + letters(40),
}
took = {kind: [] for kind in kinds}
for turn in range(400):
    other = house[1 + turn % (len(house) - 1)]
    for kind, make in random.sample(list(kinds.items()), len(kinds)):
        value = make(other)
        begun = time.perf_counter()
        status, _ = client.ask(house[0].slug, "GET", "/api/projects", Authorization=value)
        took[kind].append(time.perf_counter() - begun)
        if status != 401:
            print("%s: %d" % (kind, status))
            wrong += 1
median = {kind: statistics.median(times) * 1e6 for kind, times in took.items()}
for one, two in (("another's token", "a garbled token"), ("another's key", "a garbage key")):
    if not 0.8 < median[one] / median[two] < 1.25:
        print("%s takes %d us, %s %d us" % (one, median[one], two, median[two]))
        wrong += 1
print("%d requests, none of which may open anything; %d that must; %s" % (
    asked, opened, ", ".join("%s %d us" % pair for pair in median.items())), file=sys.stderr)
sys.exit(wrong > 0)
