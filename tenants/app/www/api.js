/*
 * Talking to the server: the session, one way to send a request, and what a
 * refusal means in words.  The session is kept as PocketBase's SDK keeps it.
 */
const KEY = 'pb_auth';
const PATIENCE_MS = 5000;	/* how long a GET waits for a busy server */

let session = read();
let whenOver = () => {};

/* What a token says, unverified. */
export function claims(token) {
	const middle = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
	return JSON.parse(atob(middle));
}

function read() {
	try {
		const kept = JSON.parse(localStorage.getItem(KEY));
		const fresh = claims(kept.token).exp * 1000 > Date.now();
		return fresh && kept.record ? kept : null;
	} catch {
		return null;
	}
}

function keep(value) {
	session = value;
	try {
		if (value)
			localStorage.setItem(KEY, JSON.stringify(value));
		else
			localStorage.removeItem(KEY);
	} catch {
		/* storage is refused: signed in until the page is closed */
	}
}

export const me = () => session?.record ?? null;
export const isAdmin = () => ['admin', 'owner'].includes(me()?.role);
export const isOwner = () => me()?.role === 'owner';

/* Calls back when the session ends, here or in another window. */
export function onSessionOver(callback) {
	whenOver = callback;
	addEventListener('storage', (event) => {
		if (event.key !== KEY)
			return;
		const before = session?.record.id;
		session = read();
		if (session?.record.id !== before)
			whenOver('');
	});
}

export async function signIn(identity, password) {
	try {
		keep(await send('POST', '/collections/users/auth-with-password',
		    { body: { identity, password } }));
	} catch (error) {
		if (error.status === 400)
			error.message = 'E-mail address or password is wrong.';
		throw error;
	}
}

/* For who has a second factor: mfaId is what the password was refused with. */
export async function signInWithCode(code, mfaId) {
	try {
		keep(await send('POST', '/collections/users/auth-with-otp',
		    { body: { otpId: 'totp', password: code, mfaId } }));
	} catch (error) {
		if (error.status === 400)
			error.message = 'The code is wrong, or was used already.';
		throw error;
	}
}

export function signOut(why = '') {
	keep(null);
	whenOver(why);
}

/* A new token, and the account as it is now. */
export async function refresh() {
	const fresh = await send('POST', '/collections/users/auth-refresh');
	if (session)
		keep(fresh);
}

/*
 * What send() throws.  message is for people; fields are the server's words
 * for single fields; status is 0 where there was no answer.
 */
export class Refusal extends Error {
	constructor(status, body, wait) {
		super(inWords(status, body?.message, wait));
		this.status = status;
		this.mfaId = body?.mfaId;
		this.fields = Object.fromEntries(
		    Object.entries(body?.data ?? {}).map(
			([name, fault]) => [name, sentence(fault.message)]));
	}
}

function sentence(text) {
	const t = String(text ?? '').trim();
	return t && t[0].toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.');
}

function inWords(status, text, wait) {
	const soon = wait ? `in ${wait} second${wait === 1 ? '' : 's'}` : 'in a moment';

	switch (status) {
	case 0:
		return 'The server cannot be reached. Check your connection.';
	case 401:
		return 'Please sign in again.';
	case 403:
		return 'You may not do this. Ask an admin of your team.';
	case 404:
		return 'This is not here (any more).';
	case 413:
		return 'This is too long to be saved.';
	case 429:
		return `Too many requests just now. Please try again ${soon}.`;
	case 502:
	case 503:
		return `The server is busy or being updated. Please try again ${soon}.`;
	case 504:
		return 'The server took too long to answer.';
	case 507:
		return 'Your team’s space is full. Nothing was saved.';
	}
	if (status >= 500)
		return 'Something went wrong on the server. It has been noted there.';
	return sentence(text) || 'The server refused this.';
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/*
 * One request under /api; the answer's JSON, or null where it has none.  A GET
 * waits and tries again where the server says that it is busy.
 */
export async function send(method, path, { query, body, signal } = {}) {
	const asked = Object.entries(query ?? {}).filter(
	    ([, value]) => value !== undefined && value !== null && value !== '');
	const url = `/api${path}` + (asked.length ? `?${new URLSearchParams(asked)}` : '');
	const headers = {};
	let patience = method === 'GET' ? PATIENCE_MS : 0;

	if (session)
		headers.Authorization = session.token;
	if (body !== undefined)
		headers['Content-Type'] = 'application/json';

	for (;;) {
		let response;
		try {
			response = await fetch(url, { method, headers, signal,
			    body: body === undefined ? undefined : JSON.stringify(body) });
		} catch (error) {
			if (error.name === 'AbortError')
				throw error;
			throw new Refusal(0);
		}
		const answer = await response.json().catch(() => null);
		if (response.ok)
			return answer;

		const wait = Number(response.headers.get('Retry-After')) || 0;
		if ([429, 502, 503].includes(response.status) &&
		    patience >= Math.max(wait, 1) * 1000) {
			patience -= Math.max(wait, 1) * 1000;
			await pause(Math.max(wait, 1) * 1000);
			continue;
		}
		if (response.status === 401 && headers.Authorization &&
		    headers.Authorization === session?.token)
			signOut('Your session has ended. Please sign in again.');
		throw new Refusal(response.status, answer, wait);
	}
}

export const get = (path, query, signal) => send('GET', path, { query, signal });
export const post = (path, body) => send('POST', path, { body });
export const patch = (path, body) => send('PATCH', path, { body });
export const put = (path) => send('PUT', path);
export const remove = (path) => send('DELETE', path);

/* A part of a path: whatever it holds, it stays one segment. */
export const segment = encodeURIComponent;
