#ifndef ROWHOUSE_TESTS_KINDS_H
#define ROWHOUSE_TESTS_KINDS_H

/* What tests/tools/isolation.c asks for. */
enum kind_who {
	NOBODY, TOKEN, KEY, OTHERS_TOKEN, OTHERS_KEY, OTHERS_COOKIE, OWN_TAG,
	OTHERS_TAG
};

enum kind_manner {
	WHOLE,
	HALF,		/* breaks off somewhere */
	GONE,		/* does not wait for the answer */
	SLOW,		/* in pieces */
	BIG		/* with more of a body than is allowed */
};

/* Has the own canary to be in the answer? */
enum kind_holds { ANY, OWN };

/*
 * In uri and body: $c the canary, $o another's, $u the owner's id, $U
 * another's, $p the password, $n a number.
 */
struct kind {
	const char *name;
	int weight;
	enum kind_who who;
	const char *method, *uri, *body;
	int want, or_else;	/* status */
	enum kind_holds holds;
	enum kind_manner manner;
};

#define KINDS 46
#define KINDS_BEFORE 8

extern const struct kind kinds[KINDS];

/*
 * Once for each tenant, before: sign in, name the owner, a key, a label, a
 * project, an issue, a comment; and what has a tag.
 */
enum { KIND_SIGN_IN = 0, KIND_MAKE_KEY = 2 };
extern const struct kind kinds_before[KINDS_BEFORE];

#endif
