/*
 * What can be restored, on a line: an epoch a lane, a bar for each range of
 * moments, marks for snapshots and migrations.  A moment between two ranges is
 * not offered and cannot be chosen: what is asked for goes to the nearest that is.
 *
 * It is a slider: a click or a drag chooses, arrows go a second (with Shift a minute),
 * Page Up and Down a tenth of what is shown, Home and End to both ends, + and -
 * look closer and from further away.
 */
import { h, svg } from './dom.js';
import { local, utc } from './words.js';

const LANE = 30;
const TOP = 10;
const AXIS = 24;
const LABEL = 74;
const RIGHT = 14;
const CLOSEST_MS = 2000;
const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3,
    3600e3, 7200e3, 10800e3, 21600e3, 43200e3, 86400e3, 2 * 86400e3, 7 * 86400e3, 14 * 86400e3, 30 * 86400e3, 91 * 86400e3, 365 * 86400e3];

const ms = (text) => Date.parse(text);

/* The ranges with their times as numbers, the oldest first. */
export const rangesOf = (points) => points.ranges
    .map((range) => ({ ...range, begin: ms(range.from), end: ms(range.to) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

/* The range that a moment is in: of two the one that a restore to it takes, the newer. */
export const rangeAt = (ranges, time) => ranges.findLast((range) => range.begin <= time && time <= range.end);

/* The moment that is offered and nearest. */
export function nearest(ranges, time) {
	let best = null;

	for (const { begin, end } of ranges) {
		const there = Math.min(Math.max(time, begin), end);
		if (best === null || Math.abs(there - time) < Math.abs(best - time))
			best = there;
	}
	return best;
}

/* From one moment in a direction: over a gap, never into it. */
export function stepped(ranges, time, by) {
	const to = time + by;

	if (rangeAt(ranges, to))
		return to;
	const edges = by > 0 ? ranges.map((r) => r.begin).filter((t) => t > to) : ranges.map((r) => r.end).filter((t) => t < to);
	if (edges.length)
		return by > 0 ? Math.min(...edges) : Math.max(...edges);
	return by > 0 ? Math.max(...ranges.map((r) => r.end)) : Math.min(...ranges.map((r) => r.begin));
}

/* Roughly when a state was made: a migration is known by its TXID alone. */
function timeOf(points, ranges, epoch, txid) {
	const known = points.snapshots.find((s) => s.epoch === epoch && s.txid === txid);
	if (known)
		return ms(known.time);
	const range = ranges.find((r) => r.epoch === epoch && r.from_txid <= txid && txid <= r.to_txid);
	if (!range)
		return null;
	const share = (txid - range.from_txid) / Math.max(1, range.to_txid - range.from_txid);
	return range.begin + share * (range.end - range.begin);
}

function axisWords(time, step) {
	const date = new Date(time);
	if (step >= 86400e3)
		return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
	const clock = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit',
	    ...step < 60e3 && { second: '2-digit' }, ...step < 1e3 && { fractionalSecondDigits: 3 } });
	return date.getHours() + date.getMinutes() === 0 && step >= 60e3 ?
	    date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }) : clock;
}

/* choose(time) is told of what the reader chooses; time is milliseconds. */
export function timeline(points, choose) {
	const ranges = rangesOf(points);
	const epochs = [...new Set(ranges.map((r) => r.epoch))].sort((a, b) => b - a);
	const least = ranges[0].begin;
	const most = Math.max(...ranges.map((r) => r.end));
	const margin = Math.max((most - least) * 0.02, 500);
	const all = { from: least - margin, to: most + margin };
	let view = { ...all };
	let chosen = most;
	let width = 800;

	const box = svg('svg.timeline', { role: 'slider', tabindex: 0, 'aria-label': 'Moment to go back to',
	    'aria-valuemin': 0, 'aria-valuemax': Math.ceil((most - least) / 1000), 'aria-describedby': 'timeline-keys' });
	const node = h('div.timeline-box', box, h('div.bar',
	    h('p.hint', { id: 'timeline-keys' }, 'Click or drag; arrow keys: a second, with Shift a minute; + and − look closer and further.'),
	    h('div.buttons', h('button', { type: 'button', 'aria-label': 'Look closer', onclick: () => zoom(0.25) }, '+'),
		h('button', { type: 'button', 'aria-label': 'Look from further away', onclick: () => zoom(4) }, '−'),
		h('button', { type: 'button', onclick: () => look(all) }, 'All of it'))));

	const x = (time) => LABEL + (time - view.from) / (view.to - view.from) * (width - LABEL - RIGHT);
	const timeAt = (at) => view.from + (at - LABEL) / (width - LABEL - RIGHT) * (view.to - view.from);
	const lane = (epoch) => TOP + epochs.indexOf(epoch) * LANE;
	const inView = (time) => time >= view.from && time <= view.to;

	function look({ from, to }) {
		view = { from, to };
		draw();
	}

	function zoom(by) {
		const length = Math.min(Math.max((view.to - view.from) * by, CLOSEST_MS), all.to - all.from);
		const centre = inView(chosen) ? chosen : (view.from + view.to) / 2;
		const from = Math.min(Math.max(centre - length / 2, all.from), all.to - length);
		look({ from, to: from + length });
	}

	/* Shows it as chosen, and what is around it. */
	function set(time) {
		chosen = time;
		if (!inView(time)) {
			const half = (view.to - view.from) / 2;
			view = { from: time - half, to: time + half };
		}
		draw();
	}

	const pick = (time) => { set(time); choose(time); };

	function drawAxis(bottom) {
		const step = STEPS_MS.find((s) => s >= (view.to - view.from) / ((width - LABEL - RIGHT) / 90)) ?? STEPS_MS.at(-1);
		const zone = new Date(view.from).getTimezoneOffset() * 60e3;
		const ticks = [];
		for (let t = Math.ceil((view.from - zone) / step) * step + zone; t <= view.to; t += step)
			ticks.push(svg('line.grid', { x1: x(t), x2: x(t), y1: 0, y2: bottom }),
			    svg('text', { x: x(t), y: bottom + 16, 'text-anchor': 'middle' }, axisWords(t, step)));
		return ticks;
	}

	function drawRange(range) {
		const from = Math.max(x(range.begin), LABEL);
		const to = Math.min(Math.max(x(range.end), from + 3), width - RIGHT + 3);
		if (range.end < view.from || range.begin > view.to)
			return null;
		return svg(`rect.range.level-${Math.min(range.level, 2)}`, { x: from, y: lane(range.epoch) + 6, width: Math.max(to - from, 3),
		    height: LANE - 12, rx: 3 }, svg('title', `${utc(range.begin)} to ${utc(range.end)}: TXID ${range.from_txid} to ${range.to_txid}`));
	}

	function drawMark(kind, time, epoch, words) {
		if (time === null || !inView(time) || !epochs.includes(epoch))
			return null;
		const [cx, cy] = [x(time), lane(epoch) + LANE / 2];
		return svg(`path.${kind}`, { d: kind === 'snapshot' ? `M${cx - 4} ${cy}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0` :
		    `M${cx} ${cy - 7}l6 7l-6 7l-6 -7z` }, svg('title', words));
	}

	function draw() {
		const bottom = TOP + epochs.length * LANE;
		box.setAttribute('viewBox', `0 0 ${width} ${bottom + AXIS}`);
		box.setAttribute('height', bottom + AXIS);
		box.setAttribute('aria-valuenow', Math.round((chosen - least) / 1000));
		box.setAttribute('aria-valuetext', local(chosen, true));
		box.replaceChildren(...[
			drawAxis(bottom),
			epochs.map((epoch) => svg('text.lane', { x: 0, y: lane(epoch) + LANE / 2 + 4 }, `Epoch ${epoch}`)),
			ranges.map(drawRange),
			points.snapshots.map((s) => drawMark('snapshot', ms(s.time), s.epoch, `Snapshot: ${utc(s.time)}, TXID ${s.txid}`)),
			points.migrations.map((m) => drawMark('migration', timeOf(points, ranges, m.epoch, m.txid), m.epoch,
			    `Migration ${m.migration}, after TXID ${m.txid}${m.restorable ? '' : ', which is not kept'}`)),
			inView(chosen) ? [svg('line.chosen', { x1: x(chosen), x2: x(chosen), y1: 0, y2: bottom }),
			    svg('circle.chosen', { cx: x(chosen), cy: 5, r: 5 })] : [],
		].flat(Infinity).filter(Boolean));
	}

	/* --- choosing --- */

	const point = (event) => pick(Math.round(nearest(ranges, timeAt((event.clientX - box.getBoundingClientRect().left)))));
	box.addEventListener('pointerdown', (event) => {
		if (event.button !== 0)
			return;
		box.setPointerCapture(event.pointerId);
		point(event);
	});
	box.addEventListener('pointermove', (event) => {
		if (box.hasPointerCapture(event.pointerId))
			point(event);
	});
	box.addEventListener('keydown', (event) => {
		const second = event.shiftKey ? 60e3 : 1e3;
		const tenth = (view.to - view.from) / 10;
		const step = { ArrowLeft: -second, ArrowDown: -second, ArrowRight: second, ArrowUp: second,
		    PageDown: -tenth, PageUp: tenth }[event.key];
		if (step)
			pick(Math.round(stepped(ranges, chosen, step)));
		else if (event.key === 'Home' || event.key === 'End')
			pick(event.key === 'Home' ? least : most);
		else if (event.key === '+' || event.key === '-')
			zoom(event.key === '+' ? 0.25 : 4);
		else
			return;
		event.preventDefault();
	});
	new ResizeObserver(([{ contentRect }]) => {
		if (contentRect.width > 0 && contentRect.width !== width) {
			width = contentRect.width;
			draw();
		}
	}).observe(node);
	draw();
	return { node, set };
}
