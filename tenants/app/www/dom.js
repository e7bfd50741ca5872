/*
 * Small tools to build the page with.  Whatever comes from people goes in as
 * text nodes; there is no innerHTML in this application.
 */

/* h('button.primary', { onclick }, 'Save', …): an element. */
export function h(spec, ...rest) {
	const [tag, ...classes] = spec.split('.');
	const node = document.createElement(tag || 'div');
	const props = isProps(rest[0]) ? rest.shift() : {};

	if (classes.length)
		node.className = classes.join(' ');
	for (const [name, value] of Object.entries(props)) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith('on'))
			node.addEventListener(name.slice(2), value);
		else if (name.startsWith('--'))
			node.style.setProperty(name, value);
		else if (['value', 'checked', 'disabled', 'selected'].includes(name))
			node[name] = value;
		else
			node.setAttribute(name, value === true ? '' : value);
	}
	/* a select takes its value once it has its options */
	append(node, rest);
	if (tag === 'select' && props.value !== undefined)
		node.value = props.value ?? '';
	return node;
}

function isProps(x) {
	return x !== null && typeof x === 'object' && !Array.isArray(x) &&
	    !(x instanceof Node);
}

function append(node, children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			node.append(child);
}

const SVG = 'http://www.w3.org/2000/svg';

const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0-${2 * r} 0`;

/* What each icon is drawn of, in a box of 16 × 16, in lines of 1.5. */
const ICONS = {
	activity: ['M1.5 8.5h3l2-6 3 11 2-5h3'],
	board: ['M2.5 2.5h3.5v11h-3.5zM10 2.5h3.5v7.5h-3.5z'],
	check: ['M3 8.5l3.5 3.5 6.5-8'],
	close: ['M3.5 3.5l9 9M12.5 3.5l-9 9'],
	comment: ['M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z'],
	date: ['M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3'],
	edit: ['M3 13l.8-3 7-7 2.2 2.2-7 7z'],
	gear: ['M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6', circle(10, 4.5, 2),
	    circle(6, 11.5, 2)],
	key: [circle(5, 11, 3), 'M7.2 8.8l6.3-6.3M11 5l2 2M9 7l1.5 1.5'],
	label: ['M2.5 2.5h5.5l5.5 5.5-5.5 5.5-5.5-5.5z', 'M5.7 5.7v.01'],
	link: ['M6.5 9.5l3-3M7 4.5l1.5-1.5a3.1 3.1 0 0 1 4.5 4.5l-1.5 1.5' +
	    'M9 11.5l-1.5 1.5a3.1 3.1 0 0 1-4.5-4.5l1.5-1.5'],
	list: ['M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4v.01M2.5 8v.01M2.5 12v.01'],
	log: ['M3.5 1.8h9v12.4h-9zM6 5h4M6 8h4M6 11h2.5'],
	menu: ['M2.5 4h11M2.5 8h11M2.5 12h11'],
	moon: ['M13.5 9.5a6 6 0 0 1-7-7 6 6 0 1 0 7 7z'],
	more: ['M3.5 8v.01M8 8v.01M12.5 8v.01'],
	people: [circle(6, 5, 2.5), 'M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4',
	    'M10.5 2.8a2.5 2.5 0 0 1 0 4.4M12.5 9.9c1.3.6 2 1.9 2 3.6'],
	plus: ['M8 3v10M3 8h10'],
	search: [circle(7, 7, 4.5), 'M10.5 10.5l3.5 3.5'],
	sun: [circle(8, 8, 2.7),
	    'M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7' +
	    'M12.6 3.4l-.7.7M4.1 11.9l-.7.7'],
	trash: ['M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9'],
	work: [circle(8, 8, 6), 'M5.5 8.2l1.8 1.8 3.2-4'],
	/* states */
	backlog: [[circle(8, 8, 5.7), { 'stroke-dasharray': '2.4 2' }]],
	todo: [circle(8, 8, 5.7)],
	doing: [circle(8, 8, 5.7),
	    ['M8 4.8a3.2 3.2 0 0 1 0 6.4z', { fill: 'currentColor', stroke: 'none' }]],
	done: [[circle(8, 8, 6.4), { fill: 'currentColor', stroke: 'none' }],
	    ['M5.2 8.3l2 2 3.6-4.3', { class: 'knock' }]],
	cancelled: [circle(8, 8, 5.7), 'M6 6l4 4M10 6l-4 4'],
	/* priorities */
	priority0: [['M3 8h2M7 8h2M11 8h2', { class: 'faint' }]],
	priority1: ['M4 13v-3', ['M8 13v-6M12 13v-10', { class: 'faint' }]],
	priority2: ['M4 13v-3M8 13v-6', ['M12 13v-10', { class: 'faint' }]],
	priority3: ['M4 13v-3M8 13v-6M12 13v-10'],
	priority4: [['M4 1.8h8a2.2 2.2 0 0 1 2.2 2.2v8a2.2 2.2 0 0 1-2.2 2.2h-8' +
	    'a2.2 2.2 0 0 1-2.2-2.2v-8a2.2 2.2 0 0 1 2.2-2.2z',
	    { fill: 'currentColor', stroke: 'none' }], ['M8 4.5v4M8 11.3v.01', { class: 'knock' }]],
};

/* An icon; with a title it speaks, without it is decoration. */
export function icon(name, title) {
	const svg = document.createElementNS(SVG, 'svg');
	svg.setAttribute('viewBox', '0 0 16 16');
	svg.setAttribute('class', `icon icon-${name}`);
	if (title) {
		svg.setAttribute('role', 'img');
		svg.setAttribute('aria-label', title);
		const text = document.createElementNS(SVG, 'title');
		text.textContent = title;
		svg.append(text);
	} else {
		svg.setAttribute('aria-hidden', 'true');
	}
	for (const part of ICONS[name]) {
		const [d, attributes] = typeof part === 'string' ? [part, {}] : part;
		const path = document.createElementNS(SVG, 'path');
		path.setAttribute('d', d);
		for (const [key, value] of Object.entries(attributes))
			path.setAttribute(key, value);
		svg.append(path);
	}
	return svg;
}

/* A button that is only an icon. */
export function iconButton(name, label, onclick, more = {}) {
	return h('button.icon-button', { type: 'button', 'aria-label': label,
	    title: label, onclick, ...more }, icon(name));
}

/* Initials on a colour of one's own. */
export function avatar(id, name) {
	if (!id)
		return h('span.avatar.nobody', { title: 'Nobody' });
	let hue = 0;
	for (const c of id)
		hue = (hue * 31 + c.codePointAt(0)) % 360;
	const words = (name || '?').trim().split(/\s+/);
	const initials = [words[0], words.length > 1 ? words.at(-1) : '']
	    .map((word) => [...word][0] ?? '').join('').toUpperCase();
	return h('span.avatar', { title: name || 'Former member', '--hue': hue,
	    'aria-hidden': 'true' }, initials);
}

export function labelChip(label, ...more) {
	return h('span.label', { '--dot': label.colour }, h('span', label.name), ...more);
}

export const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

/* Times come as "2026-11-23 10:00:00.000Z". */
export const toDate = (text) => new Date(text.replace(' ', 'T'));

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS = [[60, 'second'], [60, 'minute'], [24, 'hour'], [7, 'day']];
const day = (date, year) => date.toLocaleDateString('en-GB',
    { day: 'numeric', month: 'short', year: year ? 'numeric' : undefined });

export function when(text) {
	const date = toDate(text);
	let n = (date - Date.now()) / 1000;
	let words = '';

	for (const [size, unit] of STEPS) {
		if (Math.abs(n) < size) {
			words = unit === 'second' ? 'just now' : ago.format(Math.round(n), unit);
			break;
		}
		n /= size;
	}
	return h('time', { datetime: date.toISOString(),
	    title: date.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'short' }) },
	    words || day(date, date.getFullYear() !== new Date().getFullYear()));
}

export function dayName(text) {
	const date = toDate(text);
	const days = Math.round((new Date().setHours(0, 0, 0, 0) -
	    new Date(date).setHours(0, 0, 0, 0)) / 86400e3);
	if (days < 2)
		return days < 1 ? 'Today' : 'Yesterday';
	return date.toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric',
	    month: 'long', year: days > 300 ? 'numeric' : undefined });
}

/* A due date, and how pressing it is. */
export function dueChip(due, open) {
	const date = new Date(`${due}T00:00:00`);
	const days = Math.round((date - new Date().setHours(0, 0, 0, 0)) / 86400e3);
	const words = days === 0 ? 'Today' : days === 1 ? 'Tomorrow' :
	    day(date, date.getFullYear() !== new Date().getFullYear());
	const press = !open ? '' : days < 0 ? '.late' : days < 2 ? '.soon' : '';
	return h(`span.due${press}`, { title: `Due ${day(date, true)}` +
	    (press === '.late' ? ', overdue' : '') }, icon('date'), words);
}

/* Text as people wrote it, with links where it has addresses or issues. */
export function prose(text, isIssue) {
	const box = h('div.prose');
	const pattern = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'’]|\b[A-Z][A-Z0-9]{1,7}-[1-9]\d{0,8}\b/g;
	let end = 0;

	for (const match of text.matchAll(pattern)) {
		const [word] = match;
		const outside = word.startsWith('http');
		if (!outside && !isIssue(word))
			continue;
		box.append(text.slice(end, match.index), outside ?
		    h('a', { href: word, target: '_blank', rel: 'noopener noreferrer' }, word) :
		    h('a', { href: `#/i/${word}` }, word));
		end = match.index + word.length;
	}
	box.append(text.slice(end));
	return box;
}

/* What a search found: hits stand between U+0002 and U+0003. */
export function marked(text) {
	return text.split('\u0002').flatMap((part, i) => {
		if (i === 0)
			return [part];
		const [hit, ...rest] = part.split('\u0003');
		return [h('mark', hit), rest.join('')];
	});
}
