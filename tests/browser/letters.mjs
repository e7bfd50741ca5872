/*
 * node letters.mjs URL EMAIL PASSWORD SCRATCH: what links in mails lead to.  The
 * mails are in SCRATCH/smtp/mail, playwright-core is in SCRATCH.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const [url, email, password, dir] = process.argv.slice(2);
const { chromium } = createRequire(`${dir}/`)('playwright-core');
const WAIT = Number(process.env.WAIT_MS ?? 15000);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--host-resolver-rules=MAP *.localhost 127.0.0.1'] });
const complaints = [];
let done = 0;

function ok(good, claim, more = '') {
	console.log(`${good ? 'ok' : 'not ok'} ${++done} - ${claim}`);
	if (!good) {
		console.log(`# ${more}`);
		process.exitCode = 1;
	}
}

async function open() {
	const context = await browser.newContext({ baseURL: url });
	const page = await context.newPage();
	page.setDefaultTimeout(WAIT);
	page.on('pageerror', (error) => complaints.push(error.message));
	page.on('console', (message) => {
		if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
			complaints.push(message.text());
	});
	return page;
}

/* The link in the newest of n mails to somebody. */
async function link(to, n) {
	for (let i = 0; i < WAIT / 100; i++) {
		const texts = readdirSync(`${dir}/smtp/mail`).filter((name) => /^\d+$/.test(name))
		    .sort((a, b) => b - a).map((name) => readFileSync(`${dir}/smtp/mail/${name}`, 'utf8'))
		    .filter((text) => text.includes(`RCPT TO: ${to}\n`));
		if (texts.length >= n)
			return texts[0].match(/^(http:\S+)/m)[1];
		await new Promise((next) => setTimeout(next, 100));
	}
	throw new Error(`no mail to ${to}`);
}

const api = (page, method, path, body) => page.evaluate(async ([m, p, b]) => {
	const { token } = JSON.parse(localStorage.getItem('pb_auth') ?? '{"token":""}');
	const response = await fetch(`/api${p}`, { method: m, body: b && JSON.stringify(b),
	    headers: { Authorization: token, 'Content-Type': 'application/json' } });
	return response.status;
}, [method, path, body]);

const inside = (page) => page.getByRole('heading', { name: 'My work' }).waitFor();

const owner = await open();
try {
	await owner.goto('/');
	await owner.getByRole('link', { name: 'Password forgotten?' }).click();
	await owner.getByLabel('E-mail address').fill(email);
	await owner.getByRole('button', { name: 'Send it' }).click();
	await owner.getByText('a mail is on its way').waitFor();
	ok(true, 'a forgotten password is asked for');
	const reset = await link(email, 1);
	await owner.goto(reset);
	await owner.reload();
	await owner.getByLabel('New password').fill('a new password');
	await owner.getByRole('button', { name: 'Save and sign in' }).click();
	await owner.getByRole('heading', { name: 'What is your name?' }).waitFor();
	ok(true, 'the link leads to a new one, and in');
	ok(!(await owner.evaluate(() => location.href)).includes('ey'), '  and is not in the address any more');
	await owner.getByLabel('Name', { exact: true }).fill('The Owner');
	await owner.getByRole('button', { name: 'That is me' }).click();
	await inside(owner);

	const late = await open();
	await late.goto(reset);
	await late.getByLabel('New password').fill('another password');
	await late.getByRole('button', { name: 'Save and sign in' }).click();
	await late.getByText('This link is too old, or was used already.').waitFor();
	ok(true, '  once');
	await late.getByRole('link', { name: 'To the sign-in' }).click();
	await late.getByRole('button', { name: 'Sign in' }).waitFor();
	ok(true, '  and there is a way back');

	await api(owner, 'POST', '/collections/users/request-email-change', { newEmail: 'boss@acme.example' });
	await owner.goto(await link('boss@acme.example', 1));
	await owner.getByText('boss@acme.example').waitFor();
	await owner.getByLabel('Your password').fill('a new password');
	await owner.getByRole('button', { name: 'Save and sign in' }).click();
	await inside(owner);
	ok(true, 'another address, in a window where somebody is signed in');

	await owner.getByRole('link', { name: 'People', exact: true }).click();
	await owner.getByRole('button', { name: 'Invite by mail' }).click();
	await owner.getByLabel('E-mail address').fill('new@acme.example');
	await owner.getByRole('button', { name: 'Invite', exact: true }).click();
	await owner.getByText('Invited.').waitFor();
	ok(true, 'somebody is invited');
	const guest = await open();
	await guest.goto(await link('new@acme.example', 1));
	await guest.getByText('new@acme.example').waitFor();
	await guest.getByLabel('Name', { exact: true }).fill('New One');
	await guest.getByLabel('Password', { exact: true }).fill('a password of mine');
	await guest.getByRole('button', { name: 'Come in' }).click();
	await inside(guest);
	ok(true, '  and comes in');
} catch (error) {
	ok(false, 'goes on', error.message.split('\n').slice(0, 4).join('\n# '));
	await owner.screenshot({ path: `${dir}/failed.png` }).catch(() => {});
}
ok(complaints.length === 0, 'no error, no policy violation', complaints.join('; '));
console.log(`1..${done}`);
await browser.close();
