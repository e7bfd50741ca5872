#!/bin/sh
# The tables of replication/COST.md are what scripts/costs computes, and that
# has the prices that the forecast has.
. "$(dirname "$0")/../lib.sh"

"$ROOT/scripts/costs" >tables
grep '^|' tables >computed
grep '^|' "$ROOT/replication/COST.md" >written
is 'the tables are the computed ones' "$(diff computed written | head -n 4)" ''
ok '  and there are some' test "$(wc -l <computed)" -gt 20
is 'the price is that of the forecast' \
	"$(sed -n 's/.*put = \([0-9.]*\).*/\1/p' "$ROOT/scripts/costs")" \
	"$(sed -n 's/.*FORECAST_PUT_MILLION \([0-9.]*\) .*/\1/p' \
		"$ROOT/replication/forecast.h")"
done_testing
