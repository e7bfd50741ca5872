#!/bin/sh
# scripts/lint finds each thing that STYLE.md forbids, in a copy of this
# repository where it was planted, and nothing in the repository itself.
. "$(dirname "$0")/../lib.sh"

command -v git >/dev/null || skip_all 'git is not installed'
git -C "$ROOT" rev-parse >/dev/null 2>&1 || skip_all 'this is not a git repository'
git clone -q "$ROOT" copy 2>/dev/null || bail 'it cannot be cloned'
cd copy || exit 1
ln -s "$O" build
clean=$(scripts/lint 2>&1)
is 'there is nothing to find' $? 0 || diag "$clean"

# plant FILE PATTERN LINE	the line goes to the end of the file
plant() {
	printf '%s\n' "$3" >>"$1"
	printf '%s:%d:.*%s\n' "$1" "$(wc -l <"$1")" "$2" >>"$SCRATCH/planted"
}
plant fcgi/request.c 'may not include replication' '#include "replication/ltx.h"'
plant replication/ltx.c 'may not include fcgi' '#include "fcgi/request.h"'
plant tenants/slug.c 'may not include' '#include "replication/ltx.h"'
plant tenants/base/str.c 'knows no tenant' '#include "tenants/slug.h"'
plant tenants/slug.c 'path from the root' '#include "slug.h"'
plant fcgi/request.c 'one includer' '#include <fcgiapp.h>'
plant tenants/slug.c 'one includer' '#include <sodium.h>'
plant tenants/slug.c 'tenants/db.c alone' 'int f(void) { return sqlite3_open(0, 0); }'
plant tenants/slug.c 'tenants/db.c alone' 'const char *f = "PRAGMA foreign_keys = OFF";'
plant tenants/slug.c 'tenants/db.c alone' 'const char *f = " BEGIN IMMEDIATE";'
plant tenants/db.c R1 'void f(void *p) { sqlite3_wal_autocheckpoint(p, 0); }'
plant tenants/slug.c unbounded 'void f(char *p) { strcpy(p, "x"); }'
plant tenants/slug.c CLOEXEC 'int f(void) { return open("x", O_RDONLY); }'
plant tenants/slug.c unfinished "/* TO""DO */"
plant tenants/slug.c blank 'int x; '
plant README.md 'there is no tenants/nothing.c' 'See `tenants/nothing.c`.'
plant README.md 'no target nonsense' '    make nonsense'
plant README.md 'no command nonsense' 'Then run `rowhouse nonsense`.'
plant scripts/deps 'SC2086' 'test $1 = x'
command -v caddy >/dev/null && plant caddy/Caddyfile '' 'nonsense {'
command -v shellcheck >/dev/null || sed -i /SC2086/d "$SCRATCH/planted"

found=$(scripts/lint 2>&1)
is 'with what was planted it fails' $? 1
while IFS= read -r pattern; do
	case $pattern in
	caddy*) pattern='caddy/Caddyfile:1: ' ;;
	esac
	like "found: $pattern" "$found" "^$pattern"
done <"$SCRATCH/planted"

done_testing
