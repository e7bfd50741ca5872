#ifndef ROWHOUSE_HOSTNAME_H
#define ROWHOUSE_HOSTNAME_H

#include "tenants/base/str.h"

/*
 * The name of a host as a client wrote it ("ACME.example.com.:8443"), brought
 * to the one form that is looked up: lower case, without port and without one
 * trailing dot.  Letters, digits and hyphens in labels of 1 to 63, at most 253
 * in all (RFC 1123, 2.1); no address in brackets, no underscore, no byte above
 * 127: names of other alphabets arrive as xn--.
 */
#define HOSTNAME_MAX 253

/* 0 with the name, or -1 where it is not one. */
int hostname_parse(struct str host, char out[HOSTNAME_MAX + 1]);

#endif
