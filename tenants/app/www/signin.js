/* The door. */
import { me, signIn, signInWithCode } from './api.js';
import { h } from './dom.js';
import { alertBox, field, submitting } from './ui.js';
import { tenant } from './team.js';

export function signInPage(why, enter) {
	const identity = h('input', { type: 'email', autocomplete: 'username', required: true,
	    inputmode: 'email' });
	const password = h('input', { type: 'password', autocomplete: 'current-password',
	    required: true });

	const code = h('input', { autocomplete: 'one-time-code', autocapitalize: 'none' });
	const codeField = field('code', 'Code', code,
	    'Of your authenticator application, or a recovery code.');
	let mfaId = null;

	/* With a second factor the password only leads to the code. */
	async function knock() {
		if (mfaId)
			return signInWithCode(code.value.trim(), mfaId);
		try {
			return await signIn(identity.value.trim(), password.value);
		} catch (error) {
			if (!error.mfaId)
				throw error;
			mfaId = error.mfaId;
			identity.readOnly = password.readOnly = true;
			code.required = true;
			codeField.hidden = false;
			code.focus();
			return null;
		}
	}

	codeField.hidden = true;
	document.title = `Sign in · ${tenant}`;
	queueMicrotask(() => identity.focus());
	return h('div.door',
	    h('main.door-card',
		h('img', { src: '/favicon.svg', alt: '', width: 40, height: 40 }),
		h('h1', tenant),
		h('p.quiet', why || 'Sign in to your team’s work.'),
		h('form', { onsubmit: submitting(async () => {
			await knock();
			if (me())
				await enter();
		}) },
		alertBox(),
		field('identity', 'E-mail address', identity),
		field('password', 'Password', password),
		codeField,
		h('button.primary.wide', 'Sign in')),
		h('p.quiet.small', h('a', { href: '#/forgotten' }, 'Password forgotten?'),
		    ' No account? An admin of your team can help.')),
	    h('div.houses', { 'aria-hidden': 'true' }));
}
