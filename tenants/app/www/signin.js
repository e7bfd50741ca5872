/* The door. */
import { me, signIn, signInWithCode } from './api.js';
import { h } from './dom.js';
import { alertBox, door, field, submitting } from './ui.js';
import { tenant } from './team.js';

const TICKET_MS = 300e3;		/* so long is the right password good for */

export function signInPage(why, enter) {
	const identity = h('input', { type: 'email', autocomplete: 'username', required: true,
	    inputmode: 'email' });
	const password = h('input', { type: 'password', autocomplete: 'current-password',
	    required: true });

	const code = h('input', { autocomplete: 'one-time-code', autocapitalize: 'none' });
	const codeField = field('code', 'Code', code,
	    'Of your authenticator application, or a recovery code.');
	let mfaId = null;
	let askedAt = 0;

	/* With a second factor the password only leads to the code. */
	async function knock() {
		if (mfaId) {
			try {
				return await signInWithCode(code.value.trim(), mfaId);
			} catch (error) {
				if (error.status === 400 && Date.now() - askedAt > TICKET_MS) {
					fromTheStart();
					error.message = 'That took too long. Please give your password again.';
				}
				throw error;
			}
		}
		try {
			return await signIn(identity.value.trim(), password.value);
		} catch (error) {
			if (!error.mfaId)
				throw error;
			askForCode(error.mfaId);
			return null;
		}
	}

	function askForCode(ticket) {
		mfaId = ticket;
		askedAt = Date.now();
		identity.readOnly = password.readOnly = code.required = Boolean(mfaId);
		codeField.hidden = again.hidden = !mfaId;
		(mfaId ? code : password).focus();
	}

	function fromTheStart() {
		password.value = code.value = '';
		askForCode(null);
	}

	const again = h('button.quiet-button.wide', { type: 'button', hidden: true,
	    onclick: fromTheStart }, 'Begin again');
	codeField.hidden = true;
	document.title = `Sign in · ${tenant}`;
	queueMicrotask(() => identity.focus());
	return door(tenant, why || 'Sign in to your team’s work.',
	    h('form', { onsubmit: submitting(async () => {
		await knock();
		if (me())
			await enter();
	    }) },
	    alertBox(),
	    field('identity', 'E-mail address', identity),
	    field('password', 'Password', password),
	    codeField,
	    h('button.primary.wide', 'Sign in'), again),
	    h('p.quiet.small', h('a', { href: '#/forgotten' }, 'Password forgotten?'),
		' No account? An admin of your team can help.'));
}
