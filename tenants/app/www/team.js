/*
 * What every part of the page needs to know of the team: its projects, people
 * and labels, and the words for states and priorities.
 */
import { get, me } from './api.js';

export const STATES = [
	['backlog', 'Backlog'],
	['todo', 'To do'],
	['doing', 'In progress'],
	['done', 'Done'],
	['cancelled', 'Cancelled'],
];
export const PRIORITIES = [
	[4, 'Urgent'],
	[3, 'High'],
	[2, 'Medium'],
	[1, 'Low'],
	[0, 'No priority'],
];
export const stateName = Object.fromEntries(STATES);
export const priorityName = Object.fromEntries(PRIORITIES);
export const isOpen = (state) => state !== 'done' && state !== 'cancelled';

const host = location.hostname.split('.')[0];
export const tenant = host[0].toUpperCase() + host.slice(1);

export const team = { projects: [], archived: [], members: [], labels: [] };

/* All of a list that comes in pages: each begins after the last one's key. */
async function whole(path, key, query = {}) {
	const all = [];
	for (;;) {
		const { items } = await get(path, { ...query, limit: 200, after: all.at(-1)?.[key] });
		all.push(...items);
		if (items.length < 200)
			return all;
	}
}

export async function loadProjects() {
	[team.projects, team.archived] = await Promise.all([
		whole('/projects', 'key'),
		whole('/projects', 'key', { archived: true }),
	]);
	const byName = (a, b) => a.name.localeCompare(b.name);
	team.projects.sort(byName);
	team.archived.sort(byName);
	dispatchEvent(new Event('projects'));
}

export async function loadMembers() {
	team.members = (await whole('/members', 'id'))
	    .sort((a, b) => a.name.localeCompare(b.name));
}

export async function loadLabels() {
	team.labels = await whole('/labels', 'name');
}

export const loadTeam = () => Promise.all([loadProjects(), loadMembers(), loadLabels()]);

export const project = (key) => [...team.projects, ...team.archived].find((p) => p.key === key);
/* What to call somebody: an account may lack a name, and may be gone. */
export const called = (name) => name ||
    (name === '' ? 'Somebody without a name' : 'Somebody who left');
export const memberName = (id) => called(team.members.find((m) => m.id === id)?.name);

/* Is this word (WEB-12) the name of an issue? */
export const isIssue = (word) => Boolean(project(word.split('-')[0]));

/* What to choose an assignee from: oneself first. */
export const people = () => [
	...team.members.filter((m) => m.id === me()?.id),
	...team.members.filter((m) => m.id !== me()?.id),
].map((m) => [m.id, called(m.name)]);
