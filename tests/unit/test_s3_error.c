#include "replication/s3_error.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static struct s3_call
answered(int status, const char *code)
{
	struct s3_call call = { .status = status };

	snprintf(call.error.code, sizeof call.error.code, "%s", code);
	return call;
}

static void
says_which_header_is_unknown(void **state)
{
	static const struct {
		int status;
		const char *code;
		int unknown;
	} cases[] = {
		{ 501, "NotImplemented", 1 },
		{ 501, "", 1 },
		{ 405, "MethodNotAllowed", 1 },
		{ 400, "InvalidArgument", 1 },
		{ 400, "", 1 },
		/* of the keys, of the body, of the hour */
		{ 400, "ExpiredToken", 0 },
		{ 400, "RequestTimeout", 0 },
		{ 400, "BadDigest", 0 },
		{ 403, "RequestTimeTooSkewed", 0 },
		{ 412, "PreconditionFailed", 0 },
		{ 500, "InternalError", 0 },
		{ 0, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct s3_call call =
		    answered(cases[i].status, cases[i].code);

		if (s3_error_unknown_header(&call) != cases[i].unknown)
			fail_msg("%d %s", cases[i].status, cases[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_header_is_unknown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
