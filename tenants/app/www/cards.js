/* How an issue looks in a list, and how it is moved to another state. */
import { patch, segment } from './api.js';
import { avatar, dueChip, h, icon, labelChip, plural } from './dom.js';
import { failed, menu, outrun } from './ui.js';
import { STATES, isOpen, memberName, priorityName, stateName } from './team.js';

export function priorityIcon(priority) {
	return icon(`priority${priority}`, priorityName[priority]);
}

/* One line of a list. */
export function issueRow(issue, more = {}) {
	return h('li.row', { 'data-ref': issue.ref },
	    icon(issue.state, stateName[issue.state]),
	    h('span.ref', issue.ref),
	    h('a.row-link', { href: `#/i/${issue.ref}` }, more.title ?? issue.title,
		more.excerpt ? h('span.excerpt', more.excerpt) : null),
	    h('span.row-facts',
		(issue.labels ?? []).map((label) => labelChip(label)),
		issue.comments ? h('span.fact', { title: plural(issue.comments, 'comment') },
		    icon('comment'), String(issue.comments)) : null,
		issue.due ? dueChip(issue.due, isOpen(issue.state)) : null,
		issue.priority ? priorityIcon(issue.priority) : null,
		avatar(issue.assignee, memberName(issue.assignee))));
}

/* Asks for a state and moves the issue there. */
export function moveMenu(button, issue, move) {
	menu(button, `Move ${issue.ref}`, STATES.map(([state, text]) => ({ text,
	    icon: icon(state), checked: state === issue.state,
	    run: () => { if (state !== issue.state) move(state); } })));
}

/*
 * Saves a change to an issue seen at a version.  Where somebody was faster,
 * says so and answers null: the caller shows what is there now.
 */
export async function saveIssue(issue, change) {
	try {
		return await patch(`/issues/${segment(issue.ref)}`, { version: issue.version, ...change });
	} catch (error) {
		if (error.status === 409)
			outrun(issue.ref);
		else
			failed(error);
		return null;
	}
}
