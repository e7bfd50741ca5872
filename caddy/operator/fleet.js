/*
 * All tenants: how the house is, and a table of who is in it.  Pages, order and
 * filters are the server's work, and stand in the page's address.
 */
import { get } from './api.js';
import { newTenant, invitation } from './deeds.js';
import { h, redraw, section, setText } from './dom.js';
import { overview } from './overview.js';
import { rates } from './rates.js';
import { ago, bytes, count, NONE, plural, rate, span, state } from './words.js';

const PER_PAGE = 25;
const TYPED_MS = 250;
const POOL = '';		/* no slug */

/* sort: the API's word; figures are shown with the largest first at first. */
const COLUMNS = [
	{ name: 'Tenant', sort: 'slug', cell: (item) => item.slug },
	{ name: 'State', cell: (item) => state(item.state) },
	{ name: 'Replication', sort: 'state', cell: (item) => state(item.replication) },
	{ name: 'Lag', sort: 'lag', figure: true, cell: (item) => span(item.lag_ms) },
	{ name: 'Size', sort: 'size', figure: true, cell: (item) => bytes(item.size) },
	{ name: 'Writes today', sort: 'writes', figure: true, cell: (item) => count(item.writes_today) },
	{ name: 'Writes/s', figure: true, title: 'The mean of the last minutes in which this page saw the tenant',
	    cell: (item, writes) => rate(writes.of(item.slug)) },
	{ name: 'PUTs', sort: 'puts', figure: true, title: 'Since the replicator started', cell: (item) => count(item.puts) },
	{ name: 'Last proven', sort: 'proven', figure: true, cell: (item) => ago(item.proven) },
	{ name: 'What is wrong', wide: true, cell: (item) => item.error || '' },
];

function readQuery(text) {
	const asked = new URLSearchParams(text);
	return { match: asked.get('match') ?? '', state: asked.get('state') ?? '', wrong: asked.has('wrong'),
	    sort: asked.get('sort') ?? 'slug', page: Math.max(1, Number.parseInt(asked.get('page') ?? 1, 10) || 1) };
}

function addressOf({ match, state: of, wrong, sort, page }) {
	const asked = new URLSearchParams({ ...match && { match }, ...of && { state: of }, ...wrong && { wrong: 1 },
	    ...sort !== 'slug' && { sort }, ...page > 1 && { page } });
	return asked.size ? `#/?${asked}` : '#/';
}

/* A word without a star is looked for anywhere in the name. */
const patternOf = (match) => match && (/[*?[]/.test(match) ? match : `*${match}*`);

export function fleet(text, { again }) {
	let query = readQuery(text);
	const writes = rates();
	const top = overview();
	const rows = new Map();		/* slug → its row, as it stands in the table */

	/* --- filters --- */

	const go = (change, quietly) => {
		query = { ...query, page: 1, ...change };
		history[quietly ? 'replaceState' : 'pushState'](null, '', addressOf(query));
		drawHead();
		again();
	};
	let typed;
	const match = h('input', { type: 'search', id: 'match', value: query.match, placeholder: 'acme or ac*', autocapitalize: 'none',
	    autocomplete: 'off', spellcheck: 'false', maxlength: 58, oninput: () => {
		clearTimeout(typed);
		typed = setTimeout(() => go({ match: match.value.trim() }, true), TYPED_MS);
	    } });
	const of = h('select', { id: 'of', onchange: () => go({ state: of.value }) }, h('option', { value: '' }, 'any state'),
	    ['active', 'suspended', 'deleted'].map((name) => h('option', { value: name }, name)));
	of.value = query.state;
	const wrong = h('input', { type: 'checkbox', id: 'wrong', checked: query.wrong,
	    onchange: () => go({ wrong: wrong.checked }) });

	/* --- the table --- */

	const heads = COLUMNS.map((column) => {
		const words = column.sort ? h('button.plain', { type: 'button', onclick: () => {
			const falling = query.sort === column.sort ? true : query.sort === `-${column.sort}` ? false : column.figure;
			go({ sort: `${falling ? '-' : ''}${column.sort}` });
		} }, column.name) : column.name;
		return h(`th${column.figure ? '.figure' : ''}${column.wide ? '.wide' : ''}`, { scope: 'col', title: column.title }, words);
	});
	const body = h('tbody');
	const found = h('p.found', { role: 'status' });
	const table = h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': 'Tenants' },
	    h('table', h('thead', h('tr', heads)), body));

	function drawHead() {
		for (const [i, { sort }] of COLUMNS.entries())
			if (sort)
				heads[i].setAttribute('aria-sort', query.sort === sort ? 'ascending' :
				    query.sort === `-${sort}` ? 'descending' : 'none');
	}

	function newRow(slug) {
		const cells = COLUMNS.map(({ figure, wide }, i) => i === 0 ?
		    h('th', { scope: 'row' }, h('a', { href: `#/tenants/${encodeURIComponent(slug)}` }, slug)) :
		    h(`td${figure ? '.figure' : ''}${wide ? '.wide' : ''}`));
		return { node: h('tr', cells), cells };
	}

	/* Rows stay the nodes that they are, so that focus and selection do. */
	function drawRows(items) {
		const order = [];
		for (const item of items) {
			const row = rows.get(item.slug) ?? newRow(item.slug);
			rows.set(item.slug, row);
			order.push(row.node);
			for (const [i, { cell }] of COLUMNS.entries()) {
				const value = i > 0 && cell(item, writes);
				if (i > 0)
					redraw(row.cells[i], value instanceof Node ? value.outerHTML : value, () => value);
			}
		}
		if (order.length !== body.children.length || order.some((node, i) => node !== body.children[i])) {
			const focused = document.activeElement;
			body.replaceChildren(...order);
			if (focused?.isConnected && body.contains(focused))
				focused.focus({ preventScroll: true });
		}
		for (const slug of rows.keys())
			if (!rows.get(slug).node.isConnected)
				rows.delete(slug);
	}

	/* --- pages --- */

	const turn = (words, label, to) => {
		const button = h('button', { type: 'button', 'aria-label': label, onclick: () => go({ page: to() }) }, words);
		return button;
	};
	let pages = 1;
	const where = h('span', NONE);
	const first = turn('«', 'First page', () => 1);
	const before = turn('‹', 'Page before', () => query.page - 1);
	const next = turn('›', 'Next page', () => query.page + 1);
	const last = turn('»', 'Last page', () => pages);

	function drawPager({ totalItems, totalPages }) {
		pages = Math.max(1, totalPages);
		setText(where, `Page ${count(query.page)} of ${count(pages)}`);
		setText(found, plural(totalItems, 'tenant'));
		first.disabled = before.disabled = query.page <= 1;
		next.disabled = last.disabled = query.page >= pages;
	}

	drawHead();
	return {
		title: 'Fleet',
		node: h('main', h('h1.unseen', 'Fleet'), top.node,
		    section('Tenants',
			h('div.bar', h('form.filters', { role: 'search', 'aria-label': 'Filter', onsubmit: (event) => event.preventDefault() },
			    h('label', { for: 'match' }, 'Name'), match, h('label', { for: 'of' }, 'State'), of,
			    wrong, h('label', { for: 'wrong' }, 'Only what is wrong')),
			h('div.buttons', h('button', { type: 'button', onclick: () => invitation() }, 'Invitation code…'),
			    h('button.primary', { type: 'button', onclick: () => newTenant(again) }, 'New tenant…'))),
			table, h('nav.pager', { 'aria-label': 'Pages' }, found, first, before, where, next, last))),
		async refresh() {
			const asked = query;
			const [all, page] = await Promise.all([
				get('/status', { wrong: true, perPage: 5, sort: '-lag' }),
				get('/status', { slug: patternOf(asked.match), state: asked.state, wrong: asked.wrong || undefined,
				    sort: asked.sort, page: asked.page, perPage: PER_PAGE }),
			]);
			if (asked !== query)
				return;
			const time = Date.parse(page.time);
			writes.note(POOL, time, all.pool.writes);
			for (const item of page.items)
				writes.note(item.slug, time, item.writes_today);
			top.set(all, writes.of(POOL));
			drawRows(page.items);
			drawPager(page);
			/* the last of a page is gone */
			if (page.items.length === 0 && asked.page > pages)
				go({ page: pages }, true);
		},
	};
}
