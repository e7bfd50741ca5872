/*
 * What links in mails lead to: "#/confirm-password-reset/TOKEN" and its like.
 * Nothing is sent before a button is pressed, so that who only looks into a mail,
 * a scanner for one, uses nothing up.
 */
import { claims, post, signIn } from './api.js';
import { h } from './dom.js';
import { alertBox, door, field, submitting } from './ui.js';
import { tenant } from './team.js';

const USERS = '/collections/users';

function sheet(title, words, controls, button, work) {
	document.title = `${title} · ${tenant}`;
	return door(title, words,
	    h('form', { onsubmit: submitting(work) }, alertBox(), controls,
		h('button.primary.wide', button)),
	    h('p.quiet.small', h('a', { href: '#/' }, 'To the sign-in')));
}

const secret = (kind) => h('input', { type: 'password', autocomplete: kind, required: true,
    minlength: 8 });

/* A link that somebody cut off says so when it is sent. */
function claim(token, name) {
	try {
		return claims(token)[name];
	} catch {
		return '';
	}
}

async function confirm(what, token, more) {
	try {
		await post(`${USERS}/${what}`, { token, ...more });
	} catch (error) {
		if (error.fields?.token)
			error.message = 'This link is too old, or was used already.';
		throw error;
	}
}

/* Who has a second factor is asked for it at the door. */
async function comeIn(email, password) {
	try {
		await signIn(email, password);
		return undefined;
	} catch (error) {
		if (!error.mfaId)
			throw error;
		return 'It is saved. Please sign in.';
	}
}

const PAGES = {
	'forgotten': (token, enter) => {
		const email = h('input', { type: 'email', autocomplete: 'username', required: true });
		return sheet('New password', 'We send a link to choose a new one.',
		    field('email', 'E-mail address', email), 'Send it', async () => {
			await post(`${USERS}/request-password-reset`, { email: email.value.trim() });
			enter('If there is an account with that address, a mail is on its way.');
		});
	},
	'confirm-password-reset': (token, enter) => {
		const password = secret('new-password');
		return sheet('New password', claim(token, 'email') ?? '',
		    field('password', 'New password', password, 'At least eight characters.'),
		    'Save and sign in', async () => {
			await confirm('confirm-password-reset', token,
			    { password: password.value, passwordConfirm: password.value });
			enter(await comeIn(claim(token, 'email'), password.value));
		});
	},
	'confirm-invitation': (token, enter) => {
		const name = h('input', { required: true, maxlength: 80, autocomplete: 'name' });
		const password = secret('new-password');
		return sheet(`Welcome to ${tenant}`, claim(token, 'email') ?? '',
		    [field('name', 'Name', name, 'As your team will know you.'),
		    field('password', 'Password', password, 'At least eight characters.')],
		    'Come in', async () => {
			await confirm('confirm-invitation', token, { name: name.value.trim(),
			    password: password.value, passwordConfirm: password.value });
			enter(await comeIn(claim(token, 'email'), password.value));
		});
	},
	'confirm-verification': (token, enter) => sheet('Your address',
	    `Is ${claim(token, 'email')} your address?`, [], 'Yes, it is', async () => {
		await confirm('confirm-verification', token);
		enter('Thank you: your address is confirmed.');
	}),
	'confirm-email-change': (token, enter) => {
		const password = secret('current-password');
		return sheet('New address', `Your account is to have the address ${claim(token, 'newEmail')}.`,
		    field('password', 'Your password', password), 'Save and sign in', async () => {
			await confirm('confirm-email-change', token, { password: password.value });
			enter(await comeIn(claim(token, 'newEmail'), password.value));
		});
	},
};

/* The page, or null: then it is none of these.  enter(words) leaves it. */
export const mailedPage = ([what, token], enter) => PAGES[what]?.(token ?? '', enter) ?? null;
