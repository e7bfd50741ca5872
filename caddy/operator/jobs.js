/*
 * Jobs are followed until they end, whatever page is looked at meanwhile, in a
 * list at the page's edge, the newest first.
 */
import { get, post, sentence, signedIn } from './api.js';
import { h } from './dom.js';
import { bytes, count, local, span, state } from './words.js';

const FIRST_MS = 300;
const LATER_MS = 2000;

const NAMES = { erase: 'Erase', restore: 'Restore', plan: 'Dry run of a restore', clone: 'Clone', export: 'Export',
	import: 'Import', verify: 'Verify', points: 'Restore points' };

export const jobName = (job) => `${NAMES[job.kind] ?? job.kind} ${job.tenant}${job.to ? ` to ${job.to}` : ''}`;

/* What became of it. */
export function outcome(job) {
	const r = job.result ?? {};

	if (job.cancelling)
		return 'Is being cancelled.';
	if (job.error && job.state !== 'cancelled')
		return sentence(job.error);
	if (job.state === 'cancelled')
		return 'Nothing was done.';
	if (job.state === 'waiting')
		return 'Waits for its turn.';
	if (job.state === 'running')
		return job.progress ? `${bytes(job.progress.done)} of ${bytes(job.progress.total)}.` : 'Is being done.';
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

export const ended = (job) => ['done', 'failed', 'cancelled'].includes(job.state);

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
	const bar = h('progress', { hidden: true, 'aria-label': `How far: ${jobName(job)}` });
	const stop = h('button', { type: 'button', onclick: () => cancel(job, stop, words) }, 'Cancel');
	const item = h('li', h('div', h('b', jobName(job)), shown, stop,
	    h('button.plain', { type: 'button', 'aria-label': `Dismiss: ${jobName(job)}`, onclick: () => item.remove() }, '×')),
	    words, bar);

	tray.prepend(item);
	try {
		return await follow(job, (now) => {
			shown.replaceChildren(state(now.state));
			words.textContent = `${outcome(now)}${ended(now) ? '' : ` ${span(Date.now() - begun)}`}`;
			stop.hidden = ended(now) || now.cancelling === true || (now.kind === 'erase' && now.state === 'running');
			bar.hidden = ended(now) || !now.progress;
			if (now.progress) {
				bar.max = now.progress.total;
				bar.value = now.progress.done;
			}
		});
	} catch (error) {
		words.textContent = error.message;
		stop.hidden = bar.hidden = true;
		return { ...job, state: 'failed', error: error.message };
	}
}

/* What was done already is not undone; the server says which it is. */
async function cancel(job, button, words) {
	button.disabled = true;
	try {
		await post(`/jobs/${encodeURIComponent(job.id)}/cancel`);
	} catch (error) {
		words.textContent = error.message;
	}
	button.disabled = false;
}
