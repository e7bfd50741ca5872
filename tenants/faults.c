#include "tenants/faults.h"

#include <string.h>

static int
has(const struct faults *faults, struct str field)
{
	const struct fault *fault;

	for (fault = faults->first; fault; fault = fault->next)
		if (str_eq(fault->field, field))
			return 1;
	return 0;
}

void
faults_add(struct faults *faults, struct arena *arena, struct str field,
    const char *code, const char *message)
{
	struct fault *fault;

	if (faults->n == FAULTS_MAX || has(faults, field))
		return;
	fault = ARENA_NEW(arena, struct fault);
	fault->field = arena_str(arena, field);
	fault->code = code;
	fault->message = arena_strz(arena, str_of(message));
	if (faults->last)
		faults->last->next = fault;
	else
		faults->first = fault;
	faults->last = fault;
	faults->n++;
}

void
faults_required(struct faults *faults, struct arena *arena, struct str field)
{
	faults_add(
	    faults, arena, field, "validation_required", "Cannot be blank.");
}

void
faults_not_unique(struct faults *faults, struct arena *arena, struct str field)
{
	faults_add(faults, arena, field, "validation_not_unique",
	    "Value must be unique.");
}

/* Of valid UTF-8: every byte that does not continue a character begins one. */
static size_t
count_characters(struct str text)
{
	size_t n = 0, i;

	for (i = 0; i < text.n; i++)
		if (((unsigned char)text.p[i] & 0xc0) != 0x80)
			n++;
	return n;
}

int
faults_text(struct faults *faults, struct arena *arena, struct str field,
    struct str text, size_t min, size_t max)
{
	size_t length;

	if (!str_utf8_ok(text) || (text.n > 0 && memchr(text.p, 0, text.n))) {
		faults_add(faults, arena, field, "validation_invalid_text",
		    "Must be UTF-8 text without NUL.");
		return -1;
	}
	length = count_characters(text);
	if (length < min) {
		faults_add(faults, arena, field, "validation_length_too_short",
		    arena_printf(arena, "Must have at least %zu character%s.",
			min, min == 1 ? "" : "s"));
		return -1;
	}
	if (length > max) {
		faults_add(faults, arena, field, "validation_length_too_long",
		    arena_printf(arena, "Must have at most %zu character%s.",
			max, max == 1 ? "" : "s"));
		return -1;
	}
	return 0;
}
