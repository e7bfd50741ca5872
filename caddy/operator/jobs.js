/*
 * Jobs are followed until they end, whatever page is looked at meanwhile, in a
 * list at the page's edge.
 */
import { get, sentence, signedIn } from './api.js';
import { h } from './dom.js';
import { count, local, span, state } from './words.js';

const FIRST_MS = 300;
const LATER_MS = 2000;

const NAMES = { erase: 'Erase', restore: 'Restore', plan: 'Dry run of a restore', clone: 'Clone', export: 'Export',
	import: 'Import', verify: 'Verify', points: 'Restore points' };

export const jobName = (job) => `${NAMES[job.kind] ?? job.kind} ${job.tenant}${job.to ? ` to ${job.to}` : ''}`;

/* What became of it. */
export function outcome(job) {
	const r = job.result ?? {};

	if (job.error)
		return sentence(job.error);
	if (job.state !== 'done')
		return job.state === 'waiting' ? 'Waits for its turn.' : 'Is being done.';
	switch (job.kind) {
	case 'verify':
		return r.result === 'proven' ? `Proven: the replica is what the database is, at TXID ${count(r.txid)}, ${
		    count(r.pages)} pages.` : `Not proven: ${sentence(r.error || r.result)}`;
	case 'restore':
		return r.time ? `It is what it was at ${local(r.time, true)}, TXID ${count(r.txid)}. Everybody has to sign in again.` : 'Done.';
	case 'export':
		return r.path ? `On the server: ${r.path}` : 'Done.';
	}
	return sentence(r.text) || 'Done.';
}

export const ended = (job) => ['done', 'failed'].includes(job.state);

/* Until it has ended; each(job) with all that is seen of it. */
export async function follow(job, each = () => {}) {
	let pause = FIRST_MS;

	while (!ended(job)) {
		each(job);
		await new Promise((next) => setTimeout(next, pause));
		pause = Math.min(pause * 1.5, LATER_MS);
		if (!signedIn())
			throw new Error('signed out');
		try {
			job = await get(`/jobs/${encodeURIComponent(job.id)}`);
		} catch (error) {
			/* it goes on without us; only what does not exist will never end */
			if (error.status === 404 || error.status === 401)
				throw error;
		}
	}
	each(job);
	return job;
}

export const tray = h('ol', { id: 'tray', 'aria-label': 'Jobs', 'aria-live': 'polite' });

/* Shows it there; resolves with how it ended. */
export async function track(job) {
	const begun = Date.now();
	const words = h('p');
	const shown = h('span');
	const item = h('li', h('div', h('b', jobName(job)), shown,
	    h('button.plain', { type: 'button', 'aria-label': `Dismiss: ${jobName(job)}`, onclick: () => item.remove() }, '×')), words);

	tray.append(item);
	try {
		return await follow(job, (now) => {
			shown.replaceChildren(state(now.state));
			words.textContent = `${outcome(now)}${ended(now) ? '' : ` ${span(Date.now() - begun)}`}`;
		});
	} catch (error) {
		words.textContent = error.message;
		return { ...job, state: 'failed', error: error.message };
	}
}
