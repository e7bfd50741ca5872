/*
 * Talking to /api/operator.  The token is in this module's memory and nowhere
 * else: no storage, no address, no attribute.  A reload, or leaving the page,
 * has forgotten it.
 */
const TIMEOUT_MS = 15000;

let token = null;
let whenOver = () => {};

export const signedIn = () => token !== null;
export const onSessionOver = (callback) => { whenOver = callback; };

/* Is it the operator's?  It is asked for something that changes nothing. */
export async function signIn(value) {
	if (!/^[\x21-\x7e]+$/.test(value))	/* what no header can hold */
		throw new Refusal(401);
	token = value;
	try {
		await get('/plans');
	} catch (error) {
		token = null;
		throw error;
	}
}

export function signOut(why = '') {
	if (token === null)
		return;
	token = null;
	whenOver(why);
}

/*
 * What a request throws.  message is for people, fields has the server's words
 * for single fields; status is 0 where there was no answer; wait is in seconds.
 */
export class Refusal extends Error {
	constructor(status, body, wait) {
		const fields = Object.fromEntries(Object.entries(body?.data ?? {})
		    .filter(([, fault]) => fault?.message)
		    .map(([name, fault]) => [name, sentence(fault.message)]));
		super(inWords(status, Object.values(fields).join(' ') || body?.message, wait));
		this.status = status;
		this.wait = wait;
		this.fields = fields;
	}
}

export function sentence(text) {
	const t = String(text ?? '').trim();
	return t && t[0].toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.');
}

function inWords(status, text, wait) {
	const again = wait ? `Try again in ${wait} second${wait === 1 ? '' : 's'}.` : 'Try again in a moment.';

	switch (status) {
	case 0:
		return 'The server does not answer. Is the connection there, is Caddy running?';
	case 401:
		return 'This is not the operator’s token.';
	case 429:
		return `${sentence(text)} ${again}`;
	case 502:
		return 'The pool broke off before it answered. What was asked for may have been done.';
	case 503:
		return `The pool is away: nothing was done. ${again}`;
	}
	return sentence(text) || `The server answered ${status}.`;
}

async function send(method, path, { query, body } = {}) {
	const asked = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
	const url = `/api/operator${path}` + (asked.length ? `?${new URLSearchParams(asked)}` : '');
	const own = token;
	let response;

	try {
		response = await fetch(url, { method, credentials: 'omit', cache: 'no-store', redirect: 'error',
		    signal: AbortSignal.timeout(TIMEOUT_MS), body: body && JSON.stringify(body),
		    headers: { Authorization: `Bearer ${own}`, ...body && { 'Content-Type': 'application/json' } } });
	} catch {
		throw new Refusal(0);
	}
	const answer = await response.json().catch(() => null);
	if (response.ok)
		return answer;
	const refusal = new Refusal(response.status, answer, Number(response.headers.get('Retry-After')) || 0);
	if (response.status === 401 && own === token && path !== '/plans')
		signOut('The token is not taken any more: there is another one.');
	throw refusal;
}

export const get = (path, query) => send('GET', path, { query });
export const post = (path, body) => send('POST', path, { body });
export const put = (path, body) => send('PUT', path, { body });
export const remove = (path) => send('DELETE', path);

/* A part of a path: whatever it holds, it stays one segment. */
export const tenantPath = (slug, rest = '') => `/tenants/${encodeURIComponent(slug)}${rest}`;
