/*
 * An issue: a panel to read and change it, and the form that makes one.
 *
 * Every change is sent with the version that was seen.  Where somebody else
 * was faster, nothing is lost: what was typed stays, beside what is there now.
 */
import { get, isAdmin, me, patch, post, put, remove, segment } from './api.js';
import { avatar, h, icon, iconButton, labelChip, prose, when } from './dom.js';
import { alertBox, broken, confirmed, dialog, failed, field, formEnd, growing, loading, menu,
    outrun, submitting, toast } from './ui.js';
import { PRIORITIES, STATES, called, isIssue, isOpen, people, project, team } from './team.js';
import { timeline } from './timeline.js';
import { pickLabels } from './labels.js';

/* What was begun and not yet sent: comments and descriptions by issue, and a new issue. */
const drafts = { comment: new Map(), description: new Map(), issue: {} };

/* Nothing of it is for who signs in next. */
export function forgetDrafts() {
	drafts.comment.clear();
	drafts.description.clear();
	drafts.issue = {};
}

const select = (options, value, onchange) => h('select', { value: String(value ?? ''), onchange },
    options.map(([key, text]) => h('option', { value: String(key) }, text)));
const assignees = () => [['', 'Nobody'], ...people()];

export function openIssue(ref, { changed, closed }) {
	const path = `/issues/${segment(ref)}`;
	const body = h('div.issue-body', loading(8));
	const box = dialog(ref, body, 'panel');
	let issue = null;
	let history = null;
	let saving = Promise.resolve();
	let editing = null;		/* the open editor of the description */

	box.addEventListener('close', closed);

	async function load() {
		try {
			issue = await get(path);
			draw();
		} catch (error) {
			if (error.status !== 401)
				body.replaceChildren(error.status === 404 ?
				    h('div.empty', h('h2', `There is no ${ref}`), h('p', 'It may have been deleted.')) :
				    broken(error, load));
		}
	}

	/* What somebody else changed meanwhile, without disturbing who types. */
	async function refresh() {
		if (!issue)
			return;
		try {
			const now = await get(path);
			if (!editing && now.version !== issue.version) {
				issue = now;
				draw();
			} else {
				issue.labels = now.labels;
				history.refresh();
			}
		} catch (error) {
			if (error.status === 404)
				box.close();
		}
	}

	/* Saves one after the other, so that each knows the version before it. */
	function save(change, onconflict) {
		saving = saving.then(async () => {
			try {
				issue = await patch(path, { version: issue.version, ...change });
				if (!editing)
					draw();
				changed();
			} catch (error) {
				if (error.status === 409 && onconflict)
					return onconflict();
				if (error.status === 409)
					outrun(ref);
				else
					failed(Object.values(error.fields ?? {}).length ?
					    { message: Object.values(error.fields)[0] } : error);
				await load();
			}
		});
		return saving;
	}

	function draw() {
		const scroll = box.scrollTop;
		const focus = document.activeElement?.name;
		const draft = body.querySelector('.comment-form textarea')?.value;

		if (draft !== undefined)
			drafts.comment.set(ref, draft);
		document.title = `${ref} ${issue.title}`;
		body.replaceChildren(title(), h('div.issue-columns', facts(),
		    h('div.issue-main', description(), h('h3', 'Activity'), record(), commentForm())));
		tools();
		box.scrollTop = scroll;
		if (focus)
			body.querySelector(`[name="${focus}"]`)?.focus({ preventScroll: true });
	}

	function tools() {
		const heading = box.querySelector('h2');
		const more = iconButton('more', 'More', () => menu(more, 'More', [
			{ text: 'Copy the address', icon: icon('link'), run: async () => {
				await navigator.clipboard.writeText(location.href);
				toast('The address is copied.');
			} },
			...isAdmin() ? [{ text: 'Delete…', icon: icon('trash'), run: erase }] : [],
		]), { 'aria-haspopup': 'menu' });
		box.querySelector('.issue-tools')?.remove();
		heading.after(h('span.issue-tools', h('span.quiet', project(issue.project)?.name ?? ''),
		    h('span.grow'), more));
	}

	async function erase() {
		if (!await confirmed(`Delete ${ref}?`, 'Its comments and history are deleted with it. ' +
		    'To keep them, move it to “Cancelled” instead.', 'Delete the issue'))
			return;
		try {
			await remove(path);
			box.close();
			changed();
			toast(`${ref} is deleted.`);
		} catch (error) {
			failed(error);
		}
	}

	function title() {
		const area = growing({ rows: 1, maxlength: 200, name: 'title', 'aria-label': 'Title',
		    class: 'issue-title', value: issue.title,
		    onkeydown: (event) => {
			if (event.key === 'Enter') {
				event.preventDefault();
				area.blur();
			} else if (event.key === 'Escape' && area.value !== issue.title) {
				event.preventDefault();
				area.value = issue.title;
			}
		    },
		    onblur: () => {
			const text = area.value.trim().replace(/\s+/g, ' ');
			if (text && text !== issue.title)
				save({ title: text });
			else
				area.value = issue.title;
		    } });
		return area;
	}

	function facts() {
		const row = (name, text, control) => {
			control.setAttribute('name', name);
			return h('label.fact-row', h('span', text), control);
		};
		const labels = h('button.picker', { type: 'button', name: 'labels', 'aria-haspopup': 'dialog',
		    onclick: () => pickLabels(labels, issue.labels.map((l) => l.id), toggle, draw) },
		    issue.labels.length ? issue.labels.map((l) => labelChip(l)) : h('span.quiet', 'None'));
		return h('div.issue-facts',
		    row('state', 'State', h('span.with-icon', icon(issue.state),
			select(STATES, issue.state, (e) => save({ state: e.currentTarget.value })))),
		    row('priority', 'Priority', h('span.with-icon', icon(`priority${issue.priority}`),
			select(PRIORITIES, issue.priority, (e) => save({ priority: Number(e.currentTarget.value) })))),
		    row('assignee', 'Assignee', h('span.with-icon', avatar(issue.assignee, issue.assignee_name),
			select(assignees(), issue.assignee, (e) => save({ assignee: e.currentTarget.value || null })))),
		    row('due', 'Due', h('input', { type: 'date', value: issue.due ?? '',
			onchange: (e) => save({ due: e.currentTarget.value || null }) })),
		    h('div.fact-row', h('span', 'Labels'), labels),
		    h('p.quiet.small', 'Created ', when(issue.created),
			` by ${called(issue.created_by_name)}`,
			h('br'), 'Changed ', when(issue.updated)));
	}

	async function toggle(label, on) {
		const one = `${path}/labels/${label}`;
		issue.labels = (on ? await put(one) : await remove(one)).labels;
		changed();
		history.refresh();
	}

	function description() {
		const edit = () => {
			editing = editor();
			holder.replaceChildren(editing);
			editing.querySelector('textarea').focus();
		};
		const read = () => h('div.description', issue.description ?
		    prose(issue.description, isIssue) : h('p.quiet', 'No description.'),
		    h('button.quiet-button', { type: 'button', onclick: edit }, icon('edit'),
			issue.description ? 'Edit' : 'Add a description'));
		const editor = () => {
			const area = growing({ rows: 6, maxlength: 20000, 'aria-label': 'Description',
			    value: drafts.description.get(ref) ?? issue.description,
			    oninput: () => drafts.description.set(ref, area.value) });
			const close = () => {
				drafts.description.delete(ref);
				editing = null;
				draw();
			};
			const notice = h('div.conflict', { role: 'alert', hidden: true });
			const conflict = async () => {
				const mine = area.value;
				issue = await get(path);
				notice.hidden = false;
				notice.replaceChildren(h('p', h('b', 'Somebody changed this issue while you were writing.'),
				    ' Your text is kept. The description is now:'),
				    h('blockquote', issue.description || 'Empty.'),
				    h('div.buttons',
					h('button', { type: 'button', onclick: async () => {
						await save({ description: mine }, conflict);
						finish();
					} }, 'Save mine instead'),
					h('button', { type: 'button', onclick: close }, 'Drop mine')));
			};
			const finish = () => { if (issue.description === area.value) close(); };
			return h('form.editor', { onsubmit: async (event) => {
				event.preventDefault();
				await save({ description: area.value }, conflict);
				finish();
			} }, notice, area, h('div.buttons',
			    h('button.primary', 'Save'), h('button', { type: 'button', onclick: close }, 'Cancel')));
		};
		if (drafts.description.has(ref))
			editing ??= editor();
		const holder = h('div', editing ?? read());
		return holder;
	}

	function record() {
		history ??= timeline(ref);
		history.refresh();
		return history.node;
	}

	function commentForm() {
		const area = growing({ rows: 2, maxlength: 10000, required: true, name: 'comment',
		    'aria-label': 'Comment', placeholder: 'Write a comment…', value: drafts.comment.get(ref) ?? '',
		    oninput: () => drafts.comment.set(ref, area.value) });
		return h('form.comment-form', { onsubmit: submitting(async () => {
			await post(`${path}/comments`, { body: area.value });
			drafts.comment.delete(ref);
			area.value = '';
			area.dispatchEvent(new Event('input'));
			issue.comments++;
			changed();
			history.refresh();
		}) }, avatar(me().id, me().name), h('div.grow', alertBox(), area,
		    h('div.buttons', h('button.primary', 'Comment'), h('span.quiet.small', 'Ctrl Enter'))));
	}

	load();
	return { ref, refresh, leave: () => box.close() };
}

/* The form for a new issue; start says what it begins with. */
export function newIssue(start, made) {
	const into = team.projects.find((p) => p.key === start.project) ?? team.projects[0];
	const title = h('input.big', { required: true, maxlength: 200, value: drafts.issue.title,
	    placeholder: 'What has to be done?' });
	const description = growing({ rows: 4, maxlength: 20000, value: drafts.issue.description,
	    placeholder: 'What should others know about it?' });
	const where = select(team.projects.map((p) => [p.key, p.name]), into.key);
	const state = select(STATES.filter(([s]) => isOpen(s) || s === start.state),
	    start.state ?? 'todo');
	const priority = select(PRIORITIES, 0);
	const assignee = select(assignees(), '');
	const due = h('input', { type: 'date' });
	let labels = [];
	const picker = h('button.picker', { type: 'button', 'aria-haspopup': 'dialog',
	    onclick: () => pickLabels(picker, labels, (id, on) => {
		labels = on ? [...labels, id] : labels.filter((l) => l !== id);
		showLabels();
	    }) });
	const showLabels = () => picker.replaceChildren(...labels.length ?
	    team.labels.filter((l) => labels.includes(l.id)).map((l) => labelChip(l)) :
	    [h('span.quiet', 'None')]);

	showLabels();
	const form = h('form', { onsubmit: submitting(async () => {
		const issue = await post(`/projects/${segment(where.value)}/issues`, {
			title: title.value, description: description.value, state: state.value,
			priority: Number(priority.value), assignee: assignee.value || null,
			due: due.value || null, labels });
		title.value = description.value = '';
		box.close();
		made();
		toast(h('span', h('a', { href: `#/i/${issue.ref}` }, issue.ref), ' is written down.'));
	}) },
	alertBox(),
	field('title', 'Title', title),
	field('description', 'Description', description),
	h('div.grid',
	    field('project', 'Project', where), field('state', 'State', state),
	    field('priority', 'Priority', priority), field('assignee', 'Assignee', assignee),
	    field('due', 'Due', due), h('div.field', h('span.field-name', 'Labels'), picker)),
	formEnd('Create issue'));
	const box = dialog('New issue', form);
	box.addEventListener('close', () => {
		drafts.issue = { title: title.value, description: description.value };
	});
	title.focus();
}
