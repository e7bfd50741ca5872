/* What was said and done about an issue, oldest first. */
import { get, isAdmin, me, patch, remove, segment } from './api.js';
import { avatar, h, icon, iconButton, prose, when } from './dom.js';
import { broken, confirmed, failed, growing, loading, menu, moreButton } from './ui.js';
import { called, isIssue, memberName, priorityName, stateName } from './team.js';

const PAGE = 50;

/* "moved it from To do to Done"; it is what was changed. */
export function deed({ field, was, became }, it = 'it') {
	const named = (name, value) => h('b', name(value));
	const turned = (what, name, none) => {
		if (became === null)
			return [`removed ${what} from `, it];
		if (was === null || was === none)
			return [`set ${what} of `, it, ' to ', named(name, became)];
		return [`changed ${what} of `, it, ' from ', named(name, was), ' to ', named(name, became)];
	};

	switch (field) {
	case 'created':
		return ['created ', it];
	case 'title':
		return ['renamed ', it, ' from ', h('b', was)];
	case 'description':
		return ['edited the description of ', it];
	case 'state':
		return ['moved ', it, ' from ', h('b', stateName[was]), ' to ', h('b', stateName[became])];
	case 'priority':
		return turned('the priority', (p) => priorityName[p], '0');
	case 'assignee':
		return became === null ? ['took ', it, ' from ', named(memberName, was)] :
		    ['assigned ', it, ' to ', named(memberName, became)];
	case 'due':
		return turned('the due date', (date) => date);
	case 'label':
		return became === null ? ['took the label ', h('b', was), ' off ', it] :
		    ['put the label ', h('b', became), ' on ', it];
	case 'comment':
		return ['commented on ', it];
	}
	return [`changed ${field} of `, it];
}

export function timeline(ref) {
	const path = `/issues/${segment(ref)}`;
	const node = h('div.timeline', loading(3));
	/* both lists newest first, with whether there is more behind */
	const lists = { comments: { items: [], more: true }, activity: { items: [], more: true } };
	let drawn = '';

	async function load(name, query) {
		const { items } = await get(`${path}/${name}`, { limit: PAGE, ...query });
		return items;
	}

	async function refresh() {
		try {
			for (const [name, list] of Object.entries(lists)) {
				const items = await load(name);
				const oldest = items.at(-1)?.id ?? Infinity;
				/* pages loaded before stay; what they held is fresh above */
				const older = list.items.filter((item) => item.id < oldest && items.length === PAGE);
				list.more = items.length === PAGE && (older.length === 0 || list.more);
				list.items = [...items, ...older];
			}
			draw();
		} catch (error) {
			if (!drawn)
				node.replaceChildren(broken(error, refresh));
		}
	}

	const time = (item) => item.created ?? item.at;

	/* Up to where both lists are known: before that there would be gaps. */
	function horizon() {
		return Object.values(lists).filter((list) => list.more && list.items.length)
		    .map((list) => time(list.items.at(-1))).sort().at(-1) ?? '';
	}

	async function earlier() {
		const edge = horizon();
		for (const [name, list] of Object.entries(lists)) {
			if (!list.more || !list.items.length || time(list.items.at(-1)) < edge)
				continue;
			const items = await load(name, { before: list.items.at(-1).id });
			list.items.push(...items);
			list.more = items.length === PAGE;
		}
		draw();
		return horizon() !== '';
	}

	function draw() {
		const edge = horizon();
		const known = JSON.stringify(lists);
		const items = [...lists.comments.items, ...lists.activity.items]
		    .filter((item) => time(item) >= edge && item.field !== 'comment')
		    .sort((a, b) => time(a).localeCompare(time(b)) || a.id - b.id);

		if (known === drawn || node.querySelector('.editor'))
			return;
		drawn = known;
		node.replaceChildren(edge ? moreButton('Show earlier', earlier) : '', h('ol',
		    items.map((item) => item.body === undefined ? event(item) : comment(item))));
	}

	const event = (item) => h('li.event', h('span.event-dot'), h('span',
	    h('b', called(item.actor_name)), ' ', deed(item), ' · ', when(item.at)));

	function comment(item) {
		const own = item.author === me().id;
		const more = own || isAdmin() ? iconButton('more', 'Comment menu', () => menu(more, 'Comment', [
			...own ? [{ text: 'Edit', icon: icon('edit'), run: () => edit(item, text) }] : [],
			{ text: 'Delete…', icon: icon('trash'), run: () => erase(item) },
		]), { 'aria-haspopup': 'menu' }) : null;
		const text = h('div', prose(item.body, isIssue));
		return h('li.comment', avatar(item.author ?? '?', item.author_name),
		    h('div.bubble', h('header', h('b', called(item.author_name)),
			when(item.created),
			item.edited ? h('span.quiet', 'edited') : null, h('span.grow'), more), text));
	}

	function edit(item, text) {
		const area = growing({ rows: 2, maxlength: 10000, required: true, 'aria-label': 'Comment',
		    value: item.body });
		const done = () => { text.replaceChildren(); drawn = ''; refresh(); };
		text.replaceChildren(h('form.editor', { onsubmit: async (submit) => {
			submit.preventDefault();
			try {
				await patch(`/comments/${item.id}`, { body: area.value });
				done();
			} catch (error) {
				failed(error);
			}
		} }, area, h('div.buttons', h('button.primary', 'Save'),
		    h('button', { type: 'button', onclick: done }, 'Cancel'))));
		area.focus();
	}

	async function erase(item) {
		if (!await confirmed('Delete this comment?', 'This cannot be undone.', 'Delete'))
			return;
		try {
			await remove(`/comments/${item.id}`);
			refresh();
		} catch (error) {
			failed(error);
		}
	}

	return { node, refresh };
}
