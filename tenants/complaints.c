#include "tenants/complaints.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_MAX 1024

void
complaints_add(struct complaints *complaints, const char *file, int line,
    const char *fmt, ...)
{
	char message[MESSAGE_MAX], place[16] = "";
	va_list ap;
	int n;

	if (line > 0)
		(void)snprintf(place, sizeof(place), ":%d", line);
	n = snprintf(message, sizeof(message), "%s%s: ", file, place);
	if (n < 0 || (size_t)n >= sizeof(message))
		n = 0; /* what is wrong matters more than where */
	va_start(ap, fmt);
	(void)vsnprintf(message + n, sizeof(message) - (size_t)n, fmt, ap);
	va_end(ap);
	if (complaints->each)
		complaints->each(message, complaints->arg);
	else if (complaints->n == 0)
		(void)err_set(complaints->err, ERR_INPUT, "%s", message);
	complaints->n++;
}

int
complaints_end(const struct complaints *complaints, const char *what)
{
	if (complaints->n == 0)
		return 0;
	if (complaints->each)
		(void)err_set(complaints->err, ERR_INPUT, "%s: %zu mistake%s",
		    what, complaints->n, complaints->n == 1 ? "" : "s");
	return -1;
}
