#include "fcgi/operator.h"

#include <string.h>

#include "tenants/base/arena.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/layout.h"

#define DRAWN 40 /* characters: 206 bits */
#define LEAST 16 /* of one that somebody thought of */

int
operator_create(const struct config *config, struct err *err)
{
	struct layout_path path = layout_operator_token(config);
	char line[DRAWN + 2];
	int there = file_exists(path.p, err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	crypto_id(line, DRAWN);
	memcpy(line + DRAWN, "\n", 2);
	return file_replace(path.p, str_of(line), 0400, err);
}

void
operator_load(const struct config *config, char out[OPERATOR_TOKEN])
{
	struct layout_path path = layout_operator_token(config);
	struct arena *arena = arena_new(65536);
	struct err err = ERR_INIT;
	struct str text;

	out[0] = '\0';
	if (file_read(path.p, 4096, arena, &text, &err) == 0) {
		text = str_trim(text);
		if (text.n < LEAST ||
		    str_copy(text, out, OPERATOR_TOKEN) != 0) {
			out[0] = '\0';
			err_set(&err, ERR_INPUT, "%s: must have %d to %d bytes",
			    path.p, LEAST, OPERATOR_TOKEN - 1);
		}
	}
	if (out[0] == '\0')
		log_err("no operator", STR_NONE, &err);
	arena_free(arena);
}

int
operator_check(const char *token, struct str authorization, struct err *err)
{
	struct str text = str_trim(authorization);

	if (token[0] != '\0' && text.n > 7 &&
	    str_is_nocase(str_sub(text, 0, 7), "bearer ") &&
	    crypto_equal(str_trim(str_sub(text, 7, text.n)), str_of(token)))
		return 0;
	return err_set(err, ERR_AUTH, "that is not the operator's token");
}
