/*
 * Dialogs, menus, forms, and the states a page can be in: what people use
 * beside what they read.
 */
import { h, icon, iconButton } from './dom.js';

/* Somebody was faster: nothing was overwritten. */
export function outrun(ref) {
	toast(`Somebody changed ${ref} a moment ago. Here it is as it is now; please try again.`,
	    'error');
}

/* A few words at the edge of the page that go away again; not the same twice. */
export function toast(message, kind = 'info') {
	const notes = document.getElementById('toasts');
	if (typeof message === 'string' && [...notes.children].some((n) => n.textContent === message))
		return;
	const note = h(`div.toast.${kind}`, h('span', message),
	    iconButton('close', 'Dismiss', () => note.remove()));
	notes.append(note);
	setTimeout(() => note.remove(), kind === 'error' ? 9000 : 4000);
}

export function failed(error) {
	if (error.name !== 'AbortError' && error.status !== 401)
		toast(error.message, 'error');
}

/* A dialog with a heading; gone when it is closed. */
export function dialog(title, content, kind = 'box') {
	const heading = h('h2', { id: `dialog-${++dialogs}` }, title);
	const box = h(`dialog.${kind}`, { 'aria-labelledby': heading.id },
	    h('header', heading, iconButton('close', 'Close', () => box.close())), content);
	box.addEventListener('close', () => box.remove());
	/* a click beside a panel closes it */
	box.addEventListener('pointerdown', (event) => {
		if (kind === 'panel' && event.target === box &&
		    event.clientX < box.getBoundingClientRect().left)
			box.close();
	});
	document.body.append(box);
	box.showModal();
	return box;
}
let dialogs = 0;

/* Asks before something that cannot be undone. */
export function confirmed(title, text, action) {
	return new Promise((answer) => {
		let sure = false;
		const box = dialog(title, h('form', { method: 'dialog' }, h('p', text),
		    h('footer',
			h('button', { type: 'button', onclick: () => box.close() }, 'Cancel'),
			h('button.danger', { onclick: () => { sure = true; } }, action))));
		box.addEventListener('close', () => answer(sure));
	});
}

/*
 * What is shown this one time: a key, a password.  It stays over other pages, and
 * leaving them all asks first.  With a file's name it can be kept as one.
 */
export function showOnce(title, words, text, file) {
	const guard = (event) => event.preventDefault();
	const shown = h('pre.mono', { tabindex: 0, 'aria-label': title }, text);
	/* in the dialog: what is behind it is neither seen nor read out */
	const said = h('p.note', { role: 'status' });
	const box = dialog(title, h('form', { method: 'dialog' }, h('p', words), shown, said,
	    h('footer', file ? h('a.button', { download: file,
		href: `data:text/plain;charset=utf-8,${encodeURIComponent(`${text}\n`)}` }, 'Save as a file') : null,
	    h('button', { type: 'button', onclick: async () => {
		try {
			await navigator.clipboard.writeText(text);
			said.textContent = 'Copied.';
		} catch {
			getSelection().selectAllChildren(shown);
			said.textContent = 'This browser lets no page copy. The text is selected.';
		}
	    } }, 'Copy'), h('button.primary', 'Done'))), 'box.once');
	addEventListener('beforeunload', guard);
	box.addEventListener('close', () => removeEventListener('beforeunload', guard));
	box.addEventListener('cancel', guard);
	return box;
}

/* A menu below a button.  items: { text, icon, checked, run }. */
export function menu(button, label, items) {
	const list = h('div.menu', { role: 'menu', popover: 'auto', 'aria-label': label },
	    items.map((item) => h('button', { type: 'button', tabindex: -1,
		role: item.checked === undefined ? 'menuitem' : 'menuitemradio',
		'aria-checked': item.checked === undefined ? undefined : String(item.checked),
		onclick: () => { list.hidePopover(); item.run(); } },
		item.icon, h('span', item.text), item.checked ? icon('check') : null)));
	const entries = [...list.children];

	list.addEventListener('keydown', (event) => {
		const at = entries.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0,
		    End: entries.length - 1 }[event.key];
		if (event.key === 'Tab')
			list.hidePopover();
		if (to === undefined)
			return;
		event.preventDefault();
		entries[(to + entries.length) % entries.length].focus();
	});
	list.addEventListener('toggle', (event) => {
		if (event.newState === 'closed') {
			list.remove();
			button.setAttribute('aria-expanded', 'false');
			if (button.isConnected && !document.querySelector(':popover-open'))
				button.focus();
		}
	});
	below(button, list);
	button.setAttribute('aria-expanded', 'true');
	(entries[items.findIndex((item) => item.checked)] ?? entries[0]).focus();
}

/* Shows a popover under (or, where there is no room, above) a button. */
export function below(button, popover) {
	(button.closest('dialog') ?? document.body).append(popover);
	popover.showPopover();
	const at = button.getBoundingClientRect();
	const size = popover.getBoundingClientRect();
	const left = Math.min(at.left, innerWidth - size.width - 8);
	const top = at.bottom + 4 + size.height > innerHeight && at.top > size.height ?
	    at.top - size.height - 4 : at.bottom + 4;
	popover.style.left = `${Math.max(left, 8)}px`;
	popover.style.top = `${Math.max(top, 8)}px`;
}

/* A field with its label; the server's word about it goes below it. */
export function field(name, label, control, hint) {
	const id = `${name}-${++fields}`;
	control.id = id;
	control.setAttribute('name', name);
	control.setAttribute('aria-describedby', `${id}-note`);
	return h('div.field', { 'data-field': name }, h('label', { for: id }, label), control,
	    h('p.note', { id: `${id}-note` }, hint ?? ''));
}
let fields = 0;

/* Tells the fields of a form what the server said, and the rest above it. */
export function explain(form, error) {
	let told = false;
	for (const box of form.querySelectorAll('[data-field]')) {
		const text = error?.fields?.[box.dataset.field];
		const control = box.querySelector('input, select, textarea');
		const note = box.querySelector('.note');
		control.toggleAttribute('aria-invalid', Boolean(text));
		note.classList.toggle('wrong', Boolean(text));
		if (note.dataset.hint === undefined)
			note.dataset.hint = note.textContent;
		note.textContent = text || note.dataset.hint;
		if (text && !told)
			control.focus();
		told ||= Boolean(text);
	}
	const alert = form.querySelector('.alert');
	alert.textContent = error && !told ? error.message : '';
	alert.hidden = !alert.textContent;
}

/* Runs what a form is for, once at a time. */
export function submitting(work) {
	return async (event) => {
		event.preventDefault();
		const form = event.currentTarget;
		const button = form.querySelector('button.primary');
		if (button.disabled)
			return;
		explain(form, null);
		button.disabled = true;
		try {
			await work(form);
		} catch (error) {
			explain(form, error);
		} finally {
			button.disabled = false;
		}
	};
}

/* A button that begins something new. */
export const action = (text, onclick) =>
    h('button.primary', { type: 'button', onclick }, icon('plus'), text);

/* The end of a form in a dialog. */
export const formEnd = (text, ...more) => h('footer', more, more.length ? h('span.grow') : null,
    h('button', { type: 'button', onclick: (event) => event.target.closest('dialog').close() },
	'Cancel'),
    h('button.primary', text));

/* A button for the next page; load() answers whether another one follows. */
export function moreButton(text, load) {
	const button = h('button.quiet-button', { type: 'button', onclick: async () => {
		button.disabled = true;
		try {
			button.hidden = !await load();
		} catch (error) {
			failed(error);
		}
		button.disabled = false;
	} }, text);
	return button;
}

/* What takes the whole window: the sign-in, what a mail leads to. */
export const door = (title, words, ...content) => h('div.door',
    h('main.door-card',
	h('img', { src: '/favicon.svg', alt: '', width: 40, height: 40 }),
	h('h1', title), h('p.quiet', words), content),
    h('div.houses', { 'aria-hidden': 'true' }));

export const alertBox = () => h('p.alert', { role: 'alert', hidden: true });

/* A text area that grows with its text. */
export function growing(props) {
	const area = h('textarea', props);
	const fit = () => {
		area.style.height = 'auto';
		area.style.height = `${area.scrollHeight + 2}px`;
	};
	area.addEventListener('input', fit);
	requestAnimationFrame(fit);
	return area;
}

/* While something loads; when there is nothing; when it failed. */
export const loading = (rows = 5) =>
    h('div.loading', { 'aria-busy': 'true', 'aria-label': 'Loading' },
	Array.from({ length: rows }, () => h('div.bone')));

export const empty = (name, title, text, ...actions) =>
    h('div.empty', icon(name), h('h2', title), h('p', text), actions);

export const broken = (error, again) => h('div.empty.broken', { role: 'alert' },
    h('h2', 'This could not be loaded'), h('p', error.message),
    h('button', { type: 'button', onclick: again }, 'Try again'));

/* A page whose body fill() fetches; refresh() fetches it again. */
export function fetched(title, fill, ...tools) {
	const body = h('div', loading());
	let filled = false;

	async function refresh() {
		try {
			body.replaceChildren(...[await fill()].flat());
			filled = true;
		} catch (error) {
			/* what is shown already is better than nothing */
			if (filled)
				failed(error);
			else if (error.status !== 401)
				body.replaceChildren(broken(error, refresh));
		}
	}
	refresh();
	return { title, refresh, node: h('div.page', h('header.page-head',
	    h('div.page-title', h('h1', title)),
	    tools.length ? h('div.toolbar', tools) : null), body) };
}
