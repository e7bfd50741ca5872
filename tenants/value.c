#include "tenants/value.h"

static int
wrong_type(
    const struct app_param *param, struct arena *arena, struct faults *faults)
{
	static const char *const what[] = {
		[APP_TEXT] = "Must be text.",
		[APP_INTEGER] = "Must be an integer.",
		[APP_NUMBER] = "Must be a number.",
		[APP_BOOLEAN] = "Must be true or false.",
		[APP_JSON] = "Must be JSON.",
	};

	faults_add(faults, arena, param->name, "validation_invalid_type",
	    what[param->type]);
	return -1;
}

static int
check_choice(const struct app_param *param, struct str text,
    struct arena *arena, struct faults *faults)
{
	struct buf message;
	size_t i;

	if (param->n_choices == 0)
		return 0;
	for (i = 0; i < param->n_choices; i++)
		if (str_eq(param->choices[i], text))
			return 0;
	buf_init(&message, 4096);
	buf_puts(&message, "Must be one of ");
	for (i = 0; i < param->n_choices; i++)
		buf_printf(&message, "%s%.*s", i > 0 ? ", " : "",
		    STR_FMT(param->choices[i]));
	buf_putc(&message, '.');
	faults_add(faults, arena, param->name, "validation_not_in_list",
	    arena_strz(arena, buf_view(&message)));
	buf_free(&message);
	return -1;
}

static int
check_text(const struct app_param *param, struct arena *arena,
    struct faults *faults, struct value *out)
{
	size_t min = param->has_min ? (size_t)param->min : 0;
	size_t max = param->has_max ? (size_t)param->max : SIZE_MAX;

	out->kind = VALUE_TEXT;
	if (faults_text(faults, arena, param->name, out->text, min, max) < 0)
		return -1;
	return check_choice(param, out->text, arena, faults);
}

static int
check_bounds(const struct app_param *param, double value, struct arena *arena,
    struct faults *faults)
{
	if (param->has_min && value < param->min) {
		faults_add(faults, arena, param->name,
		    "validation_min_greater_equal_than_required",
		    arena_printf(
			arena, "Must be no less than %.15g.", param->min));
		return -1;
	}
	if (param->has_max && value > param->max) {
		faults_add(faults, arena, param->name,
		    "validation_max_less_equal_than_required",
		    arena_printf(
			arena, "Must be no greater than %.15g.", param->max));
		return -1;
	}
	return 0;
}

static int
check_integer(const struct app_param *param, struct arena *arena,
    struct faults *faults, struct value *out)
{
	out->kind = VALUE_INTEGER;
	return check_bounds(param, (double)out->integer, arena, faults);
}

static int
check_real(const struct app_param *param, struct arena *arena,
    struct faults *faults, struct value *out)
{
	out->kind = VALUE_REAL;
	return check_bounds(param, out->real, arena, faults);
}

static int
parse_boolean(struct str text, int64_t *out)
{
	*out = str_is(text, "true") || str_is(text, "1");
	return *out || str_is(text, "false") || str_is(text, "0") ? 0 : -1;
}

int
value_from_text(const struct app_param *param, struct str text,
    struct arena *arena, struct faults *faults, struct value *out)
{
	const struct json *json;
	struct err unwanted = ERR_INIT;

	out->text = text;
	switch (param->type) {
	case APP_TEXT:
		return check_text(param, arena, faults, out);
	case APP_INTEGER:
		if (str_i64(text, &out->integer) < 0)
			break;
		return check_integer(param, arena, faults, out);
	case APP_BOOLEAN:
		if (parse_boolean(text, &out->integer) < 0)
			break;
		out->kind = VALUE_INTEGER;
		return 0;
	case APP_NUMBER:
	case APP_JSON:
		if (json_parse(
			text, JSON_LIMITS_DEFAULT, arena, &json, &unwanted) < 0)
			break;
		return value_from_json(param, json, arena, faults, out);
	}
	return wrong_type(param, arena, faults);
}

int
value_from_json(const struct app_param *param, const struct json *json,
    struct arena *arena, struct faults *faults, struct value *out)
{
	switch (param->type) {
	case APP_TEXT:
		if (json->type != JSON_STRING)
			break;
		out->text = json->string;
		return check_text(param, arena, faults, out);
	case APP_INTEGER:
		if (json_i64(json, &out->integer) < 0)
			break;
		return check_integer(param, arena, faults, out);
	case APP_NUMBER:
		if (json_double(json, &out->real) < 0)
			break;
		return check_real(param, arena, faults, out);
	case APP_BOOLEAN:
		if (json->type != JSON_TRUE && json->type != JSON_FALSE)
			break;
		out->kind = VALUE_INTEGER;
		out->integer = json->type == JSON_TRUE;
		return 0;
	case APP_JSON:
		out->kind = VALUE_TEXT;
		out->text = json->raw;
		return 0;
	}
	return wrong_type(param, arena, faults);
}

int
value_bind(sqlite3_stmt *stmt, int at, const struct value *value)
{
	switch (value->kind) {
	case VALUE_INTEGER:
		return sqlite3_bind_int64(stmt, at, value->integer);
	case VALUE_REAL:
		return sqlite3_bind_double(stmt, at, value->real);
	case VALUE_TEXT:
		return sqlite3_bind_text64(stmt, at,
		    value->text.p ? value->text.p : "", value->text.n,
		    SQLITE_STATIC, SQLITE_UTF8);
	case VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}
