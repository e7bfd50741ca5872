/* The door. */
import { signIn } from './api.js';
import { field, refusedBox, submitting } from './dialog.js';
import { h } from './dom.js';

export function signInPage(why, then) {
	/* a password, so that no browser keeps what was typed with its history */
	const token = h('input', { type: 'password', required: true, autocomplete: 'off', autocapitalize: 'none',
	    spellcheck: 'false' });
	const form = h('form', { onsubmit: submitting(async () => {
		await signIn(token.value.trim());
		token.value = '';
		then();
	}) }, h('h1', 'Rowhouse, for its operator'), why ? h('p.note', { role: 'status' }, why) : null, refusedBox(),
	    field('token', 'Operator’s token', token, 'The line in operator.token, in the data directory of the server.'),
	    h('button.primary', 'Sign in'),
	    h('p.hint', 'It is kept in the memory of this page alone: a reload asks for it again.'));
	return { node: h('main.door', form), focus: () => token.focus() };
}
