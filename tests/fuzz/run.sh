#!/bin/sh
# tests/fuzz/run.sh [-n SECONDS] [TARGET…]    fuzz_json fuzz_clock …; all of them
#
# Builds the product and tests/fuzz/fuzz_*.c with clang, libFuzzer and the
# sanitizers below $O/fuzz, and runs each target for SECONDS (5).  What was
# interesting stays in $O/fuzz/corpus for the next run.  TAP; 1 on a finding,
# whose input is kept and named.
set -eu
cd "$(dirname "$0")/../.."

seconds=${FUZZ_SECONDS:-5}
while getopts n: option; do
	case $option in
	n) seconds=$OPTARG ;;
	*) echo "usage: tests/fuzz/run.sh [-n SECONDS] [TARGET...]" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

clang=${CLANG:-$(command -v clang-14 || command -v clang || true)}
[ -n "$clang" ] || {
	echo "tests/fuzz/run.sh: clang is not there: apt-get install clang" >&2
	exit 1
}

[ $# -gt 0 ] || for target in tests/fuzz/fuzz_*.c; do
	set -- "$@" "$(basename "$target" .c)"
done

fuzz=${O:-build}/fuzz
mkdir -p "$fuzz"
sanitizers=address,undefined
archives=
for name in fcgi_rowhouse replication tenants base; do
	archives="$archives $fuzz/lib$name.a"
done
# shellcheck disable=SC2086
make --no-print-directory O="$fuzz" CC="$clang" WERROR= CFLAGS='-O1 -g' \
	SAN="fuzzer-no-link,$sanitizers" $archives >"$fuzz/build.log" 2>&1 || {
	cat "$fuzz/build.log" >&2
	echo "tests/fuzz/run.sh: the product does not build with $clang" >&2
	exit 1
}

echo "1..$#"
number=0
status=0
for target; do
	number=$((number + 1))
	# shellcheck disable=SC2086
	"$clang" -std=c11 -O1 -g -I. -D_GNU_SOURCE -Wall -Wextra -Werror \
		-fsanitize="fuzzer,$sanitizers" -fno-sanitize-recover=all \
		-o "$fuzz/$target" "tests/fuzz/$target.c" $archives \
		-lfcgi -lsqlite3 -lsodium -llz4 -lm
	corpus=$fuzz/corpus/$target
	mkdir -p "$corpus"
	set -- -max_total_time="$seconds" -max_len=1024 -timeout=10 \
		-rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$fuzz/$target-"
	[ ! -e "tests/fuzz/$target.dict" ] ||
		set -- "$@" -dict="tests/fuzz/$target.dict"
	if "$fuzz/$target" "$@" "$corpus" >"$fuzz/$target.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$fuzz/$target.log")
		echo "ok $number - $target: $runs runs in $seconds s"
	else
		status=1
		echo "not ok $number - $target"
		grep -aE '^==|runtime error|fatal:|^ +#[0-9]+ .*/(tenants|fcgi|replication|tests)/|Test unit' \
			"$fuzz/$target.log" | sed 's/^/# /' || true
		echo "# all of it: $fuzz/$target.log"
	fi
done
exit $status
