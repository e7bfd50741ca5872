/* What can be done to a tenant, or to make one. */
import { get, post, put, remove, tenantPath } from './api.js';
import { ask, field, show } from './dialog.js';
import { h } from './dom.js';
import { track } from './jobs.js';
import { local } from './words.js';

const name = (more) => h('input', { required: true, maxlength: 40, autocomplete: 'off', autocapitalize: 'none',
    spellcheck: 'false', ...more });
const toTenant = (slug) => { location.hash = `#/tenants/${encodeURIComponent(slug)}`; };

export function newTenant(again) {
	const slug = name();
	const email = h('input', { type: 'email', required: true, autocomplete: 'off' });
	const owner = h('input', { maxlength: 80, autocomplete: 'off' });
	const password = h('input', { type: 'password', required: true, minlength: 8, autocomplete: 'new-password' });

	ask({ title: 'New tenant', words: 'With its owner, who can sign in at once.', action: 'Make it', fields: [
		field('slug', 'Name', slug, 'a to z, 0 to 9, and - between them: it is the first part of its address.'),
		field('email', 'Owner’s e-mail address', email),
		field('name', 'Owner’s name', owner, 'May be left out.'),
		field('password', 'Owner’s password', password, 'At least eight characters. Tell it to nobody but the owner.'),
	], work: async () => {
		const made = await post('/tenants', { slug: slug.value, email: email.value, password: password.value,
		    ...owner.value.trim() && { name: owner.value.trim() } });
		again();
		toTenant(made.slug);
	} });
}

export function invitation() {
	const slug = name();

	ask({ title: 'Invitation code', words: 'With it a visitor makes this one tenant himself, where sign-up is open to who is invited.',
	    action: 'Make a code', fields: [field('slug', 'Name of the tenant', slug)], work: async () => {
		const made = await post('/invitations', { slug: slug.value });
		show(`Invitation for ${made.slug}`, h('p', `Until ${local(made.expires)}:`),
		    h('pre', { tabindex: 0, 'aria-label': 'Code' }, made.code));
	    } });
}

export function changePlan(slug, now, again) {
	const plan = h('select', h('option', { value: now }, now));

	get('/plans').then(({ items }) => plan.replaceChildren(...items.map((of) =>
	    h('option', { value: of, selected: of === now }, of))), () => {});
	ask({ title: `Plan of ${slug}`, words: 'Its limits hold from the next request on.', action: 'Change it',
	    fields: [field('plan', 'Plan', plan)], work: async () => {
		await put(tenantPath(slug, '/plan'), { plan: plan.value });
		again();
	    } });
}

export function addHost(slug, again) {
	const host = h('input', { required: true, maxlength: 253, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false',
	    placeholder: 'shop.example.com' });

	ask({ title: `A host for ${slug}`, words: 'Its name has to lead to this server.', action: 'Add it',
	    fields: [field('host', 'Host', host)], work: async () => {
		await put(tenantPath(slug, `/hosts/${encodeURIComponent(host.value.trim())}`));
		again();
	    } });
}

export const removeHost = (slug, host, again) => ask({ title: `Take ${host} from ${slug}?`,
    words: 'Who comes by that name finds nothing from then on.', action: 'Take it away', danger: true, work: async () => {
	await remove(tenantPath(slug, `/hosts/${encodeURIComponent(host)}`));
	again();
    } });

/* A job about a tenant: asked for, and shown until it ends. */
export async function begin(slug, what, body, again) {
	const job = await post(tenantPath(slug, `/${what}`), body);
	again();
	track(job).then(again);
}

const DEEDS = {
	suspend: { words: 'All of its requests are answered 503 until it is resumed. It is kept and replicated.', action: 'Suspend' },
	resume: { words: 'It is served again.', action: 'Resume' },
	undelete: { words: 'It is served again, as it was.', action: 'Undelete' },
	delete: { words: ['Its requests are answered 404 from now on. It is kept for a while, in which it can be undeleted.'],
	    action: 'Delete', confirm: true },
	erase: { words: ['Nothing of it will be left, neither here nor in the replica. There is no way back.'],
	    action: 'Erase for ever', confirm: true, job: true },
	export: { words: 'Its database as a file on the server, with the hashes of its passwords in it.', action: 'Export', job: true },
	verify: { words: 'Its replica is read back and compared with its database, page by page.', action: 'Verify', job: true },
};

export function deed(slug, what, again) {
	const { words, action, confirm, job } = DEEDS[what];

	ask({ title: `${action}: ${slug}`, words, action, danger: confirm || what === 'suspend', confirm: confirm && slug,
	    work: async (typed) => {
		const body = typed === undefined ? undefined : { confirm: typed };
		if (job)
			await begin(slug, what, body, again);
		else
			await post(tenantPath(slug, `/${what}`), body);
		again();
	    } });
}
