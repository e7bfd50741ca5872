/* Labels: choosing them, making one where it is missing, and their page. */
import { isAdmin, patch, post, remove } from './api.js';
import { h, icon, iconButton, labelChip, plural } from './dom.js';
import { action, alertBox, below, confirmed, dialog, empty, failed, fetched, field, formEnd,
    submitting, toast } from './ui.js';
import { loadLabels, team } from './team.js';

const COLOURS = {
	'#dc2626': 'Red',
	'#ea580c': 'Orange',
	'#ca8a04': 'Yellow',
	'#16a34a': 'Green',
	'#0d9488': 'Teal',
	'#2563eb': 'Blue',
	'#7c3aed': 'Violet',
	'#db2777': 'Pink',
	'#64748b': 'Grey',
};

const nextColour = () => Object.keys(COLOURS)[team.labels.length % 9];

/*
 * A list to tick below a button.  toggle(id, on) is told of each tick, and
 * may take its time; done() when the list is closed.
 */
export function pickLabels(button, chosen, toggle, done = () => {}) {
	const set = new Set(chosen);
	const search = h('input', { placeholder: 'Find or make a label',
	    'aria-label': 'Find or make a label', maxlength: 40, oninput: draw, onkeydown: (event) => {
		if (event.key === 'Enter') {
			event.preventDefault();
			list.querySelector('input, button')?.click();
		}
	    } });
	const list = h('div.ticks');
	const box = h('div.menu', { popover: 'auto', role: 'dialog', 'aria-label': 'Labels' },
	    search, list);

	async function tick(id, on) {
		try {
			await toggle(id, on);
			set[on ? 'add' : 'delete'](id);
		} catch (error) {
			failed(error);
		}
		draw();
	}

	async function make(name) {
		try {
			const label = await post('/labels', { name, colour: nextColour() });
			await loadLabels();
			search.value = '';
			await tick(label.id, true);
		} catch (error) {
			failed(error);
		}
	}

	function draw() {
		const wanted = search.value.trim().toLowerCase();
		const fit = team.labels.filter((l) => l.name.toLowerCase().includes(wanted));
		const name = search.value.trim();

		list.replaceChildren(...fit.map((label) => h('label.tick',
		    h('input', { type: 'checkbox', checked: set.has(label.id),
			onchange: (event) => tick(label.id, event.currentTarget.checked) }),
		    h('span.label', { '--dot': label.colour }, h('span', label.name)))));
		if (name && !team.labels.some((l) => l.name.toLowerCase() === wanted))
			list.append(h('button', { type: 'button', onclick: () => make(name) },
			    icon('plus'), `Make “${name}”`));
		else if (!fit.length)
			list.append(h('p.quiet', 'No labels yet: type a name.'));
	}

	draw();
	box.addEventListener('toggle', (event) => {
		if (event.newState === 'closed') {
			box.remove();
			button.focus();
			done();
		}
	});
	below(button, box);
	search.focus();
}

export function labelsPage() {
	const edit = (label) => editLabel(label, () => page.refresh());
	const row = (label) => h('li.row', labelChip(label), h('span.grow'),
	    h('span.quiet', plural(label.issues, 'issue')), isAdmin() ? [
		iconButton('edit', `Edit ${label.name}`, () => edit(label)),
		iconButton('trash', `Delete ${label.name}`, () => eraseLabel(label, page.refresh)),
	    ] : null);
	const page = fetched('Labels', async () => {
		await loadLabels();
		if (!team.labels.length)
			return empty('label', 'No labels yet',
			    'Labels cut across projects: bug, customer, this quarter.');
		return h('section.sheet', h('ul.rows', team.labels.map(row)));
	}, action('New label', () => edit(null)));
	return page;
}

function editLabel(label, done) {
	const name = h('input', { required: true, maxlength: 40, value: label?.name ?? '' });
	const now = label?.colour ?? nextColour();
	const colours = { [now]: 'The one it has', ...COLOURS };
	const swatches = h('fieldset.swatches', h('legend', 'Colour'),
	    Object.entries(colours).map(([colour, text]) => h('label', { '--dot': colour, title: text },
		h('input', { type: 'radio', name: 'colour', value: colour, checked: colour === now,
		    'aria-label': text }), h('span'))));
	const form = h('form', { onsubmit: submitting(async () => {
		const body = { name: name.value, colour: swatches.querySelector(':checked').value };
		await (label ? patch(`/labels/${label.id}`, body) : post('/labels', body));
		box.close();
		done();
	}) }, alertBox(), field('name', 'Name', name), swatches,
	formEnd(label ? 'Save' : 'Create label'));
	const box = dialog(label ? `Label ${label.name}` : 'New label', form);
	name.focus();
}

async function eraseLabel(label, done) {
	if (!await confirmed(`Delete the label ${label.name}?`, label.issues ?
	    `It is taken off ${plural(label.issues, 'issue')}.` : 'No issue bears it.', 'Delete'))
		return;
	try {
		await remove(`/labels/${label.id}`);
		toast(`${label.name} is deleted.`);
		done();
	} catch (error) {
		failed(error);
	}
}
