/* What of a tenant's history can be restored, and doing it. */
import { post, tenantPath } from './api.js';
import { begin } from './deeds.js';
import { ask, field } from './dialog.js';
import { h } from './dom.js';
import { follow, outcome, track } from './jobs.js';
import { nearest, rangeAt, rangesOf, timeline } from './timeline.js';
import { bytes, count, local, plural, span, utc, when } from './words.js';

const LISTED = 200;

/* As <input type=datetime-local> has it: the reader's zone, to the millisecond. */
const toField = (time) => new Date(time - new Date(time).getTimezoneOffset() * 60e3).toISOString().slice(0, 23);

export function restorePanel(slug, again) {
	const said = h('p', { role: 'status' });
	const look = h('button', { type: 'button', onclick: lookUp }, 'Look it up');
	const found = h('div');
	const node = h('div', h('div.bar', h('p.hint', 'It is asked of the store when you look, which costs some requests.'), look), said, found);

	async function lookUp() {
		look.disabled = true;
		said.textContent = 'Looks into the store…';
		try {
			const job = await follow(await post(tenantPath(slug, '/points')));
			if (job.state !== 'done')
				throw new Error(outcome(job));
			said.textContent = '';
			look.textContent = 'Look again';
			found.replaceChildren(job.result.ranges.length ? chooser(slug, job.result, { again, stale }) :
			    h('p', 'There is nothing that could be restored.'));
		} catch (error) {
			said.textContent = error.message;
		}
		look.disabled = false;
	}

	/* It has gone on from elsewhere: what was found is history of its own. */
	const stale = () => lookUp();
	return node;
}

function chooser(slug, points, { again, stale }) {
	const ranges = rangesOf(points);
	const newest = Math.max(...ranges.map((r) => r.epoch));
	/* what is chosen, as the API takes it */
	let choice;

	const exact = h('output.exact');
	const told = h('p', { role: 'status' });
	const moment = h('input', { type: 'datetime-local', step: 0.001, onchange: () => {
		const time = Date.parse(moment.value);
		if (!Number.isNaN(time))
			choose(nearest(ranges, time), time);
	} });
	const line = timeline(points, choose);

	/* Of a moment inside of a range the TXID is told by a dry run. */
	function txidAt(time) {
		const range = rangeAt(ranges, time);
		const edge = time === range.end ? range.to_txid : time === range.begin ? range.from_txid : null;
		return `${edge !== null || range.from_txid === range.to_txid ? `TXID ${count(edge ?? range.from_txid)}` :
		    `TXID ${count(range.from_txid)} to ${count(range.to_txid)}: the newest until then`} of epoch ${range.epoch}`;
	}

	function choose(time, wanted = time) {
		choice = { body: { at: new Date(time).toISOString() }, words: local(time, true) };
		moment.value = toField(time);
		exact.replaceChildren(h('b', when(choice.body.at, local(time, true))), ` is ${utc(time)}: ${txidAt(time)}`);
		told.textContent = time === wanted ? '' : 'That moment itself is not kept. This one is the nearest.';
		line.set(time);
	}

	function chooseMigration({ migration, txid, epoch }) {
		choice = { body: { txid }, words: `before migration ${migration}` };
		exact.replaceChildren(h('b', `Before migration ${migration}`), `: TXID ${count(txid)} of epoch ${epoch}`);
		told.textContent = '';
	}

	async function dryRun() {
		told.textContent = 'Asks what it would do…';
		try {
			const job = await follow(await post(tenantPath(slug, '/restore'), { ...choice.body, dry_run: true }));
			const r = job.result;
			told.replaceChildren(...job.state === 'done' ? [`${slug} would be what it was at `, h('b', when(r.time, local(r.time, true))),
			    `, TXID ${count(r.txid)} of epoch ${r.epoch}, read from ${plural(r.objects, 'object')} (${bytes(r.bytes)}). Nothing was changed.`] :
			    [outcome(job)]);
		} catch (error) {
			told.textContent = error.message;
		}
	}

	function restore() {
		const { body, words } = choice;
		ask({ title: `Restore ${slug}`, words: [`It goes back to what it was: ${words}. What was written after that is no longer there; ` +
		    'its history keeps it, as an epoch of its own.', 'Everybody has to sign in again. It does not answer for a moment.'],
		    confirm: slug, action: 'Restore it', danger: true, work: async (typed) => {
			const job = await post(tenantPath(slug, '/restore'), { ...body, confirm: typed });
			again();
			track(job).then((end) => { again(); if (end.state === 'done') stale(); });
		    } });
	}

	function clone() {
		const { body, words } = choice;
		const to = h('input', { required: true, maxlength: 40, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' });
		ask({ title: `Clone ${slug}`, words: `A new tenant that is what ${slug} was: ${words}. ${slug} itself is not touched.`,
		    fields: [field('to', 'Name of the new tenant', to)], action: 'Clone it',
		    work: () => begin(slug, 'clone', { ...body, to: to.value }, again) });
	}

	const migrations = points.migrations.filter((m) => m.restorable && m.epoch === newest);
	const node = h('div.chooser', line.node,
	    h('ul.legend', h('li.level-0', 'every state'), h('li.level-1', 'merged'), h('li.level-2', 'merged twice'),
		h('li.snapshot', 'snapshot'), h('li.migration', 'migration')),
	    h('div.moment', field('moment', 'Moment, in your time zone', moment), exact),
	    told,
	    h('div.buttons', h('button', { type: 'button', onclick: dryRun }, 'What would it do?'),
		h('button', { type: 'button', onclick: clone }, 'Clone from there…'),
		h('button.danger', { type: 'button', onclick: restore }, 'Restore in place…')),
	    migrations.length ? h('p.buttons', 'Or the state ', migrations.map((m) =>
		h('button', { type: 'button', onclick: () => chooseMigration(m) }, `before migration ${m.migration}`))) : null,
	    listed(points, ranges, choose));
	choose(Math.max(...ranges.map((r) => r.end)));
	return node;
}

/* The same in words, for who cannot use a picture. */
function listed(points, ranges, choose) {
	const moments = ranges.slice().reverse().slice(0, LISTED).map((r) => h('tr',
	    h('td', when(r.from), ' to ', when(r.to)), h('td.figure', String(r.epoch)),
	    h('td.figure', `${count(r.from_txid)} to ${count(r.to_txid)}`), h('td.figure', count(r.states)),
	    h('td.figure', r.grain_ms ? span(r.grain_ms) : ''),
	    h('td', h('button.plain', { type: 'button', 'aria-label': `Choose the end, ${local(r.to)}`, onclick: () => choose(r.end) }, 'Choose its end'))));
	return h('details', h('summary', `As a table: ${plural(ranges.length, 'range')}, ${plural(points.snapshots.length, 'snapshot')}, ${
	    plural(points.migrations.length, 'migration')}`), h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': 'Ranges' },
	    h('table', h('thead', h('tr', ['Moments', 'Epoch', 'TXID', 'States', 'Apart', ''].map((words, i) =>
		h(i > 0 && i < 5 ? 'th.figure' : 'th', { scope: 'col' }, words)))), h('tbody', moments))),
	    points.cut || ranges.length > LISTED ? h('p.hint', 'There is more that is older.') : null);
}
