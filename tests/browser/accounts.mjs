/*
 * What is one's own (harness.mjs): second factor, address, sessions; and what an
 * admin has: keys, the log.  The mails are in DIR/smtp/mail.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { api, complaints, dir, email, faint, finish, link, look, nameless, ok, oneTimeCode, open,
    part, password, picture, same, settled, signIn, toast, url } from './harness.mjs';

const owner = await open();
const users = '/collections/users';
const box = (page, name) => page.getByRole('dialog', { name });
const inside = (page) => page.getByRole('heading', { name: 'My work' }).waitFor();
const setting = (page, name) => page.locator('.setting', { has: page.getByRole('heading', { name }) });

/* What does the server say to a token, outside of any page?  Not every system knows *.localhost. */
const status = (token) => new Promise((answer, fail) => {
	const { host, port } = new URL(url);
	request({ host: '127.0.0.1', port, path: '/api/projects', headers: { Host: host, Authorization: token } },
	    (response) => { response.resume(); answer(response.statusCode); }).on('error', fail).end();
});
const tokenOf = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('pb_auth')).token);

await part('signs in', async () => {
	await signIn(owner, email, password);
	await owner.getByLabel('Name', { exact: true }).fill('Olivia Owner');
	await owner.getByRole('button', { name: 'That is me' }).click();
	await inside(owner);
	await owner.locator('.account').click();
	await owner.getByRole('menuitem', { name: 'Account and security' }).click();
	await owner.getByRole('heading', { name: 'Second factor' }).waitFor();
	ok(true, 'the account has a page of its own');
	await picture(owner, 'account');
});

let secret;
let recovery;
await part('sets a second factor up', async () => {
	await owner.getByRole('button', { name: 'Set it up…' }).click();
	await owner.getByLabel('Your password').fill('not the password');
	await owner.getByRole('button', { name: 'Continue' }).click();
	await owner.locator('[data-field=password] .wrong').getByText('Missing or invalid password.').waitFor();
	same(await owner.evaluate(() => document.activeElement.name), 'password',
	    'a wrong password is said at its field, which has the focus');
	await owner.getByLabel('Your password').fill(password);
	await owner.keyboard.press('Enter');
	await owner.getByLabel('Code').waitFor();
	const first = await owner.locator('.secret').textContent();
	await picture(owner, 'factor-secret');
	same(await nameless(owner), [], 'every control of the dialog has a name');
	same(await faint(owner), [], 'and every text a contrast of 4.5 : 1');

	await owner.reload();
	await owner.getByRole('button', { name: 'Set it up…' }).click();
	await owner.getByLabel('Your password').fill(password);
	await owner.getByRole('button', { name: 'Continue' }).click();
	await owner.getByLabel('Code').waitFor();
	secret = (await owner.locator('.secret').textContent()).replaceAll(' ', '');
	ok(secret.length >= 32 && secret !== first.replaceAll(' ', ''),
	    'after a reload in the middle it begins again, with another secret');
	const href = await owner.getByRole('link', { name: 'by its link' }).getAttribute('href');
	ok(href.startsWith('otpauth://totp/') && href.includes(`secret=${secret}`), 'the link has it, too', href);

	await owner.getByLabel('Code').fill('000000');
	await owner.getByRole('button', { name: 'Turn it on' }).click();
	await owner.locator('[data-field=code] .wrong').waitFor();
	ok(true, 'a wrong code is said at its field');
	const code = oneTimeCode(secret, 0);
	await owner.getByLabel('Code').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
	let asked = 0;
	owner.on('request', (sent) => { asked += sent.url().endsWith('/confirm-factor'); });
	await owner.getByRole('button', { name: 'Turn it on' }).dblclick();
	await box(owner, 'Recovery codes').waitFor();
	same(asked, 1, 'two clicks are one request');
	recovery = (await box(owner, 'Recovery codes').locator('pre').textContent()).split('\n');
	same(recovery.length, 10, 'the right one, with a blank in it, is answered with ten recovery codes');
	await picture(owner, 'factor-recovery');
	const [file] = await Promise.all([owner.waitForEvent('download'),
	    owner.getByRole('link', { name: 'Save as a file' }).click()]);
	await file.saveAs(`${dir}/codes`);
	same([file.suggestedFilename(), readFileSync(`${dir}/codes`, 'utf8').trim().split('\n')],
	    ['acme-recovery-codes.txt', recovery], 'which can be kept as a file');
	await owner.keyboard.press('Escape');
	ok(await box(owner, 'Recovery codes').isVisible(), 'a slip of the keyboard does not close them');
	await box(owner, 'Recovery codes').getByRole('button', { name: 'Done' }).click();
	await setting(owner, 'Second factor').getByText('10 recovery codes left.').waitFor();
	ok(true, 'the account says that it is on');
	await picture(owner, 'account-factor');
});

await part('signs in with it', async () => {
	const page = await open();
	await signIn(page, email, password);
	await page.getByLabel('Code').waitFor();
	await page.reload();
	await signIn(page, email, password);
	await page.getByLabel('Code').fill(recovery[0].toUpperCase());
	await page.getByRole('button', { name: 'Sign in' }).click();
	await inside(page);
	ok(true, 'a recovery code does, after a reload in the middle');
	await page.goto('/#/account');
	await setting(page, 'Second factor').getByText('9 recovery codes left.').waitFor();
	ok(true, 'once');
	await page.context().close();

	const late = await open();
	await late.clock.install();
	await signIn(late, email, password);
	await late.getByLabel('Code').waitFor();
	await picture(late, 'sign-in-code');
	await late.route('**/auth-with-otp', (route) => route.fulfill({ status: 400, body: '{}' }));
	await late.clock.fastForward('06:00');
	await late.getByLabel('Code').fill('123456');
	await late.getByRole('button', { name: 'Sign in' }).click();
	await late.getByText('That took too long. Please give your password again.').waitFor();
	ok(!await late.getByLabel('Code').isVisible() && await late.getByLabel('Password').isEditable(),
	    'who took too long gives the password again');
	await late.context().close();
	look(owner);
});

await part('turns it off', async () => {
	const other = await owner.context().newPage();
	await other.goto('/#/account');
	await other.getByRole('button', { name: 'Turn it off…' }).click();
	await owner.getByRole('button', { name: 'Turn it off…' }).click();
	await owner.getByLabel('Your password').fill(password);
	await owner.getByLabel('Code').fill('aaaaa-aaaaa');
	await owner.getByRole('button', { name: 'Turn it off', exact: true }).click();
	await owner.locator('[data-field=code] .wrong').getByText('Is not right.').waitFor();
	ok(true, 'not with a wrong code');
	await owner.getByLabel('Code').fill(recovery[1]);
	await owner.getByRole('button', { name: 'Turn it off', exact: true }).click();
	await setting(owner, 'Second factor').getByText('Off.').waitFor();
	ok(true, 'with the password and a recovery code it is off');
	await other.getByLabel('Your password').fill(password);
	await other.getByLabel('Code').fill(recovery[2]);
	await other.getByRole('button', { name: 'Turn it off', exact: true }).click();
	await toast(other, 'This was changed in another window.');
	await setting(other, 'Second factor').getByText('Off.').waitFor();
	ok(true, 'another window that is too late shows it as it is');
	await other.close();
});

await part('changes the address', async () => {
	await owner.getByRole('button', { name: 'Confirm it by mail' }).click();
	await toast(owner, `A mail to ${email} is on its way.`);
	await owner.goto(await link(email, 1));
	await owner.getByRole('button', { name: 'Yes, it is' }).click();
	await inside(owner);
	await owner.goto('/#/account');
	await setting(owner, 'E-mail address').getByText('confirmed', { exact: true }).waitFor();
	ok(true, 'an address is confirmed');
	await setting(owner, 'E-mail address').getByRole('button', { name: 'Change…' }).click();
	await owner.getByLabel('New address').evaluate((input) => { input.type = 'text'; });
	await owner.getByLabel('New address').fill('boss');
	await owner.getByRole('button', { name: 'Send the mail' }).click();
	await owner.locator('[data-field=newEmail] .wrong').waitFor();
	ok(true, 'what is no address is said at its field');
	await owner.getByLabel('New address').fill('boss@acme.example');
	await owner.getByRole('button', { name: 'Send the mail' }).click();
	await toast(owner, 'A mail to boss@acme.example is on its way.');
	await owner.goto(await link('boss@acme.example', 1));
	await owner.getByLabel('Your password').fill(password);
	await owner.getByRole('button', { name: 'Save and sign in' }).click();
	await inside(owner);
	await owner.goto('/#/account');
	await setting(owner, 'E-mail address').getByText('boss@acme.example').waitFor();
	ok(true, 'it is another one when the link was followed');
});

let key;
await part('makes a key', async () => {
	await owner.getByRole('link', { name: 'API keys' }).click();
	await owner.getByText('No keys yet').waitFor();
	await owner.getByRole('button', { name: 'New key' }).click();
	await owner.getByLabel('Name').fill('Build <b>server</b>');
	await owner.getByLabel('Only below these paths').fill('projects');
	await owner.getByLabel('Good until').fill('2020-01-01');
	await picture(owner, 'key-new');
	await owner.getByRole('button', { name: 'Make the key' }).click();
	await owner.locator('[data-field=paths] .wrong').waitFor();
	await owner.locator('[data-field=expires] .wrong').waitFor();
	ok(true, 'what is wrong is said at each field');
	await owner.getByLabel('Only below these paths').fill('/api/projects\n\n /api/labels ');
	await owner.getByLabel('Good until').fill(`${new Date().getFullYear() + 1}-12-31`);
	await owner.getByRole('button', { name: 'Make the key' }).dblclick();
	const shown = box(owner, 'Build <b>server</b>');
	await shown.waitFor();
	key = await shown.locator('pre').textContent();
	await picture(owner, 'key-once');
	same([/^rhk_[a-z0-9]{40}$/.test(key), await status(`Bearer ${key}`)], [true, 200], 'it is shown, and is good');

	await owner.context().grantPermissions(['clipboard-read', 'clipboard-write']);
	await shown.getByRole('button', { name: 'Copy' }).click();
	await shown.getByText('Copied.').waitFor();
	same(await owner.evaluate(() => navigator.clipboard.readText()), key, 'it can be copied');
	await owner.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
	await shown.getByRole('button', { name: 'Copy' }).click();
	await shown.getByText('The text is selected.').waitFor();
	same(await owner.evaluate(() => getSelection().toString()), key, 'or is selected, where the browser copies nothing');

	/* he is asked, and stays */
	const question = owner.waitForEvent('dialog');
	await owner.evaluate(() => setTimeout(() => location.reload()));
	same((await question).type(), 'beforeunload', 'whoever leaves before he has kept it is asked');
	complaints.splice(complaints.indexOf('dialog: '), 1);
	same(await shown.locator('pre').textContent(), key, 'and finds it still there');
	await owner.goBack();
	await owner.getByRole('heading', { name: 'E-mail address' }).waitFor();
	ok(await shown.isVisible(), 'nor does the back button take it from him');
	await owner.goForward();
	await shown.getByRole('button', { name: 'Done' }).click();
	await owner.locator('.api-key').waitFor();
	same(await owner.locator('.api-key').count(), 1, 'two clicks make one key');
	await owner.reload();
	await owner.locator('.api-key').getByText('/api/projects /api/labels').waitFor();
	ok(!(await owner.content()).includes(key.slice(4)), 'the list has it no more');
	ok(await owner.locator('.api-key').getByText('used').isVisible(), 'but says when it was used');
	await picture(owner, 'keys');
});

await part('revokes it', async () => {
	const other = await owner.context().newPage();
	await other.goto('/#/keys');
	await other.getByRole('button', { name: 'Revoke Build <b>server</b>' }).click();
	await owner.getByRole('button', { name: 'Revoke Build <b>server</b>' }).click();
	await owner.getByRole('button', { name: 'Cancel' }).click();
	same(await status(`Bearer ${key}`), 200, 'not without a yes');
	await owner.getByRole('button', { name: 'Revoke Build <b>server</b>' }).click();
	await owner.getByRole('button', { name: 'Revoke', exact: true }).click();
	await owner.getByText('No keys yet').waitFor();
	same(await status(`Bearer ${key}`), 401, 'a key that is revoked is none');
	await other.getByRole('button', { name: 'Revoke', exact: true }).click();
	await toast(other, 'This is not here (any more).');
	await other.getByText('No keys yet').waitFor();
	ok(true, 'another window that is too late shows it as it is');
	await other.close();
});

await part('goes back', async () => {
	await owner.getByRole('button', { name: 'New key' }).first().click();
	await owner.getByLabel('Name').fill('Half');
	await owner.goBack();
	await owner.getByRole('heading', { name: 'E-mail address' }).waitFor();
	same(await owner.getByRole('dialog').count(), 0, 'the back button closes what was begun');
	await owner.goForward();
	await owner.getByText('No keys yet').waitFor();
	ok(true, 'and the forward button leads to the page again');
});

const member = { email: 'nora@acme.example', password: 'a-fresh-password-1', name: 'Nora New' };
await part('reads the log', async () => {
	await api(owner, 'POST', `${users}/records`, { ...member, passwordConfirm: member.password, role: 'member' });
	for (let i = 0; i < 30; i++) {
		const { id } = await api(owner, 'POST', '/keys', { name: `key ${i}`, role: 'member', scope: 'read' });
		await api(owner, 'DELETE', `/keys/${id}`);
	}
	await owner.getByRole('link', { name: 'Audit log' }).click();
	await owner.locator('.feed li').first().waitFor();
	same(await owner.locator('.feed li').count(), 50, 'the newest fifty');
	await picture(owner, 'audit');
	await owner.getByRole('button', { name: 'Show earlier' }).click();
	await owner.getByText('turned the second factor on').waitFor();
	await owner.getByRole('button', { name: 'Show earlier' }).waitFor({ state: 'hidden' });
	const all = await owner.locator('.feed p').allTextContents();
	ok(all.length > 60 && all[0].startsWith('Olivia Owner revoked the API key key 29') &&
	    all.some((text) => text.includes('changed the address from owner@acme.example to boss@acme.example')) &&
	    all.some((text) => text.includes('signed in with a recovery code')) &&
	    all.some((text) => text.includes('made the API key Build <b>server</b>')), 'all before, in words', all);
	await owner.getByLabel('What').selectOption('Added');
	await owner.waitForFunction(() => document.querySelectorAll('.feed li').length === 1);
	ok(await owner.getByText('added nora@acme.example').isVisible(), 'of one kind');
	await owner.getByLabel('What').selectOption('Role changed');
	await owner.getByText('Nothing of that kind').waitFor();
	ok(true, 'where there is nothing that is said');
});

await part('is of admins', async () => {
	const page = await open();
	await signIn(page, member.email, member.password);
	await inside(page);
	same(await page.getByRole('link', { name: /API keys|Audit log/ }).count(), 0, 'members are not led to keys and log');
	await page.goto('/#/audit');
	await inside(page);
	await page.goto('/#/keys');
	await inside(page);
	ok(true, 'nor get there by the address');
	await page.goto('/#/account');
	await setting(page, 'Second factor').getByText('Off.').waitFor();
	ok(true, 'their own account is theirs');
	const token = await tokenOf(page);

	await owner.getByRole('link', { name: 'People', exact: true }).click();
	await owner.getByRole('button', { name: 'Change Nora New' }).click();
	await owner.getByRole('menuitem', { name: 'Turn off second factor…' }).click();
	await owner.getByRole('button', { name: 'Turn it off' }).click();
	await toast(owner, 'Nora New has none.');
	await owner.getByRole('button', { name: 'Change Nora New' }).click();
	await owner.getByRole('menuitem', { name: 'Sign out everywhere' }).click();
	await toast(owner, 'Nora New is signed out everywhere.');
	same(await status(token), 401, 'an admin signs somebody out everywhere');
	await page.reload();
	await page.getByText('Your session has ended. Please sign in again.').waitFor();
	await page.context().close();
	look(owner);
});

await part('knows whose a key is', async () => {
	const made = await api(owner, 'POST', '/keys', { name: 'Backup', role: 'member', scope: 'read' });
	const { items } = await api(owner, 'GET', `${users}/records`);
	await api(owner, 'PATCH', `${users}/records/${items.find((u) => u.email === member.email).id}`,
	    { role: 'admin' });
	const page = await open();
	/* as after a restore */
	await page.route('**/api/keys', (route) => route.fulfill({ json: { items: [{ ...made, active: false }] } }));
	await signIn(page, member.email, member.password);
	await inside(page);
	await page.goto('/#/keys');
	await page.locator('.api-key', { hasText: 'Backup' }).getByText('not valid any more').waitFor();
	ok(true, 'a key that a restore has revoked says so');
	await page.getByRole('button', { name: 'Revoke Backup' }).click();
	await page.getByRole('button', { name: 'Revoke', exact: true }).click();
	await toast(page, 'Only an owner may revoke an owner’s key.');
	same((await api(owner, 'GET', '/keys')).items.length, 1, 'an admin does not revoke that of an owner');
	await page.context().close();
	look(owner);
});

await part('can be read and used by everybody', async () => {
	const { key: made } = await api(owner, 'POST', '/keys', { name: 'CI', role: 'member', scope: 'read' });
	await status(`Bearer ${made}`);
	for (const colorScheme of ['light', 'dark']) {
		await owner.emulateMedia({ colorScheme });
		for (const path of ['/account', '/keys', '/audit']) {
			await owner.goto(`/#${path}`);
			await owner.locator('.setting, .row, .feed li').first().waitFor();
			await settled(owner);
			same(await faint(owner), [], `every text of ${path} has a contrast of 4.5 : 1, ${colorScheme}`);
			same(await nameless(owner), [], `every control of ${path} has a name`);
			await picture(owner, `${path.slice(1)}-${colorScheme}`);
		}
	}
	await owner.emulateMedia({ colorScheme: 'light' });
	const phone = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await signIn(phone, 'boss@acme.example', password);
	await inside(phone);
	for (const path of ['/account', '/keys', '/audit']) {
		await phone.goto(`/#${path}`);
		await phone.locator('.setting, .row, .feed li').first().waitFor();
		same(await phone.evaluate(() => document.documentElement.scrollWidth), 360, `${path} is no wider than a phone`);
		await picture(phone, `${path.slice(1)}-phone`);
	}
	await phone.context().close();
	look(owner);
});

await part('signs out everywhere', async () => {
	const other = await open();
	await signIn(other, 'boss@acme.example', password);
	await inside(other);
	await settled(other);
	const tokens = [await tokenOf(owner), await tokenOf(other)];
	await owner.goto('/#/account');
	await owner.getByRole('button', { name: 'Sign out everywhere…' }).click();
	await owner.getByRole('button', { name: 'Sign out everywhere', exact: true }).click();
	await owner.getByText('You are signed out everywhere.').waitFor();
	same(await Promise.all(tokens.map(status)), [401, 401], 'no token is good any more, here or elsewhere');
	await owner.goBack();
	await owner.getByRole('button', { name: 'Sign in' }).waitFor();
	ok(true, 'the back button leads nowhere else');
});

await finish();
