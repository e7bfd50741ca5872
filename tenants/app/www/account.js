/* One's own account: the address, the second factor, the sessions. */
import { get, me, post, refresh, segment, signOut } from './api.js';
import { h, plural } from './dom.js';
import { alertBox, confirmed, dialog, failed, fetched, field, formEnd, showOnce, submitting,
    toast } from './ui.js';
import { editAccount } from './people.js';
import { tenant } from './team.js';

const USERS = '/collections/users';
const FEW_CODES = 3;

export function accountPage(redraw) {
	const changed = () => { page.refresh(); redraw(); };
	const page = fetched('Account', async () => {
		const [factor] = await Promise.all([get(`${USERS}/factor`), refresh()]);
		return [
			setting('Name and password', [h('b', me().name || 'No name yet'), ' ',
			    h(`span.badge.${me().role}`, me().role)],
			'You are known by this name to your team.',
			button('Change…', () => editAccount(me(), changed))),
			address(),
			factor.enabled ? factorOn(factor.recovery, page.refresh) : factorOff(page.refresh),
			setting('Sessions', 'You stay signed in for some days, on every device.',
			    'Sign out everywhere if one was lost, or if somebody may have used your account. ' +
			    'API keys stay as they are.',
			    button('Sign out everywhere…', signOutEverywhere)),
		];
	});
	return page;
}

const button = (text, onclick) => h('button', { type: 'button', onclick }, text);

/* What there is, what it is for, and what can be done about it. */
const setting = (title, state, words, ...buttons) => h('section.sheet.setting',
    h('h2', title), h('div.setting-body', h('div.grow', h('p', state), h('p.quiet.small', words)),
	h('div.setting-buttons', buttons)));

/* --- the address ---------------------------------------------------------- */

function address() {
	const { email, verified } = me();
	const confirm = button('Confirm it by mail', async () => {
		confirm.disabled = true;
		try {
			await post(`${USERS}/request-verification`, { email });
			toast(`A mail to ${email} is on its way.`);
		} catch (error) {
			failed(error);
		}
		confirm.disabled = false;
	});

	return setting('E-mail address', [h('b', email), ' ',
	    h('span.badge', verified ? 'confirmed' : 'not confirmed')],
	verified ? 'You sign in with it, and a forgotten password is mailed to it.' :
	    'You get a mail with a link: so it is known to be yours.',
	verified ? null : confirm, button('Change…', changeAddress));
}

function changeAddress() {
	const email = h('input', { type: 'email', required: true, autocomplete: 'email' });
	const box = dialog('Another e-mail address', h('form', { onsubmit: submitting(async () => {
		const newEmail = email.value.trim();
		await post(`${USERS}/request-email-change`, { newEmail });
		box.close();
		toast(`A mail to ${newEmail} is on its way. Your address changes when you follow its link.`);
	}) }, alertBox(), field('newEmail', 'New address', email,
	    `Until its owner has confirmed it you sign in as ${me().email}.`),
	formEnd('Send the mail')));
	email.focus();
}

/* --- the second factor ------------------------------------------------------- */

const factorOff = (changed) => setting('Second factor', 'Off.',
    'A code of an application on your phone, asked for beside the password: who gets hold of the ' +
    'password alone cannot sign in.',
    button('Set it up…', () => setUpFactor(changed)));

const factorOn = (left, changed) => setting('Second factor', [h('span.badge.owner', 'on'), ' ',
    `${plural(left, 'recovery code')} left.`], left < FEW_CODES ?
    'Turn it off and set it up again to get new recovery codes.' :
    'A recovery code does in the place of your phone, once.',
button('Turn it off…', () => removeFactor(changed)));

const passwordInput = () => h('input', { type: 'password', required: true,
    autocomplete: 'current-password' });
const codeInput = (more) => h('input.mono', { required: true, autocomplete: 'one-time-code',
    autocapitalize: 'none', spellcheck: 'false', ...more });

/* What it says is of now: another window may have been faster. */
function stale(error, box, changed) {
	if (error.status !== 404 && error.status !== 409)
		throw error;
	box.close();
	toast('This was changed in another window. Here it is as it is now.', 'error');
	changed();
}

function setUpFactor(changed) {
	const password = passwordInput();
	const box = dialog('Set up a second factor', h('form', { onsubmit: submitting(async () => {
		try {
			const { secret, url } = await post(`${USERS}/request-factor`,
			    { password: password.value });
			confirmFactor(box, secret, url, changed);
		} catch (error) {
			stale(error, box, changed);
		}
	}) }, alertBox(), h('p.quiet', 'You need an authenticator application on your phone, such as ' +
	    'Aegis, FreeOTP or Google Authenticator.'),
	field('password', 'Your password', password), formEnd('Continue')));
	password.focus();
}

/* The second step, in the same dialog. */
function confirmFactor(box, secret, url, changed) {
	const code = codeInput({ inputmode: 'numeric', pattern: '[0-9 ]*', maxlength: 7 });
	const form = h('form', { onsubmit: submitting(async () => {
		try {
			const { recovery } = await post(`${USERS}/confirm-factor`,
			    { code: code.value.replaceAll(' ', '') });
			box.close();
			changed();
			showOnce('Recovery codes', 'Keep these where your phone is not. Each signs you in once, in ' +
			    'the place of a code. They are not shown again.', recovery.join('\n'),
			    `${tenant.toLowerCase()}-recovery-codes.txt`);
		} catch (error) {
			stale(error, box, changed);
		}
	}) }, alertBox(), h('ol.steps',
	    h('li', 'Add this key to your authenticator application, ',
		h('a', { href: url }, 'by its link'), ' or by hand:',
		h('pre.mono.secret', { 'aria-label': 'Key' }, secret.match(/.{1,4}/g).join(' '))),
	    h('li', 'Type the code that it shows.')),
	field('code', 'Code', code, 'Six digits; another every 30 seconds.'), formEnd('Turn it on'));
	box.querySelector('form').replaceWith(form);
	code.focus();
}

function removeFactor(changed) {
	const password = passwordInput();
	const code = codeInput();
	const box = dialog('Turn off the second factor', h('form', { onsubmit: submitting(async () => {
		try {
			await post(`${USERS}/remove-factor`, { password: password.value,
			    code: code.value.trim() });
			box.close();
			toast('The second factor is off.');
			changed();
		} catch (error) {
			stale(error, box, changed);
		}
	}) }, alertBox(), field('password', 'Your password', password),
	field('code', 'Code', code, 'Of your authenticator application, or a recovery code.'),
	formEnd('Turn it off')));
	password.focus();
}

/* --- sessions ------------------------------------------------------------------ */

async function signOutEverywhere() {
	if (!await confirmed('Sign out everywhere?',
	    'Every device has to sign in again, this one too.', 'Sign out everywhere'))
		return;
	try {
		await post(`${USERS}/records/${segment(me().id)}/sign-out`);
		signOut('You are signed out everywhere.');
	} catch (error) {
		failed(error);
	}
}
