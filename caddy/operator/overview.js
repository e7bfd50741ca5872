/* How the whole house is: figures, and what is wrong with it and with whom. */
import { h, redraw, section } from './dom.js';
import { ago, bytes, count, dollars, NONE, plural, rate, span, state, when } from './words.js';

const MONTH = 'a month, as things are';

/* A figure with its name above and a line below. */
function tile(name) {
	const value = h('dd.value', NONE);
	const more = h('dd.more');
	return { node: h('div.tile', h('dt', name), value, more),
	    set: (now, below, kind) => {
		redraw(value, [now instanceof Node ? now.outerHTML : now, kind], () => now ?? NONE);
		value.className = `value ${kind ?? ''}`;
		redraw(more, [below].flat().map((part) => part?.outerHTML ?? part), () => below ?? '');
	    } };
}

/* What the operator has to do something about, beyond single tenants. */
function alarms({ replicator, replicator_error: error }) {
	if (!replicator)
		return [['bad', `No replicator answers: nothing is known of the replicas. ${error ?? ''}`]];
	const { total, claim } = replicator;
	const low = total.disk_size > 0 && total.disk_free * 10 < total.disk_size;
	return [
		[total.store_down_ms, 'bad', `The store has not answered for ${span(total.store_down_ms)}.`],
		[total.keys_refused_ms, 'bad', `The store has refused the keys for ${span(total.keys_refused_ms)}.`],
		[claim.error, 'bad', `${claim.error}${claim.hint ? `; ${claim.hint}` : ''}`],
		[total.full, 'bad', `Writes of ${plural(total.full, 'tenant')} are refused: more than ${
		    bytes(total.spool_max)} waits for the store.`],
		[total.proof_failed, 'bad', `${plural(total.proof_failed, 'proof')} failed: a replica is not what its database is.`],
		[low, 'warn', `The disk of the data is almost full: ${bytes(total.disk_free)} left.`],
		[total.clock_off_ms, 'warn', `The clock of this machine is ${span(Math.abs(total.clock_off_ms))} ${
		    total.clock_off_ms > 0 ? 'ahead' : 'behind'}.`],
	].filter(([is]) => is).map(([, kind, words]) => [kind, words]);
}

export function overview() {
	const tiles = Object.fromEntries([['replicator', 'Replicator'], ['tenants', 'Tenants'], ['lag', 'Lag'],
	    ['spool', 'Waits for the store'], ['requests', 'S3 requests'], ['forecast', 'Forecast'],
	    ['proof', 'Oldest proof'], ['registry', 'Registry’s replica'], ['pool', 'Used today']]
	    .map(([key, name]) => [key, tile(name)]));
	const wrong = h('div.wrong');

	function replicator(status) {
		const { replicator: now } = status;
		if (!now) {
			tiles.replicator.set('Not running', 'What follows is not known.', 'bad');
			for (const key of ['lag', 'spool', 'requests', 'forecast', 'proof', 'registry'])
				tiles[key].set(NONE, '');
			return;
		}
		const { total, forecast } = now;
		const seen = forecast.day ?? forecast.hour;
		tiles.replicator.set('Up', ['since ', when(now.started)]);
		tiles.lag.set(span(total.lag_ms), `${bytes(total.lag_bytes)} not in the replica`,
		    total.lag_ms > 60e3 ? 'warn' : '');
		tiles.spool.set(bytes(total.spool_bytes), `${plural(total.spool_files, 'file')}, of ${bytes(total.spool_max)} at most`);
		tiles.requests.set(`${count(total.puts)} PUT`, `${count(total.gets)} GET, ${count(total.lists)} LIST, ${
		    count(total.deletes)} DELETE since it started`);
		tiles.forecast.set(seen ? dollars(seen.request_dollars_month + seen.storage_dollars_month) : NONE,
		    seen ? `${MONTH}: ${count(seen.puts_month)} PUT, ${count(seen.gets_month)} GET, ${
			count(seen.lists_month)} LIST, ${bytes(seen.stored_bytes)} kept` : 'when it has run for a while');
		tiles.proof.set(total.oldest_proof ? ago(total.oldest_proof) : NONE, total.oldest_proof ?
		    [h('a', { href: `#/tenants/${encodeURIComponent(total.oldest_proof_tenant)}` }, total.oldest_proof_tenant),
			`; ${count(total.unproven)} without one`] : `${count(total.unproven)} without one`);
		registry(status.registry);
	}

	function registry(line) {
		tiles.registry.set(line ? state(line.replication) : NONE, line ?
		    [line.error || `lag ${span(line.lag_ms)}`, ', proven ', line.proven ? ago(line.proven) : 'never'] : 'is not there',
		    line && !line.error ? '' : 'bad');
	}

	function drawWrong({ tenants, items, ...status }) {
		const list = alarms(status);
		redraw(wrong, [list, items, tenants.wrong], () => list.length + items.length === 0 ?
		    h('p.fine', 'Nothing is wrong with anybody.') : h('ul.alarms',
		    list.map(([kind, words]) => h(`li.${kind}`, words)),
		    items.map((item) => h('li.bad', h('a', { href: `#/tenants/${encodeURIComponent(item.slug)}` }, item.slug), ' ',
			state(item.replication ?? 'missing'), ' ', item.error || 'is not replicated')),
		    tenants.wrong > items.length ? h('li', h('a', { href: '#/?wrong=1' },
			`All ${plural(tenants.wrong, 'tenant')} with something wrong`)) : null));
	}

	return {
		node: h('div.overview', section('How it is', h('dl.tiles', Object.values(tiles).map((t) => t.node))),
		    section('What is wrong', wrong)),
		/* `writes`: of the pool, by the second */
		set(status, writes) {
			const { tenants: n, pool } = status;
			replicator(status);
			tiles.tenants.set(`${count(n.active)} active`, `${count(n.suspended)} suspended, ${count(n.deleted)} deleted${
			    status.replicator ? `; ${count(n.wrong)} with something wrong` : ''}`, n.wrong ? 'warn' : '');
			tiles.pool.set(plural(pool.writes, 'write'), `${plural(pool.reads, 'read')}, ${
			    count(pool.refused)} refused; ${rate(writes)} writes/s`);
			drawWrong(status);
		},
	};
}
