/*
 * The frame: who is signed in, the bar at the side, and which page is shown.
 * The part of the address after '#' says which:
 *
 *	#/                  my work           #/p/WEB        a project's board
 *	#/p/WEB/list        its list          #/i/WEB-12     an issue, over its board
 *	#/search?q=…        #/activity        #/labels       #/people
 *	#/account           #/keys            #/audit
 *	#/forgotten, #/confirm-…/TOKEN        what mails lead to
 */
import { get, isAdmin, me, onSessionOver, refresh, signOut } from './api.js';
import { h, icon, iconButton, avatar } from './dom.js';
import { broken, dialog, failed, loading, menu } from './ui.js';
import { loadMembers, loadProjects, loadTeam, team, tenant } from './team.js';
import { forgetDrafts, newIssue, openIssue } from './issue.js';
import { editProject, projectPage } from './project.js';
import { activityPage, searchPage, workPage } from './pages.js';
import { labelsPage } from './labels.js';
import { askName, peoplePage } from './people.js';
import { accountPage } from './account.js';
import { keysPage } from './keys.js';
import { auditPage } from './audit.js';
import { mailedPage } from './mailed.js';
import { signInPage } from './signin.js';

const POLL_MS = 15000;
const REFRESH_MS = 6 * 3600e3;

const app = document.getElementById('app');
const main = h('main', { id: 'main', tabindex: -1 });
let page = null;		/* { path, refresh } of what main shows */
let panel = null;		/* the open issue */
let seen = 0;			/* the last activity we know of */
let letter = false;		/* what a mail leads to is shown */

/* "#/p/WEB/list?label=3": its segments and what follows the question mark. */
function address() {
	const [path, query] = location.hash.slice(1).split('?');
	return { path, segments: path.split('/').slice(1).map(decodeURIComponent),
	    query: Object.fromEntries(new URLSearchParams(query)) };
}

const PAGES = {
	'': () => workPage(),
	p: ({ segments, query }) => projectPage(segments[1], segments[2] ?? 'board', query),
	search: ({ query }) => searchPage(query.q ?? ''),
	activity: () => activityPage(),
	labels: () => labelsPage(),
	people: () => peoplePage(),
	account: () => accountPage(drawSide),
	keys: () => isAdmin() ? keysPage() : PAGES[''](),
	audit: () => isAdmin() ? auditPage() : PAGES[''](),
};

/* Shows what the address says. */
function route() {
	const here = address();

	if (showLetter(here))
		return;
	if (!me())
		return;
	document.body.classList.remove('side-open');

	if (here.segments[0] === 'i') {
		if (!page)
			show({ path: `/p/${here.segments[1].split('-')[0]}`,
			    segments: ['p', here.segments[1].split('-')[0]], query: {} });
		showIssue(here.segments[1]);
		return;
	}
	if (panel)
		panel.leave();
	if (location.hash.slice(1) !== page?.hash)
		show(here);
}

/* What a mail leads to takes the whole window, whoever is signed in. */
function showLetter(here) {
	const node = mailedPage(here.segments, (words) => {
		/* the token does not stay in the history */
		history.replaceState(null, '', '#/');
		letter = false;
		signedOut(words ?? '');
	});
	const left = letter && !node;

	letter = Boolean(node);
	if (node) {
		panel?.leave();
		page = null;
		app.replaceChildren(node);
		node.querySelector('input')?.focus();
	} else if (left) {
		signedOut('');
	}
	return letter || left;
}

function show(here) {
	const make = PAGES[here.segments[0] ?? ''] ?? PAGES[''];
	const query = new URLSearchParams(here.query).toString();

	page = { hash: here.path + (query ? `?${query}` : ''), path: here.path, ...make(here) };
	main.replaceChildren(page.node);
	document.title = `${page.title} · ${tenant}`;
	scrollTo(0, 0);
	if (!main.contains(document.activeElement))
		main.focus({ preventScroll: true });
	drawSide();
}

function showIssue(ref) {
	if (panel?.ref === ref)
		return;
	panel?.leave();
	panel = openIssue(ref, {
		changed: () => page?.refresh?.(),
		closed: () => {
			panel = null;
			document.title = `${page.title} · ${tenant}`;
			if (address().segments[0] === 'i')
				location.hash = `#${page.hash || '/'}`;
		},
	});
}

/* The bar at the side. */
const side = h('nav.side', { 'aria-label': 'Main' });

function link(href, name, text, count) {
	const on = `#${page?.path || '/'}` === href ||
	    (href.startsWith('#/p/') && `#${page?.path}`.startsWith(`${href}/`));
	return h('a.side-link', { href, 'aria-current': on ? 'page' : undefined },
	    typeof name === 'string' ? icon(name) : name, h('span.grow', text),
	    count ? h('span.count', { title: `${count} open` }, String(count)) : null);
}

function drawSide() {
	const account = h('button.account', { type: 'button', 'aria-haspopup': 'menu',
	    onclick: () => accountMenu(account) },
	    avatar(me().id, me().name || me().email),
	    h('span.grow', h('b', me().name || me().email), h('small', me().role)), icon('more'));

	side.replaceChildren(
	    h('div.brand', h('img', { src: '/favicon.svg', alt: '', width: 26, height: 26 }),
		h('b', tenant)),
	    h('button.primary.wide', { type: 'button', disabled: !team.projects.length,
		onclick: compose }, icon('plus'), 'New issue', h('kbd', 'C')),
	    h('div.side-group',
		link('#/', 'work', 'My work'),
		link('#/search', 'search', 'Search'),
		link('#/activity', 'activity', 'Activity')),
	    h('div.side-group.projects',
		h('h2', 'Projects', isAdmin() ?
		    iconButton('plus', 'New project', () => editProject()) : null),
		team.projects.map((p) => link(`#/p/${p.key}`, h('span.key', p.key), p.name, p.open)),
		team.projects.length ? null : h('p.quiet', 'No projects yet.'),
		team.archived.length ? h('details',
		    { open: team.archived.some((p) => page?.path.startsWith(`/p/${p.key}`)) },
		    h('summary', `Archived (${team.archived.length})`),
		    team.archived.map((p) => link(`#/p/${p.key}`, h('span.key', p.key), p.name))) : null),
	    h('div.side-group',
		link('#/labels', 'label', 'Labels'),
		link('#/people', 'people', 'People'),
		isAdmin() ? [link('#/keys', 'key', 'API keys'), link('#/audit', 'log', 'Audit log')] : null),
	    account);
}

function redraw() {
	drawSide();
	page?.refresh?.();
}

function accountMenu(button) {
	const theme = document.documentElement.dataset.theme ?? 'auto';
	const themes = [['auto', 'Colours of the system'], ['light', 'Light'], ['dark', 'Dark']];

	menu(button, 'Account', [
		{ text: 'Account and security', icon: icon('gear'),
		    run: () => { location.hash = '#/account'; } },
		...themes.map(([value, text]) => ({ text, checked: theme === value,
		    icon: icon(value === 'dark' ? 'moon' : 'sun'), run: () => {
			document.documentElement.dataset.theme = value;
			try { localStorage.setItem('theme', value); } catch { /* for now only */ }
		} })),
		{ text: 'Keyboard shortcuts', icon: icon('menu'), run: shortcuts },
		{ text: 'Sign out', icon: icon('close'), run: () => signOut() },
	]);
}

function compose() {
	const [kind, key] = page?.path.split('/').slice(1) ?? [];
	document.body.classList.remove('side-open');
	if (team.projects.length)
		newIssue({ project: kind === 'p' ? key : undefined }, () => page?.refresh?.());
}

function shortcuts() {
	const keys = [['C', 'New issue'], ['/', 'Search'], ['?', 'This list'],
	    ['Esc', 'Close what is open'], ['← ↑ → ↓', 'Go from card to card on a board'],
	    ['Shift ← →', 'Move a card to the next column'],
	    ['Ctrl Enter', 'Send the comment or form']];
	dialog('Keyboard shortcuts', h('dl.keys', keys.map(([key, text]) =>
	    [h('dt', key.split(' ').map((k) => h('kbd', k))), h('dd', text)])));
}

addEventListener('keydown', (event) => {
	if ((event.ctrlKey || event.metaKey) && event.key === 'Enter')
		event.target.closest?.('form')?.requestSubmit();
	if (event.key === 'Escape')
		document.body.classList.remove('side-open');
	if (!me() || event.ctrlKey || event.metaKey || event.altKey ||
	    event.target.closest?.('input, textarea, select, dialog, [popover]') ||
	    document.querySelector('dialog[open]'))
		return;
	const run = { c: compose, '?': shortcuts, '/': () => { location.hash = '#/search'; } }[event.key];
	if (run) {
		event.preventDefault();
		run();
	}
});

/* Fetches what others did and shows it, while somebody looks at the page. */
async function poll() {
	if (!me() || document.hidden || !page)
		return;
	try {
		const { items } = await get('/activity', { after: seen, limit: 50 });
		const first = seen === 0;
		if (!items.length)
			return;
		seen = items[0].id;
		if (first || document.querySelector('.dragging'))
			return;
		if (items.some(({ actor }) => !team.members.some(({ id }) => id === actor)))
			await loadMembers();
		await loadProjects();
		page.refresh?.();
		if (items.some((item) => item.ref === panel?.ref))
			panel.refresh();
	} catch {
		/* the next round tries again; what somebody does himself says so */
	}
}

function frame() {
	const toggle = () => document.body.classList.toggle('side-open');
	app.replaceChildren(
	    h('a.skip', { href: '#main', onclick: (event) => { event.preventDefault(); main.focus(); } },
		'Skip to the content'),
	    h('header.topbar', iconButton('menu', 'Menu', toggle), h('b', tenant),
		iconButton('search', 'Search', () => { location.hash = '#/search'; }),
		iconButton('plus', 'New issue', compose)),
	    side, h('div.shade', { onclick: toggle }), main);
}

async function start() {
	main.replaceChildren(loading());
	frame();
	try {
		await Promise.all([refresh(), loadTeam()]);
	} catch (error) {
		if (error.status !== 401)
			main.replaceChildren(broken(error, start));
		return;
	}
	page = null;
	route();
	poll();
	if (!me().name)
		askName(redraw);
}

function signedOut(why) {
	panel?.leave();
	for (const box of document.querySelectorAll('dialog'))
		box.close();
	forgetDrafts();
	page = null;
	seen = 0;
	if (me())
		start();
	else
		app.replaceChildren(signInPage(why, start));
}

addEventListener('hashchange', () => {
	/* whoever goes back leaves what he began; what is shown once stays */
	for (const box of document.querySelectorAll('dialog.box:not(.once)'))
		box.close();
	route();
});
addEventListener('projects', () => { if (page) drawSide(); });
document.addEventListener('visibilitychange', poll);
setInterval(poll, POLL_MS);
setInterval(() => { if (me()) refresh().catch(failed); }, REFRESH_MS);
onSessionOver(signedOut);
if (!showLetter(address()))
	signedOut('');
