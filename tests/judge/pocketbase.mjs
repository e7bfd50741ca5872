/*
 * node pocketbase.mjs SDK URL EMAIL PASSWORD MAILS: what a page does with
 * PocketBase's client, against us.  Prints "ok WHAT" or "not ok WHAT", and "done".
 */
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const [sdk, url, email, password, mails] = process.argv.slice(2);
const { default: PocketBase, ClientResponseError } = await import(pathToFileURL(sdk));

function ok(what, good) {
	console.log(`${good ? 'ok' : 'not ok'} ${what}`);
}

async function refusal(promise) {
	try {
		await promise;
	} catch (error) {
		return error instanceof ClientResponseError ? error : { status: String(error) };
	}
	return { status: 'none' };
}

/* As a browser knows *.localhost, and node's resolver may not. */
globalThis.fetch = (target, options) => new Promise((done, fail) => {
	const to = new URL(target);
	const request = http.request({ host: '127.0.0.1', port: to.port,
	    path: to.pathname + to.search, method: options.method ?? 'GET',
	    headers: { ...options.headers, Host: to.host,
		'Content-Length': Buffer.byteLength(options.body ?? '') } }, (answer) => {
		const parts = [];
		answer.on('data', (part) => parts.push(part));
		answer.on('end', () => done(new Response(
		    [204, 304].includes(answer.statusCode) ? null : Buffer.concat(parts),
		    { status: answer.statusCode, headers: answer.headers })));
	});
	request.on('error', fail);
	request.end(options.body);
});

/* The token of the newest mail to somebody; n have to have come. */
async function mailed(to, n) {
	for (let i = 0; i < 300; i++) {
		const texts = readdirSync(mails).filter((name) => /^\d+$/.test(name))
		    .sort((a, b) => b - a)
		    .map((name) => readFileSync(`${mails}/${name}`, 'utf8'))
		    .filter((text) => text.includes(`RCPT TO: ${to}\n`));
		if (texts.length >= n)
			return texts[0].match(/#\/confirm-[a-z-]+\/(\S+)/)[1];
		await new Promise((next) => setTimeout(next, 100));
	}
	throw new Error(`no mail to ${to}`);
}

const pb = new PocketBase(url);
const users = pb.collection('users');

ok('it is healthy', (await pb.health.check()).code === 200);
const methods = await users.listAuthMethods();
ok('the methods of signing in', methods.password.enabled && !methods.oauth2.enabled);
let refused = await refusal(users.authWithPassword(email, 'wrong'));
ok('a wrong password', refused.status === 400);
refused = await refusal(users.getList(1, 10));
ok('a guest lists nobody', refused.status === 401);

let session = await users.authWithPassword(email, password);
ok('signs in', session.record.email === email && pb.authStore.isValid);
ok('the store has the record', pb.authStore.record.role === 'owner');
const before = pb.authStore.token;
session = await users.authRefresh();
ok('refreshes', session.token.split('.').length === 3 && before.split('.').length === 3);

for (let i = 0; i < 35; i++)
	await users.create({ email: `user${i}@acme.example`, password: 'some password',
	    passwordConfirm: 'some password', name: `User ${i}` });
const list = await users.getList(2, 10);
ok('a page of a list', list.page === 2 && list.perPage === 10 && list.items.length === 10 &&
    list.totalItems === 36 && list.totalPages === 4);
const all = await users.getFullList({ batch: 7 });
ok('a full list, in batches', all.length === 36 && new Set(all.map((u) => u.id)).size === 36);
const one = await users.getOne(all[5].id);
ok('one of them', one.email === all[5].email && one.collectionName === 'users');
ok('is changed', (await users.update(one.id, { name: 'Other' })).name === 'Other');
refused = await refusal(users.create({ email: one.email, password: 'some password',
    passwordConfirm: 'some password' }));
ok('what is wrong is said of the field',
    refused.status === 409 && refused.response.data.email.code === 'validation_not_unique');
ok('is deleted', await users.delete(one.id));
refused = await refusal(users.getOne(one.id));
ok('  and gone', refused.status === 404);

const project = await pb.send('/api/projects', { method: 'POST',
    body: { key: 'WEB', name: 'Web' } });
ok('an endpoint of the application', project.key === 'WEB');
await pb.send('/api/projects/WEB/issues', { method: 'POST', body: { title: 'One' } });
const issues = await pb.send('/api/projects/WEB/issues', { query: { limit: 5 } });
ok('another, with a query', issues.items.length === 1 && issues.items[0].title === 'One');

ok('asks for a verification', await users.requestVerification(email));
ok('  and confirms it', await users.confirmVerification(await mailed(email, 1)));
ok('  and the store knows it', pb.authStore.record.verified === true);
ok('asks for a new password', await users.requestPasswordReset(email));
let token = await mailed(email, 2);
ok('  and confirms it', await users.confirmPasswordReset(token, 'a new password', 'a new password'));
refused = await refusal(users.confirmPasswordReset(token, 'b new password', 'b new password'));
ok('  once', refused.status === 400 && refused.response.data.token.code === 'validation_invalid_token');
refused = await refusal(users.authRefresh());
ok('  which has ended the session', refused.status === 401);
await users.authWithPassword(email, 'a new password');
ok('signs in with it', pb.authStore.isValid);
ok('asks for another address', await users.requestEmailChange('boss@acme.example'));
token = await mailed('boss@acme.example', 1);
ok('  and confirms it', await users.confirmEmailChange(token, 'a new password'));
ok('  which has ended the session', !pb.authStore.isValid || !pb.authStore.record);
session = await users.authWithPassword('boss@acme.example', 'a new password');
ok('signs in with it', session.record.email === 'boss@acme.example' && session.record.verified);
console.log('done');
