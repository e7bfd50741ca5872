/*
 * The board: a column for each state, most urgent first.  A card is moved by
 * dragging, by its menu, or with Shift and the arrow keys.
 */
import { get, segment } from './api.js';
import { avatar, dueChip, h, icon, iconButton, labelChip, plural } from './dom.js';
import { moreButton } from './ui.js';
import { STATES, isOpen, memberName, stateName } from './team.js';
import { moveMenu, priorityIcon, saveIssue } from './cards.js';

const PAGE = 50;

const before = (a, b) => b.priority - a.priority || b.id - a.id;

export function board(key, { filter, counts, issues, compose, reload }) {
	const said = h('p.unseen', { role: 'status', 'aria-live': 'polite' });
	const columns = new Map(STATES.map(([state]) => [state, {
		issues: issues.filter((issue) => issue.state === state),
		more: issues.filter((issue) => issue.state === state).length === PAGE,
		total: counts[state] ?? 0,
		node: h('section.column', { 'aria-label': stateName[state], 'data-state': state }),
	}]));
	const filtered = Boolean(filter.assignee || filter.label);
	let dragged = null;

	function card(issue) {
		const more = iconButton('more', `Move ${issue.ref}`, () =>
		    moveMenu(more, issue, (state) => move(issue, state)), { 'aria-haspopup': 'menu' });
		return h('li.card', { draggable: 'true', 'data-ref': issue.ref,
		    ondragstart: (event) => {
			dragged = issue;
			event.dataTransfer.setData('text/plain', issue.ref);
			event.dataTransfer.effectAllowed = 'move';
			event.currentTarget.classList.add('dragging');
		    },
		    ondragend: (event) => {
			dragged = null;
			event.currentTarget.classList.remove('dragging');
		    } },
		    h('div.card-top', h('span.ref', issue.ref), more),
		    h('a.card-link', { href: `#/i/${issue.ref}`, draggable: 'false',
			onkeydown: (event) => keys(event, issue) }, issue.title),
		    issue.labels.length ? h('div.labels', issue.labels.map((label) => labelChip(label))) : null,
		    foot(issue));
	}

	function foot(issue) {
		const facts = [
			issue.priority ? priorityIcon(issue.priority) : null,
			issue.due ? dueChip(issue.due, isOpen(issue.state)) : null,
			issue.comments ? h('span.fact', { title: plural(issue.comments, 'comment') },
			    icon('comment'), String(issue.comments)) : null,
			issue.assignee ? avatar(issue.assignee, memberName(issue.assignee)) : null,
		].filter(Boolean);
		return facts.length ? h('div.card-foot', facts) : null;
	}

	function draw(state) {
		const column = columns.get(state);
		const list = h('ol.cards');
		const at = column.node.querySelector('.cards')?.scrollTop ?? 0;

		column.issues.sort(before);
		list.replaceChildren(...column.issues.map(card));
		if (column.more)
			list.append(h('li', moreButton('Show more', () => loadMore(state))));
		if (!column.issues.length)
			list.append(h('li.hollow', filtered ? 'Nothing fits the filter' : 'Nothing here'));
		column.node.replaceChildren(
		    h('header', icon(state), h('h2', stateName[state]),
			h('span.count', String(filtered ? column.issues.length : column.total)), h('span.grow'),
			compose ? iconButton('plus', `New issue in ${stateName[state]}`, () => compose(state)) : null),
		    list);
		list.scrollTop = at;
	}

	async function loadMore(state) {
		const column = columns.get(state);
		const last = column.issues.at(-1);
		const { items } = await get(`/projects/${segment(key)}/board/${state}`,
		    { ...filter, priority: last.priority, before: last.id, limit: PAGE });
		column.issues.push(...items.filter((issue) =>
		    !column.issues.some((known) => known.id === issue.id)));
		column.more = items.length === PAGE;
		draw(state);
		return column.more;
	}

	/* Shows the move at once and saves it; where that fails, takes it back. */
	async function move(issue, state) {
		const from = issue.state;
		const shift = (source, target, moved) => {
			columns.get(source).issues = columns.get(source).issues.filter((i) => i.id !== moved.id);
			columns.get(target).issues.push(moved);
			columns.get(source).total--;
			columns.get(target).total++;
			draw(source);
			draw(target);
			focus(moved.ref);
		};

		shift(from, state, { ...issue, state });
		const saved = await saveIssue(issue, { state });
		if (!saved) {
			shift(state, from, issue);
			reload();
			return;
		}
		Object.assign(columns.get(state).issues.find((i) => i.id === issue.id) ?? {}, saved);
		draw(state);
		focus(issue.ref);
		said.textContent = `${issue.ref} moved to ${stateName[state]}.`;
	}

	function focus(ref) {
		if (!document.querySelector('dialog[open]'))
			node.querySelector(`[data-ref="${ref}"] .card-link`)?.focus();
	}

	function keys(event, issue) {
		const order = STATES.map(([state]) => state);
		const at = order.indexOf(issue.state);
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
		const cards = (state) => [...columns.get(state).node.querySelectorAll('.card-link')];
		const place = cards(issue.state).indexOf(event.currentTarget);

		if (!step && !down)
			return;
		event.preventDefault();
		if (down) {
			cards(issue.state)[place + down]?.focus();
		} else if (event.shiftKey) {
			if (order[at + step])
				move(issue, order[at + step]);
		} else {
			for (let i = at + step; order[i]; i += step) {
				const there = cards(order[i]);
				if (there.length) {
					there[Math.min(place, there.length - 1)].focus();
					break;
				}
			}
		}
	}

	for (const [state, column] of columns) {
		column.node.addEventListener('dragover', (event) => {
			if (!dragged)
				return;
			event.preventDefault();
			column.node.classList.toggle('target', dragged.state !== state);
		});
		column.node.addEventListener('dragleave', (event) => {
			if (!column.node.contains(event.relatedTarget))
				column.node.classList.remove('target');
		});
		column.node.addEventListener('drop', (event) => {
			event.preventDefault();
			column.node.classList.remove('target');
			if (dragged && dragged.state !== state)
				move(dragged, state);
		});
		draw(state);
	}
	const node = h('div.board', [...columns.values()].map((column) => column.node), said);
	return node;
}
