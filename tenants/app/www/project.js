/* A project: its board or its list, and what an admin may change of it. */
import { get, isAdmin, patch, post, remove, segment } from './api.js';
import { h, icon, iconButton } from './dom.js';
import { action, alertBox, broken, confirmed, dialog, empty, failed, field, formEnd, growing,
    loading, moreButton, submitting, toast } from './ui.js';
import { STATES, loadProjects, people, project, team } from './team.js';
import { board } from './board.js';
import { issueRow } from './cards.js';
import { newIssue } from './issue.js';

const PAGE = 50;

export function projectPage(key, view, filter) {
	const info = project(key) ?? { key, name: key };
	const body = h('div.project-body', loading());
	const head = h('header.page-head');
	const path = `/projects/${segment(key)}`;
	let shown = 0;			/* the newest request wins */

	const compose = (state) => newIssue({ project: key, state }, refresh);

	function drawHead(now) {
		const tab = (name, text, to) => h('a.tab', { href: `#/p/${key}${to}${query(filter)}`,
		    'aria-current': view === name ? 'page' : undefined }, icon(name), text);
		head.replaceChildren(
		    h('div.page-title', h('span.key', key), h('h1', now.name),
			now.archived ? h('span.badge', 'Archived') : null,
			isAdmin() ? iconButton('gear', 'Project settings', () => editProject(now, refresh)) : null,
			now.description ? h('p.quiet', now.description) : null),
		    h('div.toolbar',
			h('div.tabs', tab('board', 'Board', ''), tab('list', 'List', '/list')),
			filters()));
	}

	function filters() {
		const choose = (name, label, options) => h('select.filter', { 'aria-label': label,
		    value: filter[name] ?? '', 'data-set': filter[name] ? 'yes' : undefined,
		    onchange: (event) => {
			const wanted = { ...filter, [name]: event.currentTarget.value };
			location.hash = `#/p/${key}${view === 'list' ? '/list' : ''}${query(wanted)}`;
		    } },
		    h('option', { value: '' }, label),
		    options.map(([value, text]) => h('option', { value }, text)));
		return h('div.filters',
		    view === 'list' ? choose('state', 'Any state', STATES) : null,
		    choose('assignee', 'Anybody', [['none', 'Nobody'], ...people()]),
		    choose('label', 'Any label', team.labels.map((l) => [l.id, l.name])));
	}

	async function refresh() {
		const mine = ++shown;
		try {
			const [now, { items }] = await Promise.all([get(path),
			    get(`${path}/${view === 'list' ? 'issues' : 'board'}`, { ...filter, limit: PAGE })]);
			if (mine !== shown)
				return;
			drawHead(now);
			const total = Object.values(now.counts).reduce((a, b) => a + b, 0);
			if (!total)
				body.replaceChildren(empty('board', 'A fresh start',
				    now.archived ? 'This project ended without an issue.' :
					'Write down the first thing that has to be done; the board builds itself.',
				    now.archived ? null : action('New issue', () => compose())));
			else if (view === 'list')
				showList(items);
			else
				showBoard(now, items);
		} catch (error) {
			/* what is shown already is better than nothing */
			if (mine !== shown || error.status === 401)
				return;
			if (error.status === 404)
				body.replaceChildren(empty('board', `There is no project ${key}`, 'It may have been deleted.'));
			else if (body.querySelector('[data-ref]'))
				failed(error);
			else
				body.replaceChildren(broken(error, refresh));
		}
	}

	function showBoard(now, items) {
		const focused = document.activeElement?.closest?.('.board [data-ref]')?.dataset.ref;
		const at = body.firstElementChild?.scrollLeft ?? 0;
		const node = board(key, { filter, counts: now.counts, issues: items,
		    compose: now.archived ? null : compose, reload: refresh });
		body.replaceChildren(node);
		node.scrollLeft = at;
		if (focused)
			node.querySelector(`[data-ref="${focused}"] .card-link`)?.focus({ preventScroll: true });
	}

	function showList(items) {
		const list = h('ol.rows', items.map((issue) => issueRow(issue)));
		const more = moreButton('Show more', async () => {
			const page = await get(`${path}/issues`,
			    { ...filter, limit: PAGE, before: items.at(-1).id });
			items.push(...page.items);
			list.append(...page.items.map((issue) => issueRow(issue)));
			return page.items.length === PAGE;
		});
		more.hidden = items.length < PAGE;
		body.replaceChildren(items.length ? h('div.sheet', list, more) :
		    empty('search', 'Nothing fits the filter', 'Take a part of it away to see more.',
			h('a.button', { href: `#/p/${key}/list` }, 'Clear the filter')));
	}

	drawHead(info);
	refresh();
	return { title: info.name, refresh,
	    node: h('div.project-page', { 'data-view': view }, head, body) };
}

function query(filter) {
	const set = Object.entries(filter).filter(([, value]) => value);
	return set.length ? `?${new URLSearchParams(set)}` : '';
}

/* "Customer Website" → "CW", "Website" → "WEBS": a key to begin with. */
function keyOf(name) {
	const words = name.normalize('NFD').toUpperCase().replace(/[^A-Z0-9 ]/g, '')
	    .split(' ').filter((word) => /^[A-Z]/.test(word));
	return (words.length > 1 ? words.map((word) => word[0]).join('') : words[0] ?? '').slice(0, 4);
}

/* A new project, or what may be changed of one that is there; done() then. */
export function editProject(now, done = () => {}) {
	const name = h('input', { required: true, maxlength: 80, value: now?.name ?? '' });
	const key = h('input.key-input', { required: true, minlength: 2, maxlength: 8,
	    autocapitalize: 'characters', pattern: '[A-Za-z][A-Za-z0-9]+',
	    title: 'Two to eight letters and digits, a letter first' });
	const description = growing({ rows: 2, maxlength: 2000, value: now?.description ?? '' });
	let ownKey = false;

	key.addEventListener('input', () => { ownKey = key.value !== ''; });
	name.addEventListener('input', () => { if (!ownKey) key.value = keyOf(name.value); });
	const form = h('form', { onsubmit: submitting(async () => {
		if (now) {
			await patch(`/projects/${segment(now.key)}`, { version: now.version,
			    name: name.value, description: description.value });
			await changed();
		} else {
			const made = await post('/projects', { key: key.value, name: name.value,
			    description: description.value });
			await changed();
			location.hash = `#/p/${made.key}`;
		}
	}) },
	alertBox(),
	field('name', 'Name', name),
	now ? null : field('key', 'Key', key,
	    'Names its issues, as WEB-12 does; it cannot be changed later.'),
	field('description', 'What it is about', description),
	now ? formEnd('Save', danger(now)) : formEnd('Create project'));

	async function changed() {
		box.close();
		await loadProjects();
		done();
	}

	function danger(p) {
		const act = (text, run) => h('button.quiet-button', { type: 'button',
		    onclick: () => run().catch(failed) }, text);
		const archive = (archived) => async () => {
			await patch(`/projects/${segment(p.key)}`, { version: p.version, archived });
			toast(archived ? `${p.name} is archived.` : `${p.name} is back.`);
			await changed();
		};
		if (!p.archived)
			return act('Archive', archive(true));
		return [act('Take out of the archive', archive(false)), act('Delete…', async () => {
			if (!await confirmed(`Delete ${p.name}?`, 'All its issues, comments and history are deleted ' +
			    'with it. This cannot be undone.', 'Delete the project'))
				return;
			await remove(`/projects/${segment(p.key)}`);
			location.hash = '#/';
			toast(`${p.name} is deleted.`);
			await changed();
		})];
	}

	const box = dialog(now ? `${now.name}: settings` : 'New project', form);
	name.focus();
}
