/* API keys: for programs, which cannot sign in. */
import { get, isOwner, post, remove, segment } from './api.js';
import { h, icon, iconButton, when } from './dom.js';
import { action, alertBox, confirmed, dialog, empty, failed, fetched, field, formEnd, showOnce,
    submitting, toast } from './ui.js';
import { loadMembers, memberName } from './team.js';

const SCOPES = { read: 'Reads', write: 'Reads and writes' };
const ROLES = { member: 'a member', admin: 'an admin', owner: 'an owner' };

export function keysPage() {
	const page = fetched('API keys', async () => {
		const [{ items }] = await Promise.all([get('/keys'), loadMembers()]);
		if (!items.length)
			return empty('key', 'No keys yet',
			    'A program that works with your team’s data shows a key in the place of a ' +
			    'password. It may do no more than whoever made it.');
		return h('section.sheet', h('ul.rows', items.map(row)));
	}, action('New key', () => makeKey(page.refresh)));

	function row(key) {
		return h('li.row.api-key', icon('key'), h('span.grow', h('b', key.name),
		    h('small', `${SCOPES[key.scope]} what ${ROLES[key.role]} may, made by ${memberName(key.owner)}`),
		    key.paths.length ? h('small.mono', key.paths.join(' ')) : null),
		    h('span.key-facts',
			h('span.quiet.small', ...key.used ? ['used ', when(key.used)] : ['never used']),
			key.active ? key.expires && h('span.quiet.small', 'until ', until(key.expires)) :
			    h('span.badge', 'not valid any more')),
		    iconButton('trash', `Revoke ${key.name}`, () => revoke(key, page.refresh)));
	}

	return page;
}

const until = (text) => h('time', { datetime: text }, text.slice(0, 10));

async function revoke(key, done) {
	if (!await confirmed(`Revoke ${key.name}?`,
	    'What uses this key is refused from now on. This cannot be undone.', 'Revoke'))
		return;
	try {
		await remove(`/keys/${segment(key.id)}`);
		toast(`${key.name} is revoked.`);
	} catch (error) {
		if (error.status === 403)
			error.message = 'Only an owner may revoke an owner’s key.';
		failed(error);
	}
	done();
}

function makeKey(done) {
	const name = h('input', { required: true, maxlength: 200, autocomplete: 'off' });
	const scope = h('select', Object.entries(SCOPES).map(([value, text]) =>
	    h('option', { value }, text)));
	const role = h('select', Object.entries(ROLES).filter(([value]) => value !== 'owner' || isOwner())
	    .map(([value, text]) => h('option', { value }, `What ${text} may`)));
	const paths = h('textarea.mono', { rows: 2, spellcheck: 'false',
	    placeholder: '/api/projects/WEB' });
	const expires = h('input', { type: 'date' });
	const box = dialog('New API key', h('form', { onsubmit: submitting(async () => {
		const lines = paths.value.split('\n').map((line) => line.trim()).filter(Boolean);
		const made = await post('/keys', { name: name.value.trim(), scope: scope.value,
		    role: role.value, paths: lines.length ? lines : undefined,
		    expires: expires.value ? `${expires.value}T23:59:59Z` : undefined });
		box.close();
		done();
		showOnce(made.name, 'Send it as Authorization: Bearer … with each request. It is not shown ' +
		    'again: what is kept here only recognizes it.', made.key);
	}) }, alertBox(), field('name', 'Name', name, 'What uses it, and where.'),
	h('div.grid', field('scope', 'Access', scope), field('role', 'To', role)),
	field('paths', 'Only below these paths', paths, 'One in each line. Empty: everywhere.'),
	field('expires', 'Good until', expires, 'To the end of that day (UTC). Empty: until it is revoked.'),
	formEnd('Make the key')));
	name.focus();
}
