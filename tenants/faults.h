#ifndef ROWHOUSE_FAULTS_H
#define ROWHOUSE_FAULTS_H

#include <stddef.h>

#include "tenants/base/arena.h"
#include "tenants/base/str.h"

/*
 * What is wrong with the fields of a request, for the answer's "data".  All of
 * them are gathered, one for each field, before the request is refused.  The
 * codes, in the manner of PocketBase's:
 *
 *	validation_required		missing, null, or NOT NULL in the schema
 *	validation_invalid_type		a text where a number is wanted
 *	validation_invalid_text		not UTF-8, or with a NUL in it
 *	validation_length_too_short	in characters
 *	validation_length_too_long
 *	validation_min_greater_equal_than_required	a number below its min
 *	validation_max_less_equal_than_required		and above its max
 *	validation_not_in_list		none of `one of`
 *	validation_unknown		a name that was not declared
 *	validation_repeated		a name that was sent twice
 *	validation_not_unique		a row with this value is there already
 *	validation_check		a named CHECK in the schema
 *	validation_invalid_email
 *	validation_values_mismatch	passwordConfirm
 *	validation_invalid_old_password
 */
struct fault {
	struct str field;
	const char *code;
	const char *message;	/* a sentence: "Cannot be blank." */
	const struct fault *next;
};

struct faults {
	const struct fault *first;
	struct fault *last;
	size_t n;
};

/*
 * The first fault of a field counts; later ones are dropped, and so is what
 * comes after FAULTS_MAX fields.  The message is copied.
 */
#define FAULTS_MAX 100
void faults_add(struct faults *faults, struct arena *arena, struct str field,
    const char *code, const char *message);

/* The same with the sentence that belongs to the code. */
void faults_required(struct faults *faults, struct arena *arena,
    struct str field);
void faults_not_unique(struct faults *faults, struct arena *arena,
    struct str field);

/*
 * A text as it must be before it is bound: UTF-8, no NUL, and between min and
 * max characters long (code points).  0, or -1 with a fault.
 */
int faults_text(struct faults *faults, struct arena *arena, struct str field,
    struct str text, size_t min, size_t max);

#endif
