/* The pages across projects: my work, search, activity. */
import { get, isAdmin, me } from './api.js';
import { avatar, dayName, h, icon, marked, when } from './dom.js';
import { action, broken, empty, fetched, moreButton } from './ui.js';
import { called, stateName, team } from './team.js';
import { issueRow } from './cards.js';
import { deed } from './timeline.js';
import { editProject } from './project.js';

const PAGE = 100;
const WORK_MAX = 500;		/* who has more open issues has another problem */
const TYPING_MS = 150;

export const workPage = () => fetched('My work', async () => {
	if (!team.projects.length && !team.archived.length)
		return welcome();
	const items = [];
	for (let last = null;;) {
		const page = await get('/me/issues',
		    { limit: PAGE, priority: last?.priority, before: last?.id });
		items.push(...page.items);
		last = page.items.at(-1);
		if (page.items.length < PAGE || items.length >= WORK_MAX)
			break;
	}
	if (!items.length)
		return empty('work', 'Nothing is waiting for you',
		    'Issues that are open and assigned to you appear here, the most urgent first.');
	return ['doing', 'todo', 'backlog'].map((state) => {
		const mine = items.filter((issue) => issue.state === state);
		return mine.length ? h('section.sheet',
		    h('h2', stateName[state], h('span.count', String(mine.length))),
		    h('ol.rows', mine.map((issue) => issueRow(issue)))) : '';
	});
});

function welcome() {
	if (isAdmin())
		return empty('board', me().name ? `Welcome, ${me().name}` : 'Welcome',
		    'Work is kept in projects. Make the first one; its board is ready at once.',
		    action('New project', () => editProject()),
		    h('a.button', { href: '#/people' }, icon('people'), 'Add people'));
	return empty('board', 'It begins here',
	    'There is no project yet. An admin of your team makes the first one.');
}

export function searchPage(start) {
	const input = h('input.big', { type: 'search', 'aria-label': 'Search', value: start,
	    maxlength: 200, placeholder: 'Words, or an issue such as WEB-12', autocomplete: 'off',
	    spellcheck: 'false' });
	const results = h('div', { 'aria-live': 'polite' });
	let timer = 0;
	let asking = null;

	async function find() {
		const q = input.value.trim();
		asking?.abort();
		history.replaceState(null, '', q ? `#/search?${new URLSearchParams({ q })}` : '#/search');
		if (!q) {
			results.replaceChildren(empty('search', 'Search everything',
			    'Titles, descriptions and comments of all projects. ' +
			    'The beginning of a word is enough.'));
			return;
		}
		asking = new AbortController();
		try {
			const { items } = await get('/search', { q }, asking.signal);
			results.replaceChildren(items.length ? h('section.sheet', h('ol.rows.found',
			    items.map((item) => issueRow(item,
				{ title: marked(item.title), excerpt: marked(item.excerpt) })))) :
			    empty('search', 'Nothing found',
				`No issue has “${q}” in its texts or comments.`));
		} catch (error) {
			if (error.name !== 'AbortError' && error.status !== 401)
				results.replaceChildren(broken(error, find));
		}
	}

	input.addEventListener('input', () => {
		clearTimeout(timer);
		timer = setTimeout(find, TYPING_MS);
	});
	find();
	queueMicrotask(() => input.focus());
	const form = h('form.search', { role: 'search', onsubmit: (event) => {
		event.preventDefault();
		find();
	} }, icon('search'), input);
	return { title: 'Search', node: h('div.page', h('header.page-head',
	    h('div.page-title', h('h1', 'Search')), form), results) };
}

export function activityPage() {
	const choose = h('select.filter', { 'aria-label': 'Project', onchange: () => page.refresh() },
	    h('option', { value: '' }, 'All projects'),
	    team.projects.map((p) => h('option', { value: p.key }, p.name)));
	const page = fetched('Activity', async () => await feed('/activity',
	    { project: choose.value, limit: PAGE }, (item) => h('li',
		avatar(item.actor ?? '?', item.actor_name),
		h('p', h('b', called(item.actor_name)), ' ', deed(item,
		    h('a', { href: `#/i/${item.ref}` }, h('span.ref', item.ref), ' ', item.title))),
		when(item.at))) ??
	    empty('activity', 'All quiet', 'What your team does appears here as it happens.'), choose);
	return page;
}

/* What happened, by days, newest first, with a button for the page before; null: nothing. */
export async function feed(path, query, entry) {
	const { items } = await get(path, query);
	if (!items.length)
		return null;
	const box = h('div');
	const draw = () => {
		const days = new Map();
		for (const item of items) {
			const name = dayName(item.at);
			days.set(name, [...days.get(name) ?? [], item]);
		}
		box.replaceChildren(...[...days].map(([name, list]) =>
		    h('section.sheet', h('h2', name), h('ol.feed', list.map(entry)))));
	};
	const more = moreButton('Show earlier', async () => {
		const next = await get(path, { ...query, before: items.at(-1).id });
		items.push(...next.items);
		draw();
		return next.items.length === query.limit;
	});
	more.hidden = items.length < query.limit;
	draw();
	return [box, more];
}
