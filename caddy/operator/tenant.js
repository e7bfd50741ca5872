/* One tenant: how it is, what was done to it, and what can be. */
import { get, tenantPath } from './api.js';
import { addHost, changePlan, deed, removeHost } from './deeds.js';
import { h, redraw, section, svg } from './dom.js';
import { jobName, outcome } from './jobs.js';
import { restorePanel } from './restore.js';
import { ago, bytes, count, NONE, span, state, when } from './words.js';

const ENTRIES = 20;
const JOBS = 8;

const facts = (list) => h('dl.facts', list.filter(Boolean).map(([name, value]) => h('div', h('dt', name), h('dd', value ?? NONE))));
const button = (words, onclick, kind = 'button') => h(kind, { type: 'button', onclick }, words);

/* A bar a day, the newest on the right. */
function bars(usage, name, words) {
	const days = usage.slice().sort((a, b) => a.day.localeCompare(b.day));
	const most = Math.max(1, ...days.map((day) => day[name]));
	const [wide, high] = [28, 64];

	return h('figure', h('figcaption', words, ': ', h('b', count(days.at(-1)?.[name] ?? 0)), ' today'),
	    svg('svg.bars', { viewBox: `0 0 ${days.length * wide} ${high + 14}`, width: days.length * wide, height: high + 14, role: 'img',
		'aria-label': days.map((day) => `${day.day}: ${count(day[name])}`).join(', ') }, days.map((day, i) => {
		const tall = Math.max(day[name] > 0 ? 2 : 0, day[name] / most * high);
		return svg('g', svg('title', `${day.day}: ${count(day[name])}`),
		    svg('rect', { x: i * wide + 3, y: high - tall, width: wide - 6, height: tall, rx: 2 }),
		    svg('line', { x1: i * wide + 3, x2: (i + 1) * wide - 3, y1: high + 0.5, y2: high + 0.5 }),
		    svg('text', { x: i * wide + wide / 2, y: high + 12, 'text-anchor': 'middle' }, day.day.slice(8)));
	    })));
}

const buttonsOf = (of) => ({
	active: [['verify', 'Verify…'], ['export', 'Export…'], ['suspend', 'Suspend…'], ['delete', 'Delete…']],
	suspended: [['verify', 'Verify…'], ['export', 'Export…'], ['resume', 'Resume…'], ['delete', 'Delete…']],
	deleted: [['undelete', 'Undelete…'], ['erase', 'Erase…']],
})[of] ?? [];

export function tenant(slug, { again }) {
	const head = h('div.bar');
	const trouble = h('div');
	const what = h('div');
	const replica = h('div');
	const used = h('div.usage');
	const hosts = h('div');
	const jobs = h('div');
	const log = h('div');
	const history = h('div');

	function drawHead(row) {
		redraw(head, [row.state, row.erasing_since], () => [
			h('h1', slug, ' ', state(row.erasing_since ? 'erasing' : row.state)),
			h('div.buttons', buttonsOf(row.state).map(([verb, words]) =>
			    button(words, () => deed(slug, verb, again), ['delete', 'erase'].includes(verb) ? 'button.danger' : 'button'))),
		]);
	}

	function drawFacts(row) {
		redraw(what, row, () => facts([
			['Plan', [row.plan, ' ', button('Change…', () => changePlan(slug, row.plan, again), 'button.plain')]],
			['Size', `${bytes(row.size)} of ${bytes(row.size_max)}`],
			['Made', when(row.created)],
			['Changed', when(row.updated)],
			row.undelete_until && ['Can be undeleted until', when(row.undelete_until)],
			row.erasing_since && ['Is being erased since', when(row.erasing_since)],
			['Epoch', row.parent_epoch ? `${row.epoch}, from TXID ${count(row.parent_txid)} of epoch ${row.parent_epoch}` : String(row.epoch)],
			['File', h('code', row.path)],
		]));
		redraw(hosts, row.hosts, () => [
			row.hosts.length ? h('ul.hosts', row.hosts.map((host) => h('li', host, ' ', button('Take away…',
			    () => removeHost(slug, host, again), 'button.plain')))) : h('p.hint', 'None but its own below the base domain.'),
			button('Add a host…', () => addHost(slug, again)),
		]);
	}

	function drawReplica({ replication: r, replicator_error: error }) {
		redraw(trouble, [r?.error, r?.hint, error], () => r?.error || error ?
		    h('p.trouble', r?.error ? `${r.error}${r.hint ? `; ${r.hint}` : ''}` : `Nothing is known of its replica: ${error}`) : []);
		redraw(replica, [r, Math.floor(Date.now() / 5000)], () => r ? facts([
			['State', state(r.state)],
			['Lag', `${span(r.lag_ms)}, ${bytes(r.lag_bytes)}`],
			['In the replica', `TXID ${count(r.replicated_txid)} of ${count(r.txid)}, epoch ${r.epoch}`],
			['Newest commit', r.time ? ago(r.time) : NONE],
			['Waits for the store', `${bytes(r.spool_bytes)} in ${count(r.spool_files)} files`],
			['S3 requests', `${count(r.puts)} PUT, ${count(r.gets)} GET, ${count(r.lists)} LIST, ${count(r.deletes)} DELETE`],
			['Last proven', r.proven ? [ago(r.proven), `, TXID ${count(r.proven_txid)}`] : 'not in this epoch'],
			['Errors', count(r.errors)],
		]) : h('p.hint', error ? 'Not known.' : 'The replicator does not have it.'));
	}

	function drawUsage({ usage }) {
		redraw(used, usage, () => usage?.length ? [bars(usage, 'writes', 'Writes'), bars(usage, 'reads', 'Reads'),
		    usage.some((day) => day.refused > 0) ? bars(usage, 'refused', 'Refused') : []] : h('p.hint', 'Nothing in the last days.'));
	}

	function drawDeeds(entries, list) {
		redraw(log, entries, () => entries.length ? h('ol.log', entries.map((entry) => h('li', when(entry.time), h('b', entry.what),
		    h('span', [entry.detail, `by ${entry.who}`, entry.address && `from ${entry.address}`].filter(Boolean).join(' '))))) :
		    h('p.hint', 'Nothing was done to it.'));
		redraw(jobs, list, () => list.length ? h('ol.log', list.map((job) => h('li', when(job.asked), h('b', jobName(job)),
		    h('span', state(job.state), ' ', ['points', 'plan'].includes(job.kind) && job.state === 'done' ? '' : outcome(job))))) :
		    h('p.hint', 'None in the last days.'));
	}

	/* It depends on whether there is any. */
	function drawHistory(row) {
		redraw(history, row.erasing_since !== undefined, () => row.erasing_since ?
		    h('p.hint', 'It is being erased.') : restorePanel(slug, again));
	}

	return {
		title: slug,
		node: h('main', h('p.back', h('a', { href: '#/' }, '← Fleet')), head, trouble,
		    h('div.columns', section('Tenant', what), section('Replication', replica), section('Used, by day (UTC)', used),
			section('Hosts of its own', hosts)),
		    section('What can be restored', history),
		    h('div.columns', section('Jobs', jobs), section('Log', log))),
		async refresh() {
			const [row, status, deeds, list] = await Promise.all([get(tenantPath(slug)), get(tenantPath(slug, '/status')),
			    get('/log', { tenant: slug, limit: ENTRIES }), get('/jobs', { tenant: slug, perPage: JOBS })]);
			drawHead(row);
			drawFacts(row);
			drawReplica(status);
			drawUsage(status);
			drawDeeds(deeds.items, list.items);
			drawHistory(row);
		},
	};
}
