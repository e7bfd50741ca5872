/*
 * The operator's page: who is signed in, which view is shown, and that what it
 * shows is new.  Views are { title, node, refresh() }; refresh() asks anew and draws, or
 * throws and leaves all as it was.
 */
import { onSessionOver, signedIn, signOut } from './api.js';
import { h, setText } from './dom.js';
import { fleet } from './fleet.js';
import { tray } from './jobs.js';
import { signInPage } from './signin.js';
import { tenant } from './tenant.js';
import { span } from './words.js';

const EVERY_MS = 3000;

const page = document.getElementById('page');
const age = h('span.age');
const stale = h('p.stale', { role: 'alert', hidden: true });

let view = null;
let seen = 0;			/* when the last answer came; 0: there was none */
let trouble = null;
let asking = null;		/* the view whose refresh is on its way */
let notBefore = 0;

/* --- what is new --------------------------------------------------------------- */

async function refresh() {
	const own = view;

	if (!own || document.hidden || asking === own || Date.now() < notBefore)
		return;
	asking = own;
	try {
		await own.refresh();
		if (own === view) {
			seen = Date.now();
			trouble = null;
		}
	} catch (error) {
		if (own === view) {
			trouble = error;
			notBefore = Date.now() + (error.wait ?? 0) * 1000;
		}
	} finally {
		if (asking === own)
			asking = null;
	}
	drawAge();
}

function drawAge() {
	if (!view)
		return;
	const old = Math.floor((Date.now() - seen) / 1000) * 1000;

	view.node.classList.toggle('old', trouble !== null);
	view.node.setAttribute('aria-busy', String(!seen && !trouble));
	stale.hidden = trouble === null;
	if (trouble)
		setText(stale, trouble.status === 404 ? 'There is no such tenant (any more).' :
		    `${trouble.message}${seen ? ' What is shown is old.' : ''}`);
	setText(age, !seen ? 'asks…' : old ? `${span(old)} old` : 'just now');
	age.classList.toggle('late', trouble !== null);
}

/* Now: something was done, or asked for in another way. */
function again() {
	notBefore = 0;
	asking = null;
	refresh();
}

setInterval(refresh, EVERY_MS);
setInterval(drawAge, 1000);
document.addEventListener('visibilitychange', refresh);

/* --- which view ------------------------------------------------------------------ */

function route() {
	const [path, query] = (location.hash.slice(1) || '/').split('?');
	const [, slug] = path.match(/^\/tenants\/(.+)$/) ?? [];

	if (!signedIn())
		return door('');
	for (const box of document.querySelectorAll('dialog'))
		box.close();
	try {
		view = slug ? tenant(decodeURIComponent(slug), { again }) : fleet(query, { again });
	} catch {
		view = fleet('', { again });
	}
	seen = 0;
	trouble = null;
	document.title = `${view.title} – Rowhouse`;
	page.replaceChildren(h('header', h('a.brand', { href: '#/' }, 'Rowhouse'), h('span.grow'), age,
	    h('button', { type: 'button', onclick: () => signOut() }, 'Sign out')), stale, view.node, tray);
	view.node.tabIndex = -1;
	view.node.focus({ preventScroll: true });
	scrollTo(0, 0);
	drawAge();
	again();
}

function door(why) {
	const { node, focus } = signInPage(why, route);

	view = null;
	for (const box of document.querySelectorAll('dialog'))
		box.close();
	tray.replaceChildren();
	document.title = 'Rowhouse, for its operator';
	page.replaceChildren(node);
	focus();
}

onSessionOver(door);
addEventListener('hashchange', route);
/* Who leaves the page has signed out, also where the browser keeps it to go back to. */
addEventListener('pagehide', () => signOut());
door('');
