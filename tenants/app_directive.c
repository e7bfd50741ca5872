#include "tenants/app_directive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/value.h"

#define NAME_MAX_BYTES   64
#define NUMBER_MAX_BYTES 40
#define LENGTH_MAX       1e9 /* of a text, as a bound */

static const char *const access_names[] = {
	[APP_NOBODY] = "nobody",
	[APP_PUBLIC] = "public",
	[APP_MEMBER] = "member",
	[APP_ADMIN] = "admin",
	[APP_OWNER] = "owner",
};

static const char *const type_names[] = {
	[APP_TEXT] = "text",
	[APP_INTEGER] = "integer",
	[APP_NUMBER] = "number",
	[APP_BOOLEAN] = "boolean",
	[APP_JSON] = "json",
};

static const char *const returns_names[] = {
	[APP_MANY] = "many",
	[APP_ONE] = "one",
	[APP_NONE] = "none",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
app_access_name(enum app_access access)
{
	return access_names[access];
}

/* Its index from `from` on, or -1. */
static int
find(struct str word, const char *const *names, size_t from, size_t n)
{
	size_t i;

	for (i = from; i < n; i++)
		if (str_is(word, names[i]))
			return (int)i;
	return -1;
}

int
app_directive_name_ok(struct str name)
{
	size_t i;
	char c;

	if (name.n == 0 || name.n > NAME_MAX_BYTES || name.p[0] < 'a' ||
	    name.p[0] > 'z')
		return 0;
	for (i = 1; i < name.n; i++) {
		c = name.p[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
			return 0;
	}
	return 1;
}

int
app_directive_split(struct str comment, struct str *word, struct str *rest)
{
	struct str text = str_trim(str_sub(comment, 2, comment.n));
	size_t i;

	for (i = 0; i < text.n && text.p[i] >= 'a' && text.p[i] <= 'z'; i++)
		;
	if (i == 0 || i == text.n || text.p[i] != ':')
		return 0;
	*word = str_sub(text, 0, i);
	*rest = str_trim(str_sub(text, i + 1, text.n));
	return 1;
}

static struct app_param *
find_param(struct app_directive *directive, struct str name)
{
	size_t i;

	for (i = 0; i < directive->n_params; i++)
		if (str_eq(directive->params[i].name, name))
			return &directive->params[i];
	return NULL;
}

static struct app_param *
add_param(struct app_directive *directive, struct str name)
{
	struct app_param *param;

	if (directive->n_params == APP_DIRECTIVE_PARAMS)
		return NULL;
	param = &directive->params[directive->n_params++];
	memset(param, 0, sizeof(*param));
	param->name = name;
	return param;
}

void
app_directive_begin(struct app_directive *directive,
    struct app_endpoint *endpoint, struct arena *arena,
    struct complaints *complaints)
{
	struct app_param *param;
	struct str segment;
	size_t i;
	int n = 0;

	memset(directive, 0, sizeof(*directive));
	directive->endpoint = endpoint;
	directive->arena = arena;
	directive->complaints = complaints;
	for (i = 0; i < endpoint->n_segments; i++) {
		segment = endpoint->segments[i];
		if (!str_starts(segment, "{"))
			continue;
		/* APP_PATH_MAX is far below the number of parameters */
		param =
		    add_param(directive, str_sub(segment, 1, segment.n - 1));
		param->in_path = ++n;
		param->required = 1;
	}
}

#define COMPLAIN(directive, line, ...)                                         \
	complaints_add((directive)->complaints, (directive)->endpoint->file,   \
	    (line), __VA_ARGS__)

/*
 * The next word of *rest, or what stands between two ' (a doubled one is one).
 * 1; 0 at the end; -1 where the second is missing.
 */
static int
next_word(struct str *rest, struct arena *arena, struct str *word)
{
	char *copy;
	size_t i, n = 0;

	*rest = str_trim(*rest);
	if (rest->n == 0)
		return 0;
	if (rest->p[0] != '\'') {
		for (i = 0; i < rest->n && !memchr(" \t", rest->p[i], 2); i++)
			;
		*word = str_sub(*rest, 0, i);
		*rest = str_sub(*rest, i, rest->n);
		return 1;
	}
	copy = arena_alloc(arena, rest->n);
	for (i = 1; i < rest->n; i++) {
		if (rest->p[i] == '\'') {
			if (i + 1 == rest->n || rest->p[i + 1] != '\'')
				break;
			i++;
		}
		copy[n++] = rest->p[i];
	}
	if (i == rest->n)
		return -1;
	*word = str_make(copy, n);
	*rest = str_sub(*rest, i + 1, rest->n);
	return 1;
}

static int
parse_number(struct str word, double *out)
{
	char text[NUMBER_MAX_BYTES], *end;

	if (word.n == 0 || !memchr("-.0123456789", word.p[0], 12) ||
	    str_copy(word, text, sizeof(text)) < 0)
		return -1;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out) ? 0 : -1;
}

/* Cuts a list at its commas; empty and doubled members are complained of. */
static void
read_list(struct app_directive *directive, const char *what, struct str rest,
    int line, size_t *n, const struct str **out)
{
	struct str *list =
	    arena_array(directive->arena, rest.n / 2 + 1, sizeof(*list));
	struct str part;
	size_t i;

	*n = 0;
	*out = list;
	while (str_next(&rest, ',', &part)) {
		part = str_trim(part);
		if (part.n == 0) {
			COMPLAIN(directive, line,
			    "%s: something is missing between commas", what);
			return;
		}
		for (i = 0; i < *n; i++)
			if (str_eq(list[i], part))
				COMPLAIN(directive, line, "%s: \"%.*s\" twice",
				    what, STR_FMT(part));
		list[(*n)++] = arena_str(directive->arena, part);
	}
}

/* What was said of a parameter, to see what is said twice. */
struct said {
	const char *what; /* "param limit", for messages */
	int required, optional, preset, min, max, choices;
};

static int
read_bound(struct app_directive *directive, const struct said *said,
    const struct app_param *param, const char *keyword, struct str *rest,
    int line, double *out)
{
	struct str word;

	if (next_word(rest, directive->arena, &word) != 1 ||
	    parse_number(word, out) < 0) {
		COMPLAIN(directive, line, "%s: %s wants a number", said->what,
		    keyword);
		return -1;
	}
	if (param->type == APP_BOOLEAN || param->type == APP_JSON)
		COMPLAIN(directive, line,
		    "%s: %s is for text, integer and number", said->what,
		    keyword);
	else if (param->type == APP_INTEGER && floor(*out) != *out)
		COMPLAIN(directive, line, "%s: %s of an integer is an integer",
		    said->what, keyword);
	else if (param->type == APP_TEXT &&
		 (floor(*out) != *out || *out < 0 || *out > LENGTH_MAX))
		COMPLAIN(directive, line,
		    "%s: %s of a text is a number of characters", said->what,
		    keyword);
	return 0;
}

static int
read_preset(struct app_directive *directive, const struct said *said,
    struct app_param *param, struct str *rest, int line)
{
	struct str word;

	switch (next_word(rest, directive->arena, &word)) {
	case 1:
		param->preset = arena_strz(directive->arena, word);
		return 0;
	case 0:
		COMPLAIN(
		    directive, line, "%s: default wants a value", said->what);
		return -1;
	default:
		COMPLAIN(directive, line,
		    "%s: the default's second ' is missing", said->what);
		return -1;
	}
}

static int
read_choices(struct app_directive *directive, const struct said *said,
    struct app_param *param, struct str *rest, int line)
{
	struct str of;

	if (next_word(rest, directive->arena, &of) != 1 || !str_is(of, "of") ||
	    str_trim(*rest).n == 0) {
		COMPLAIN(
		    directive, line, "%s: write one of a, b, c", said->what);
		return -1;
	}
	if (param->type != APP_TEXT)
		COMPLAIN(directive, line, "%s: one of is for text", said->what);
	read_list(directive, said->what, *rest, line, &param->n_choices,
	    &param->choices);
	*rest = STR_NONE;
	return 0;
}

/* One keyword with what belongs to it; -1 where the rest makes no sense. */
static int
read_keyword(struct app_directive *directive, struct said *said,
    struct app_param *param, struct str keyword, struct str *rest, int line)
{
	const struct {
		const char *name;
		int *seen;
	} keywords[] = {
		{ "required", &said->required },
		{ "optional", &said->optional },
		{ "default", &said->preset },
		{ "min", &said->min },
		{ "max", &said->max },
		{ "one", &said->choices },
	};
	size_t i;

	for (i = 0; i < COUNT(keywords); i++)
		if (str_is(keyword, keywords[i].name))
			break;
	if (i == COUNT(keywords)) {
		COMPLAIN(directive, line,
		    "%s: \"%.*s\" is not one of required, optional, "
		    "default, min, max, one of",
		    said->what, STR_FMT(keyword));
		return -1;
	}
	if ((*keywords[i].seen)++) {
		COMPLAIN(directive, line, "%s: %s twice", said->what,
		    keywords[i].name);
		return -1;
	}
	if (str_is(keyword, "default"))
		return read_preset(directive, said, param, rest, line);
	if (str_is(keyword, "one"))
		return read_choices(directive, said, param, rest, line);
	if (str_is(keyword, "min")) {
		param->has_min = 1;
		return read_bound(
		    directive, said, param, "min", rest, line, &param->min);
	}
	if (str_is(keyword, "max")) {
		param->has_max = 1;
		return read_bound(
		    directive, said, param, "max", rest, line, &param->max);
	}
	return 0;
}

static void
check_preset(struct app_directive *directive, const struct said *said,
    const struct app_param *param, int line)
{
	struct faults faults = { 0 };
	struct value value;

	if (value_from_text(param, str_of(param->preset), directive->arena,
		&faults, &value) < 0)
		COMPLAIN(directive, line, "%s: default %s: %s", said->what,
		    param->preset, faults.first->message);
}

static void
check_param(struct app_directive *directive, const struct said *said,
    const struct app_param *param, int line)
{
	if (said->required && said->optional)
		COMPLAIN(directive, line,
		    "%s: it is either required or optional", said->what);
	if (said->required && said->preset)
		COMPLAIN(directive, line,
		    "%s: what is required needs no default", said->what);
	if (param->in_path && (said->optional || said->preset))
		COMPLAIN(directive, line,
		    "%s: it stands in the path, so it is required", said->what);
	if (param->has_min && param->has_max && param->min > param->max)
		COMPLAIN(directive, line, "%s: min %.15g is above max %.15g",
		    said->what, param->min, param->max);
	else if (param->preset)
		check_preset(directive, said, param, line);
}

static int
read_type(struct app_directive *directive, const struct said *said,
    struct app_param *param, struct str *rest, int line)
{
	struct str word;
	int type;

	if (next_word(rest, directive->arena, &word) != 1) {
		COMPLAIN(directive, line,
		    "%s: its type is missing: text, integer, number, boolean "
		    "or json",
		    said->what);
		return -1;
	}
	type = find(word, type_names, 0, COUNT(type_names));
	if (type < 0) {
		COMPLAIN(directive, line,
		    "%s: there is no type \"%.*s\": text, integer, number, "
		    "boolean or json",
		    said->what, STR_FMT(word));
		return -1;
	}
	param->type = (enum app_type)type;
	return 0;
}

static void
read_param(struct app_directive *directive, struct str rest, int line)
{
	struct said said = { 0 };
	struct app_param *param;
	struct str name, word;

	if (next_word(&rest, directive->arena, &name) != 1) {
		COMPLAIN(directive, line, "param: its name is missing");
		return;
	}
	if (!app_directive_name_ok(name)) {
		COMPLAIN(directive, line,
		    "param: \"%.*s\" is not a name: lower-case letters, "
		    "digits and _",
		    STR_FMT(name));
		return;
	}
	said.what = arena_printf(directive->arena, "param %.*s", STR_FMT(name));
	param = find_param(directive, name);
	if (param && param->line) {
		COMPLAIN(directive, line, "%s: declared in line %d already",
		    said.what, param->line);
		return;
	}
	if (!param && !(param = add_param(directive, name))) {
		COMPLAIN(directive, line, "more than %d parameters",
		    APP_DIRECTIVE_PARAMS);
		return;
	}
	param->line = line;
	if (read_type(directive, &said, param, &rest, line) < 0)
		return;
	while (next_word(&rest, directive->arena, &word) == 1)
		if (read_keyword(directive, &said, param, word, &rest, line) <
		    0)
			return;
	param->required = !said.optional && !said.preset;
	check_param(directive, &said, param, line);
}

static void
read_access(struct app_directive *directive, struct str rest, int line)
{
	int access = find(rest, access_names, APP_PUBLIC, COUNT(access_names));

	if (access < 0)
		COMPLAIN(directive, line,
		    "access: \"%.*s\" is not one of public, member, admin, "
		    "owner",
		    STR_FMT(rest));
	else
		directive->endpoint->access = (enum app_access)access;
}

static void
read_returns(struct app_directive *directive, struct str rest, int line)
{
	int returns = find(rest, returns_names, 0, COUNT(returns_names));

	if (returns < 0)
		COMPLAIN(directive, line,
		    "returns: \"%.*s\" is not one of many, one, none",
		    STR_FMT(rest));
	else
		directive->endpoint->returns = (enum app_returns)returns;
}

static void
read_status(struct app_directive *directive, struct str rest, int line)
{
	int64_t status;

	if (str_i64(rest, &status) < 0 || status < 200 || status > 299)
		COMPLAIN(directive, line,
		    "status: \"%.*s\" is not a number from 200 to 299",
		    STR_FMT(rest));
	else
		directive->endpoint->status = (int)status;
}

static void
read_json(struct app_directive *directive, struct str rest, int line)
{
	if (rest.n == 0)
		COMPLAIN(directive, line, "json: names of columns are missing");
	else
		read_list(directive, "json", rest, line,
		    &directive->endpoint->n_json,
		    &directive->endpoint->json_columns);
}

typedef void read_fn(struct app_directive *, struct str, int);

static const struct {
	const char *word;
	read_fn *read;
	size_t seen; /* offset of the line it was seen in; 0 = any number */
} words[] = {
	{ "access", read_access, offsetof(struct app_directive, access_line) },
	{ "param", read_param, 0 },
	{ "returns", read_returns,
	    offsetof(struct app_directive, returns_line) },
	{ "json", read_json, offsetof(struct app_directive, json_line) },
	{ "status", read_status, offsetof(struct app_directive, status_line) },
};

int
app_directive_known(struct str word)
{
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		if (str_is(word, words[i].word))
			return 1;
	return 0;
}

void
app_directive_read(
    struct app_directive *directive, struct str word, struct str rest, int line)
{
	size_t i;
	int *seen;

	for (i = 0; i < COUNT(words); i++)
		if (str_is(word, words[i].word))
			break;
	if (i == COUNT(words)) {
		COMPLAIN(directive, line,
		    "there is no directive \"%.*s\": access, param, returns, "
		    "json, status",
		    STR_FMT(word));
		return;
	}
	if (words[i].seen) {
		seen = (int *)(void *)((char *)directive + words[i].seen);
		if (*seen) {
			COMPLAIN(directive, line,
			    "%s: stands in line %d already", words[i].word,
			    *seen);
			return;
		}
		*seen = line;
	}
	words[i].read(directive, rest, line);
}

void
app_directive_end(struct app_directive *directive)
{
	struct app_endpoint *endpoint = directive->endpoint;
	struct app_param *params;

	if (!directive->access_line)
		COMPLAIN(directive, 1,
		    "access: is missing: public, member, admin or owner");
	if (!directive->returns_line)
		COMPLAIN(
		    directive, 1, "returns: is missing: many, one or none");
	if (!directive->status_line)
		endpoint->status = endpoint->returns == APP_NONE ? 204 : 200;
	if (directive->json_line && endpoint->returns == APP_NONE)
		COMPLAIN(directive, directive->json_line,
		    "json: there are no columns where nothing is returned");
	endpoint->json_line = directive->json_line;
	params = arena_array(
	    directive->arena, directive->n_params + 1, sizeof(*params));
	memcpy(
	    params, directive->params, directive->n_params * sizeof(*params));
	endpoint->params = params;
	endpoint->n_params = directive->n_params;
}
