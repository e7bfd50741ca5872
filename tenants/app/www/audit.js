/* The audit log: what was done to accounts, by whom and from where. */
import { avatar, h, when } from './dom.js';
import { empty, fetched } from './ui.js';
import { called, loadMembers, team } from './team.js';
import { feed } from './pages.js';

const PAGE = 50;

/* Each deed, as it is said of who did it; about(entry) is to whom. */
const DEEDS = {
	'signed-in': ['Signed in', (e) => ['signed in', e.new ? ` with a ${e.new}` : '']],
	'signed-out': ['Signed out everywhere', (e) => own(e) ? ['signed out everywhere'] :
	    ['signed out ', about(e), ' everywhere']],
	'password-changed': ['Password changed', (e) => ['changed the password', of(e)]],
	'email-changed': ['Address changed', (e) => ['changed the address', of(e), fromTo(e)]],
	'role-changed': ['Role changed', (e) => ['changed the role', of(e), fromTo(e)]],
	'user-created': ['Added', (e) => ['added ', h('b', e.new)]],
	'user-invited': ['Invited', (e) => ['invited ', h('b', e.new)]],
	'user-joined': ['Joined', () => ['accepted the invitation']],
	'user-removed': ['Removed', (e) => ['removed ', h('b', e.old)]],
	'key-made': ['Key made', (e) => ['made the API key ', h('b', e.new)]],
	'key-revoked': ['Key revoked', (e) => ['revoked the API key ', h('b', e.old)]],
	'factor-on': ['Second factor on', () => ['turned the second factor on']],
	'factor-off': ['Second factor off', (e) => ['turned the second factor', of(e), ' off']],
};

const own = (entry) => entry.about === entry.user;
const member = (id) => team.members.find((m) => m.id === id);
const about = (entry) => h('b', called(member(entry.about)?.name));
const of = (entry) => own(entry) ? '' : [' of ', about(entry)];
const fromTo = (entry) => [' from ', h('b', entry.old), ' to ', h('b', entry.new)];

/* By name, as the team knows him now, or by the address that he had. */
const actor = (entry) => member(entry.user)?.name || entry.email || 'The operator';

export function auditPage() {
	const choose = (label, all, options) => h('select.filter', { 'aria-label': label,
	    onchange: () => page.refresh() }, h('option', { value: '' }, all),
	options.map(([value, text]) => h('option', { value }, text)));
	const action = choose('What', 'Everything', Object.entries(DEEDS).map(([name, [text]]) => [name, text]));
	const user = choose('Who', 'Everybody', team.members.map((m) => [m.id, called(m.name)]));
	const page = fetched('Audit log', async () => {
		await loadMembers();
		return await feed('/audit', { action: action.value, user: user.value, limit: PAGE }, (e) =>
		    h('li', avatar(e.user || '?', actor(e)), h('p', h('b', actor(e)), ' ',
			DEEDS[e.action]?.[1](e) ?? e.action, h('small.quiet.where', e.address)), when(e.at))) ??
		    empty('log', 'Nothing of that kind',
			'Sign-ins and changes of accounts and keys appear here, for 400 days.');
	}, user, action);
	return page;
}
