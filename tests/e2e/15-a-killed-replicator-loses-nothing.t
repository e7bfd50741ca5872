#!/bin/sh
# The replicator is killed with SIGKILL at random moments while clients write
# to two tenants.  Everything acknowledged can be restored afterwards.
. "$(dirname "$0")/../lib.sh"

seed=${SEED:-$(date +%N | sed 's/^0*//')}
diag "SEED=$seed"

house_new 'replica.checkpoint = 50' 'replica.interval = 50ms'
tenant_new acme
tenant_new globex

# Pool and replicator by themselves, as two units of systemd would run them:
# nobody waits before it is started again.
background serve.log "$ROWHOUSE" pool
wait_for 20 accepts "$RUN/fcgi.sock" || bail 'the pool does not listen'
caddy_start
wait_for 20 healthy || bail 'the pool does not answer'
replicator_start() {
	background replicator.log "$ROWHOUSE" replicator
	REPLICATOR=$pid
}
replicator_start
for slug in acme globex; do
	sign_in $slug
	project_new $slug ACK
	writer_start $slug ACK a
done

kills=0
# numbers
# shellcheck disable=SC2013
for pause in $(awk -v seed="$seed" 'BEGIN { srand(seed)
    for (i = 0; i < 40; i++) print int(5 + rand() * rand() * 400) }'); do
	wait_for 60 acked_at_least acme $(($(acked acme) + pause)) || break
	stop "$REPLICATOR" KILL
	replicator_start
	kills=$((kills + 1))
done
is 'clients went on through 40 kills' $kills 40
writers_stop

for slug in acme globex; do
	ok "the replica of $slug catches up" wait_for 60 caught_up $slug
	ledger_ok "the replica of $slug" $slug caught-up.sqlite
	ledger_ok "the file of $slug" $slug live.sqlite
done

done_testing
