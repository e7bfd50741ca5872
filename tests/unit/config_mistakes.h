#ifndef ROWHOUSE_TESTS_CONFIG_MISTAKES_H
#define ROWHOUSE_TESTS_CONFIG_MISTAKES_H

/* What can be wrong with a configuration ("c"), and what is said about it. */
static const struct {
	const char *text;
	const char *message;
} config_mistakes[] = {
	{ "", "c: data: must be set" },
	{ "workers = 2", "c: data: must be set" },
	{ "data", "c:1: not of the form 'key = value'" },
	{ "data = d\nworkers 4", "c:2: not of the form 'key = value'" },
	{ "= 4", "c:1: not of the form 'key = value'" },
	{ "data =", "c:1: data: has no value" },
	{ "data = # d", "c:1: data: has no value" },
	{ "\n\ndta = d", "c:3: dta: there is no such key" },
	{ "Data = d", "c:1: Data: there is no such key" },
	{ "worker = 1", "c:1: worker: there is no such key" },
	{ "worker.cache.x = 1", "c:1: worker.cache.x: there is no such key" },
	{ "data = d\n\ndata = d", "c:3: data: set already in line 1" },
	{ "workers = 1\ndata = d\nworkers = 1",
	    "c:3: workers: set already in line 1" },
	{ "workers = x", "c:1: workers: 'x' is not a whole number" },
	{ "workers = 1.5", "c:1: workers: '1.5' is not a whole number" },
	{ "workers = 4x", "c:1: workers: '4x' is not a whole number" },
	{ "workers = 99999999999999999999",
	    "c:1: workers: '99999999999999999999' is not a whole "
	    "number" },
	{ "workers =", "c:1: workers: has no value" },
	{ "workers = 0", "c:1: workers: '0' is out of range (1 to 32)" },
	{ "workers = -1", "c:1: workers: '-1' is out of range (1 to 32)" },
	{ "workers = 33", "c:1: workers: '33' is out of range (1 to 32)" },
	{ "worker.cache = 1023KiB",
	    "c:1: worker.cache: '1023KiB' is out of range "
	    "(1MiB to 64GiB)" },
	{ "worker.cache = 1048577",
	    "c:1: worker.cache: must be a whole number of KiB" },
	{ "worker.cache = 1MB",
	    "c:1: worker.cache: '1MB' is not a size like 4096, 64KiB "
	    "or 1GiB" },
	{ "worker.cache = MiB",
	    "c:1: worker.cache: 'MiB' is not a size like 4096, 64KiB "
	    "or 1GiB" },
	{ "worker.cache = 1.5GiB",
	    "c:1: worker.cache: '1.5GiB' is not a size like 4096, "
	    "64KiB or 1GiB" },
	{ "worker.cache = 9223372036854775807GiB",
	    "c:1: worker.cache: '9223372036854775807GiB' is not a size "
	    "like 4096, 64KiB or 1GiB" },
	{ "request.body_max = 65MiB",
	    "c:1: request.body_max: '65MiB' is out of range "
	    "(1KiB to 64MiB)" },
	{ "request.body_max = -1KiB",
	    "c:1: request.body_max: '-1KiB' is out of range "
	    "(1KiB to 64MiB)" },
	{ "db.busy_timeout = 5",
	    "c:1: db.busy_timeout: '5' is not a duration like 250ms, "
	    "1s, 10m, 24h or 7d" },
	{ "db.busy_timeout = 61s",
	    "c:1: db.busy_timeout: '61s' is out of range (0s to 1m)" },
	{ "statement.read = 0ms",
	    "c:1: statement.read: '0ms' is out of range (1ms to 1m)" },
	{ "token.ttl = 366d",
	    "c:1: token.ttl: '366d' is out of range (1m to 365d)" },
	{ "password.memory = 2GiB",
	    "c:1: password.memory: '2GiB' is out of range "
	    "(8KiB to 1GiB)" },
	{ "log.level = loud",
	    "c:1: log.level: 'loud' is not debug, info, warn or "
	    "error" },
	{ "log.level =",
	    "c:1: log.level: '' is not debug, info, warn or error" },
	{ "base_domain = -x", "c:1: base_domain: '-x' is not a host name" },
	{ "base_domain = x-", "c:1: base_domain: 'x-' is not a host name" },
	{ "base_domain = a..b", "c:1: base_domain: 'a..b' is not a host name" },
	{ "base_domain = .a", "c:1: base_domain: '.a' is not a host name" },
	{ "base_domain = a.", "c:1: base_domain: 'a.' is not a host name" },
	{ "base_domain = a_b", "c:1: base_domain: 'a_b' is not a host name" },
	{ "base_domain = a:80", "c:1: base_domain: 'a:80' is not a host name" },
	{ "base_domain = m\xc3\xbcnchen",
	    "c:1: base_domain: 'm\xc3\xbcnchen' is not a host name" },
	{ "socket.group = a b",
	    "c:1: socket.group: 'a b' is not the name of a group" },
	{ "socket.group = a:b",
	    "c:1: socket.group: 'a:b' is not the name of a group" },
	{ "data = d\x01", "c:1: a byte that is not text" },
	{ "data = d\nrun = \x7f", "c:2: a byte that is not text" },
	{ "data = d\xff", "c:1: a byte that is not text" },
	{ "data = a\rb", "c:1: a byte that is not text" },
	{ "# \xff", "c:1: a byte that is not text" },
	{ "\xef\xbb\xbf"
	  "data = d",
	    "c:1: \xef\xbb\xbf"
	    "data: there is no such key" },
};

#endif
