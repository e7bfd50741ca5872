#include "tenants/hostname.h"

#include <stdint.h>

#define LABEL_MAX   63
#define PORT_DIGITS 5

static int
port_ok(struct str port)
{
	uint64_t number;

	return port.n <= PORT_DIGITS && str_u64(port, &number) == 0 &&
	       number >= 1 && number <= 65535;
}

static int
label_ok(struct str label)
{
	size_t i;

	if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-')
		return 0;
	for (i = 0; i < label.n; i++) {
		char c = label.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return 0;
	}
	return 1;
}

int
hostname_parse(struct str host, char out[HOSTNAME_MAX + 1])
{
	size_t colon = str_find(host, ':', 0);
	struct str rest, label;
	size_t i;

	if (colon < host.n) {
		if (!port_ok(str_sub(host, colon + 1, host.n)))
			return -1;
		host.n = colon;
	}
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n == 0 || host.n > HOSTNAME_MAX)
		return -1;
	for (i = 0; i < host.n; i++) {
		char c = host.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	out[i] = '\0';
	rest = str_make(out, host.n);
	while (str_next(&rest, '.', &label))
		if (!label_ok(label))
			return -1;
	return 0;
}
