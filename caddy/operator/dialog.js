/* Dialogs with a form in them. */
import { h } from './dom.js';

let ids = 0;

/* A labelled control, with a hint and a place for what is wrong with it. */
export function field(name, label, control, hint) {
	const id = `field-${++ids}`;
	const fault = h('p.fault', { id: `${id}-fault`, role: 'alert' });

	control.id = id;
	control.name = name;
	control.setAttribute('aria-describedby', `${id}-hint ${id}-fault`);
	return h('div.field', { 'data-field': name }, h('label', { for: id }, label), control,
	    h('p.hint', { id: `${id}-hint` }, hint ?? ''), fault);
}

/* What was refused, at its fields and above them; the first has the focus. */
export function showFaults(form, error) {
	let first = null;

	for (const box of form.querySelectorAll('[data-field]')) {
		const words = error?.fields?.[box.dataset.field] ?? '';
		const control = box.querySelector('input, select');
		box.querySelector('.fault').textContent = words;
		control.setAttribute('aria-invalid', String(words !== ''));
		if (words)
			first ??= control;
	}
	form.querySelector('.refused').textContent = error && !first ? error.message : '';
	first?.focus();
}

/* The form's work, once at a time: two clicks are one request. */
export function submitting(work) {
	return async (event) => {
		event.preventDefault();
		const form = event.currentTarget;
		if (form.busy)
			return;
		form.busy = true;
		form.setAttribute('aria-busy', 'true');
		showFaults(form, null);
		try {
			await work(form);
		} catch (error) {
			if (!error.status && error.status !== 0)
				throw error;
			showFaults(form, error);
		} finally {
			form.busy = false;
			form.removeAttribute('aria-busy');
		}
	};
}

export const refusedBox = () => h('p.refused', { role: 'alert' });

function open(title, content) {
	const id = `dialog-${++ids}`;
	const box = h('dialog', { 'aria-labelledby': id }, h('h2', { id }, title), content);

	box.addEventListener('close', () => box.remove());
	document.body.append(box);
	box.showModal();
	return box;
}

const cancel = (words) => h('button', { type: 'button', onclick: (event) => event.target.closest('dialog').close() },
    words);

/*
 * Asks for `fields`, a list of field(), and does work() with them.  Where
 * `confirm` is a slug it has to be typed before the button can be used.
 */
export function ask({ title, words, fields = [], confirm, action, danger, work }) {
	const button = h(danger ? 'button.danger' : 'button.primary', action);
	const typed = confirm && h('input', { autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false',
	    required: true, oninput: () => { button.disabled = typed.value !== confirm; } });

	button.disabled = Boolean(confirm);
	const box = open(title, h('form', { onsubmit: submitting(async () => {
		await work(typed?.value);
		box.close();
	}) }, [words].flat().map((text) => h('p', text)), refusedBox(), fields,
	    confirm ? field('confirm', `To confirm, type ${confirm}`, typed) : null,
	    h('footer', cancel('Cancel'), button)));
	return box;
}

/* What is shown this one time. */
export function show(title, ...content) {
	open(title, h('div', ...content, h('footer', cancel('Close'))));
}
