/* Figures and times as people read them. */
import { h } from './dom.js';

export const NONE = '–';

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const dollar = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

export const count = (n) => n === undefined || n === null ? NONE : whole.format(n);
export const dollars = (n) => dollar.format(n);
export const rate = (n) => n === null ? NONE : n === 0 ? '0' : n < 10 ? n.toFixed(2) : whole.format(n);
export const plural = (n, one, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`;

export function bytes(n) {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let i = 0;

	if (n === undefined || n === null)
		return NONE;
	for (; n >= 1000 && i + 1 < units.length; i++)
		n /= 1000;
	return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

/* "850 ms", "12 s", "3 min", "5 h", "2 days" */
export function span(ms) {
	if (ms === undefined || ms === null)
		return NONE;
	if (ms < 1000)
		return `${Math.round(ms)} ms`;
	if (ms < 120e3)
		return `${Math.round(ms / 1000)} s`;
	if (ms < 120 * 60e3)
		return `${Math.round(ms / 60e3)} min`;
	if (ms < 48 * 3600e3)
		return `${Math.round(ms / 3600e3)} h`;
	return `${Math.round(ms / 86400e3)} days`;
}

/* In the reader's zone; exactly: with milliseconds. */
export function local(time, exactly) {
	return new Date(time).toLocaleString('en-GB', { year: 'numeric', month: 'short', day: 'numeric',
	    hour: '2-digit', minute: '2-digit', second: '2-digit',
	    ...exactly && { fractionalSecondDigits: 3, timeZoneName: 'short' } });
}

export const utc = (time) => `${new Date(time).toISOString().slice(0, 23).replace('T', ' ')} UTC`;

/* A <time>, in UTC for who points at it. */
export const when = (text, words) => h('time', { datetime: text, title: utc(text) }, words ?? local(text));
export const ago = (text) => text ? when(text, `${span(Math.max(0, Date.now() - new Date(text)))} ago`) : NONE;

/* A state is never said by colour alone. */
const GOOD = ['active', 'done', 'held'];
const BAD = ['failing', 'halted', 'missing', 'full', 'failed'];
export function state(name) {
	if (!name)
		return h('span.state', NONE);
	const kind = GOOD.includes(name) ? 'good' : BAD.includes(name) ? 'bad' :
	    ['suspended', 'restoring', 'erasing'].includes(name) ? 'warn' : 'dim';
	return h(`span.state.${kind}`, name);
}
