/* Who is in the team, and who may let somebody in. */
import { get, isAdmin, isOwner, me, patch, post, refresh, remove, segment, signIn,
    signOut } from './api.js';
import { avatar, h, icon, iconButton, when } from './dom.js';
import { action, alertBox, confirmed, dialog, failed, fetched, field, formEnd, menu, showOnce,
    submitting, toast } from './ui.js';
import { loadMembers, team, tenant } from './team.js';

const RECORDS = '/collections/users/records';
const INVITATIONS = '/collections/users/invitations';
const ROLES = {
	member: 'Member: works on everything',
	admin: 'Admin: also manages projects, labels and people',
	owner: 'Owner: also manages admins and owners',
};

const nameOf = (who) => who.name || who.email;
const record = (who) => `${RECORDS}/${segment(who.id)}`;

/* Those that one may give: an admin makes no owners. */
const roles = () => Object.keys(ROLES).filter((role) => role !== 'owner' || isOwner());

/* Admins see e-mail addresses, others the names. */
async function everybody() {
	await loadMembers();
	if (!isAdmin())
		return team.members;
	const all = [];
	for (let page = 1;; page++) {
		const { items, perPage } = await get(RECORDS, { page, perPage: 200, skipTotal: 1 });
		all.push(...items);
		if (items.length < perPage)
			break;
	}
	return all.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

export function peoplePage() {
	const page = fetched('People', async () => {
		const all = await everybody();
		return h('section.sheet', h('ul.rows', all.map(person)));
	}, ...isAdmin() ? [action('Add a person', () => addPerson(() => page.refresh())),
		action('Invite by mail', () => invitePerson(() => page.refresh()))] : []);

	function person(who) {
		const mine = who.id === me().id;
		const may = !mine && (isOwner() || (isAdmin() && who.role !== 'owner'));
		const more = may || mine ? iconButton('more', `Change ${nameOf(who)}`, () =>
		    menu(more, nameOf(who), mine ? own(who) : others(who)), { 'aria-haspopup': 'menu' }) : null;
		return h('li.row.person', avatar(who.id, nameOf(who)),
		    h('span.grow', h('b', nameOf(who)), mine ? h('span.quiet', ' (you)') : null,
			who.email ? h('small', who.email) : null),
		    who.created ? h('span.quiet.since', 'joined ', when(who.created)) : null,
		    h(`span.badge.${who.role}`, who.role), more ?? h('span.no-button'));
	}

	const own = (who) => [{ text: 'Name and password', icon: icon('edit'),
	    run: () => editAccount(who, page.refresh) }];

	const others = (who) => [
		...roles().filter((role) => role !== who.role).map((role) => ({
			text: `Make ${role}`, icon: icon('people'),
			run: () => change(patch(record(who), { role }), `${nameOf(who)} is ${role} now.`) })),
		{ text: 'Sign out everywhere', icon: icon('close'), run: () =>
			change(post(`${record(who)}/sign-out`), `${nameOf(who)} is signed out everywhere.`) },
		{ text: 'Turn off second factor…', icon: icon('key'), run: () => freeOfFactor(who) },
		{ text: 'Remove…', icon: icon('trash'), run: () => expel(who) },
	];

	/* For who has lost it and the recovery codes. */
	async function freeOfFactor(who) {
		if (await confirmed(`Turn off the second factor of ${nameOf(who)}?`, 'From then on the password ' +
		    'alone is enough. Be sure that it is them who ask for it.', 'Turn it off'))
			change(post(`${record(who)}/remove-factor`).catch((error) => {
				if (error.status === 404)
					error.message = `${nameOf(who)} has none.`;
				throw error;
			}), `${nameOf(who)} signs in without a second factor now.`);
	}

	async function change(asked, words) {
		try {
			await asked;
			toast(words);
		} catch (error) {
			failed(error);
		}
		page.refresh();
	}

	async function expel(who) {
		if (await confirmed(`Remove ${nameOf(who)}?`, 'They are signed out at once and can no ' +
		    'longer sign in. What they wrote stays; what was assigned to them is assigned to ' +
		    'nobody.', 'Remove'))
			change(remove(record(who)), `${nameOf(who)} is removed.`);
	}

	return page;
}

/* Twelve letters and digits that are not mistaken for one another. */
function freshPassword() {
	const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
	const picked = [...crypto.getRandomValues(new Uint32Array(12))]
	    .map((n) => letters[n % letters.length]).join('');
	return picked.match(/.{4}/g).join('-');
}

function addPerson(done) {
	const name = h('input', { required: true, maxlength: 80, autocomplete: 'off' });
	const email = h('input', { type: 'email', required: true, autocomplete: 'off' });
	const password = h('input.mono', { required: true, minlength: 8, value: freshPassword(),
	    autocomplete: 'off', spellcheck: 'false' });
	const role = h('select', roles().map((value) => h('option', { value }, ROLES[value])));
	const form = h('form', { onsubmit: submitting(async () => {
		const made = await post(RECORDS, { name: name.value.trim(), email: email.value.trim(),
		    role: role.value, password: password.value, passwordConfirm: password.value });
		box.close();
		done();
		handOver(nameOf(made), email.value.trim(), password.value);
	}) }, alertBox(), field('name', 'Name', name), field('email', 'E-mail address', email),
	field('role', 'Role', role),
	field('password', 'First password', password,
	    'Shown once more when the account is made, for you to pass on.'),
	formEnd('Add'));
	const box = dialog('Add a person', form);
	name.focus();
}

/* He chooses name and password himself, where the link in the mail leads. */
function invitePerson(done) {
	const email = h('input', { type: 'email', required: true, autocomplete: 'off' });
	const role = h('select', roles().map((value) => h('option', { value }, ROLES[value])));
	const form = h('form', { onsubmit: submitting(async () => {
		await post(INVITATIONS, { email: email.value.trim(), role: role.value });
		box.close();
		toast('Invited.');
		done();
	}) }, alertBox(), field('email', 'E-mail address', email), field('role', 'Role', role),
	formEnd('Invite'));
	const box = dialog('Invite by mail', form);
	email.focus();
}

/* What to tell the new colleague. */
function handOver(name, email, password) {
	const text = `${tenant}: ${location.origin}\nE-mail: ${email}\nPassword: ${password}`;
	showOnce(`${name} can sign in`, 'Pass this on by a way you trust. The password can be changed ' +
	    'after signing in.', text);
}

/* Who was made on the command line has no name yet. */
export function askName(done) {
	const name = h('input', { required: true, maxlength: 80, autocomplete: 'name' });
	const box = dialog('What is your name?', h('form', { onsubmit: submitting(async () => {
		await patch(record(me()), { name: name.value.trim() });
		await Promise.all([refresh(), loadMembers()]);
		box.close();
		done();
	}) }, alertBox(), field('name', 'Name', name, 'As your team knows you.'),
	formEnd('That is me')));
	name.focus();
}

/* One's own name and password. */
export function editAccount(who, done) {
	const name = h('input', { required: true, maxlength: 80, value: who.name,
	    autocomplete: 'name' });
	const old = h('input', { type: 'password', autocomplete: 'current-password' });
	const fresh = h('input', { type: 'password', minlength: 8, autocomplete: 'new-password' });
	const form = h('form', { onsubmit: submitting(async () => {
		if (name.value.trim() !== who.name)
			await patch(record(who), { name: name.value.trim() });
		if (fresh.value) {
			await patch(record(who), { oldPassword: old.value, password: fresh.value,
			    passwordConfirm: fresh.value });
			/* a new password revokes the old tokens, this window's too */
			try {
				await signIn(me().email, fresh.value);
			} catch (error) {
				if (!error.mfaId)
					throw error;
				box.close();
				signOut('Your password is changed. Please sign in with it.');
				return;
			}
		} else {
			await refresh();
		}
		await loadMembers();
		box.close();
		toast('Saved.');
		done();
	}) }, alertBox(), field('name', 'Name', name),
	h('h3', 'New password'),
	h('p.quiet.small', 'Leave these empty to keep the one you have.'),
	field('oldPassword', 'Password until now', old),
	field('password', 'New password', fresh, 'At least eight characters.'),
	formEnd('Save'));
	const box = dialog('Name and password', form);
	name.focus();
}
