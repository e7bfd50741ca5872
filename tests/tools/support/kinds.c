#include "tests/tools/support/kinds.h"

#include <stddef.h>

#define USERS "/api/collections/users"

/* clang-format off */
const struct kind kinds[KINDS] = {
	{ "projects", 60, TOKEN, "GET", "/api/projects", NULL, 200, 0, OWN, WHOLE },
	{ "projects, by key", 60, KEY, "GET", "/api/projects", NULL, 200, 0, OWN, WHOLE },
	{ "issues", 80, TOKEN, "GET", "/api/projects/OWN/issues?limit=3", NULL, 200, 0, OWN, WHOLE },
	{ "an issue, with JSON", 80, KEY, "GET", "/api/issues/OWN-1", NULL, 200, 0, OWN, WHOLE },
	{ "comments", 50, TOKEN, "GET", "/api/issues/OWN-1/comments?limit=3", NULL, 200, 0, OWN, WHOLE },
	{ "labels", 40, TOKEN, "GET", "/api/labels", NULL, 200, 0, OWN, WHOLE },
	{ "a board", 20, TOKEN, "GET", "/api/projects/OWN/board?limit=1", NULL, 200, 0, OWN, WHOLE },
	{ "activity", 30, TOKEN, "GET", "/api/activity?limit=3", NULL, 200, 0, OWN, WHOLE },
	{ "search", 40, TOKEN, "GET", "/api/search?q=$c&limit=3", NULL, 200, 0, OWN, WHOLE },
	{ "search for another's", 40, TOKEN, "GET", "/api/search?q=$o", NULL, 200, 0, ANY, WHOLE },
	{ "members", 30, TOKEN, "GET", "/api/members", NULL, 200, 0, OWN, WHOLE },
	{ "members, not modified", 50, OWN_TAG, "GET", "/api/members", NULL, 304, 0, ANY, WHOLE },
	{ "members, another's tag", 50, OTHERS_TAG, "GET", "/api/members", NULL, 200, 0, OWN, WHOLE },
	{ "head", 20, TOKEN, "HEAD", "/api/labels", NULL, 200, 0, ANY, WHOLE },
	{ "users", 30, TOKEN, "GET", USERS "/records", NULL, 200, 0, OWN, WHOLE },
	{ "a user", 30, TOKEN, "GET", USERS "/records/$u", NULL, 200, 0, OWN, WHOLE },
	{ "another's user", 30, TOKEN, "GET", USERS "/records/$U", NULL, 404, 0, ANY, WHOLE },
	{ "keys", 20, TOKEN, "GET", "/api/keys", NULL, 200, 0, OWN, WHOLE },
	{ "audit log", 20, TOKEN, "GET", "/api/audit?limit=3", NULL, 200, 0, OWN, WHOLE },
	{ "refresh", 20, TOKEN, "POST", USERS "/auth-refresh", "{}", 200, 0, OWN, WHOLE },
	{ "sign-in", 5, NOBODY, "POST", USERS "/auth-with-password", "{\"identity\":\"owner@$c.example\",\"password\":\"$p\"}", 200, 0, OWN, WHOLE },
	{ "failed sign-in", 5, NOBODY, "POST", USERS "/auth-with-password", "{\"identity\":\"owner@$c.example\",\"password\":\"$c\"}", 400, 0, ANY, WHOLE },
	{ "another's address", 5, NOBODY, "POST", USERS "/auth-with-password", "{\"identity\":\"owner@$o.example\",\"password\":\"$p\"}", 400, 0, ANY, WHOLE },
	{ "nobody", 20, NOBODY, "GET", "/api/projects", NULL, 401, 0, ANY, WHOLE },
	{ "another's token", 40, OTHERS_TOKEN, "GET", "/api/projects", NULL, 401, 0, ANY, WHOLE },
	{ "another's key", 40, OTHERS_KEY, "GET", "/api/projects", NULL, 401, 0, ANY, WHOLE },
	{ "another's cookie", 20, OTHERS_COOKIE, "GET", "/api/projects", NULL, 401, 0, ANY, WHOLE },
	{ "a new issue", 10, KEY, "POST", "/api/projects/OWN/issues", "{\"title\":\"$c $n\",\"description\":\"of $c\",\"labels\":[1]}", 201, 0, OWN, WHOLE },
	{ "a new comment", 10, TOKEN, "POST", "/api/issues/OWN-1/comments", "{\"body\":\"$n says $c\"}", 201, 0, OWN, WHOLE },
	{ "an old version", 10, TOKEN, "PATCH", "/api/issues/OWN-1", "{\"version\":1,\"title\":\"$c\"}", 200, 409, ANY, WHOLE },
	{ "rename", 10, TOKEN, "PATCH", USERS "/records/$u", "{\"name\":\"$c\"}", 200, 0, OWN, WHOLE },
	{ "there already", 10, TOKEN, "POST", "/api/labels", "{\"name\":\"$c\"}", 409, 400, ANY, WHOLE },
	{ "a fault", 20, TOKEN, "POST", "/api/labels", "{\"$c\":1}", 400, 0, OWN, WHOLE },
	{ "a fault in the query", 20, TOKEN, "GET", "/api/projects?$c=1", NULL, 400, 0, OWN, WHOLE },
	{ "not JSON", 20, TOKEN, "POST", "/api/labels", "{\"name\":\"$c", 400, 0, ANY, WHOLE },
	{ "no such route", 20, TOKEN, "GET", "/api/$c", NULL, 404, 0, ANY, WHOLE },
	{ "no such method", 10, TOKEN, "DELETE", "/api/projects", "{\"name\":\"$c\"}", 405, 0, ANY, WHOLE },
	{ "a bad escape", 10, TOKEN, "GET", "/api/projects?q=%zz$c", NULL, 400, 0, ANY, WHOLE },
	{ "options", 5, NOBODY, "OPTIONS", "/api/projects", NULL, 204, 0, ANY, WHOLE },
	{ "a description", 1, NOBODY, "GET", "/api/openapi.json", NULL, 200, 0, ANY, WHOLE },
	{ "too large", 2, TOKEN, "POST", "/api/labels", "$c", 413, 0, ANY, BIG },
	{ "slow", 2, TOKEN, "POST", "/api/issues/OWN-1/comments", "{\"body\":\"$c slowly\"}", 201, 0, OWN, SLOW },
	{ "broken off", 10, TOKEN, "POST", "/api/issues/OWN-1/comments", "{\"body\":\"$c broken off\"}", 0, 0, ANY, HALF },
	{ "gone", 10, TOKEN, "GET", "/api/projects/OWN/issues?limit=3", NULL, 0, 0, ANY, GONE },
	{ "gone, a write", 5, TOKEN, "POST", "/api/issues/OWN-1/comments", "{\"body\":\"$c and away\"}", 0, 0, ANY, GONE },
	{ "a tenant signs up", 1, NOBODY, "POST", "/api/tenants", "{\"slug\":\"new$n\",\"email\":\"me@new.example\",\"password\":\"$p\"}", 201, 409, ANY, WHOLE },
};

const struct kind kinds_before[KINDS_BEFORE] = {
	{ "", 0, NOBODY, "POST", USERS "/auth-with-password", "{\"identity\":\"owner@$c.example\",\"password\":\"$p\"}", 200, 0, OWN, WHOLE },
	{ "", 0, TOKEN, "PATCH", USERS "/records/$u", "{\"name\":\"$c\"}", 200, 0, OWN, WHOLE },
	{ "", 0, TOKEN, "POST", "/api/keys", "{\"name\":\"$c\",\"role\":\"owner\",\"scope\":\"write\"}", 200, 0, OWN, WHOLE },
	{ "", 0, TOKEN, "POST", "/api/labels", "{\"name\":\"$c\"}", 201, 409, OWN, WHOLE },
	{ "", 0, TOKEN, "POST", "/api/projects", "{\"key\":\"OWN\",\"name\":\"$c\",\"description\":\"of $c\"}", 201, 409, OWN, WHOLE },
	{ "", 0, TOKEN, "POST", "/api/projects/OWN/issues", "{\"title\":\"$c\",\"description\":\"of $c\",\"labels\":[1],\"assignee\":\"$u\"}", 201, 0, OWN, WHOLE },
	{ "", 0, TOKEN, "POST", "/api/issues/OWN-1/comments", "{\"body\":\"$c says so\"}", 201, 0, OWN, WHOLE },
	{ "", 0, TOKEN, "GET", "/api/members", NULL, 200, 0, OWN, WHOLE },
};
/* clang-format on */
