/*
 * The platform's own page (harness.mjs; URL is its host).  DIR/wanted asks the
 * operator for something, whose answer is DIR/answer.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dir, faint, finish, look, nameless, ok, open, part, password, picture, same, settled,
    url } from './harness.mjs';

async function operator(wanted) {
	rmSync(`${dir}/answer`, { force: true });
	writeFileSync(`${dir}/wanted.new`, `${wanted}\n`);
	renameSync(`${dir}/wanted.new`, `${dir}/wanted`);
	for (let i = 0; i < 300; i++) {
		if (existsSync(`${dir}/answer`))
			return readFileSync(`${dir}/answer`, 'utf8').trim();
		await new Promise((next) => setTimeout(next, 100));
	}
	throw new Error(`the operator does not: ${wanted}`);
}

const homeOf = (slug) => url.replace('//', `//${slug}.`);
const make = (page) => page.getByRole('button', { name: 'Make it' });
const wrong = (page, name) => page.locator(`[data-field=${name}] .wrong`);
const visitor = await open();

/* As the browser lets through what its own checks would stop. */
const unchecked = (page) => page.locator('form').first().evaluate((form) => { form.noValidate = true; });

async function fill(page, slug, who = 'me@mine.example') {
	await page.getByLabel('Name of your team').fill(slug);
	await page.getByLabel('Your name').fill('Mia Mine');
	await page.getByLabel('E-mail address').fill(who);
	await page.getByLabel('Password').fill('a password of mine');
}

await part('comes to the door', async () => {
	await visitor.goto('/');
	await visitor.getByRole('heading', { name: 'A place for your team' }).waitFor();
	same(await visitor.evaluate(() => document.activeElement.name), 'slug', 'the first field has the focus');
	same(await nameless(visitor), [], 'every control has a name');
	for (const colorScheme of ['dark', 'light']) {
		await visitor.emulateMedia({ colorScheme });
		same(await faint(visitor), [], `every text has a contrast of 4.5 : 1, ${colorScheme}`);
		await picture(visitor, `signup-${colorScheme}`);
	}
	await visitor.getByLabel('Name of your team').pressSequentially('My Team');
	same([await visitor.getByLabel('Name of your team').inputValue(), await visitor.locator('output').textContent()],
	    ['my-team', `${homeOf('my-team')}/`], 'a name becomes an address as it is typed');
});

await part('fits a phone', async () => {
	const phone = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await phone.goto('/');
	await make(phone).waitFor();
	same(await phone.evaluate(() => document.documentElement.scrollWidth), 360, 'the form is no wider than a phone');
	await picture(phone, 'signup-phone');
	await phone.context().close();
	look(visitor);
});

await part('is told what is wrong', async () => {
	await unchecked(visitor);
	await visitor.getByLabel('Name of your team').fill('-x');
	await visitor.getByLabel('E-mail address').fill('nobody');
	await visitor.getByLabel('Password').fill('short');
	await make(visitor).click();
	await wrong(visitor, 'email').waitFor();
	await picture(visitor, 'signup-wrong');
	ok(true, 'what is no address is said at its field');
	await visitor.getByLabel('E-mail address').fill('me@mine.example');
	await make(visitor).click();
	await wrong(visitor, 'slug').getByText('begins or ends with -').waitFor();
	await wrong(visitor, 'password').getByText('Must have 8 to 256 bytes.').waitFor();
	same(await visitor.evaluate(() => document.activeElement.name), 'slug',
	    'all that is wrong is said, and the first of it has the focus');
	for (const [slug, words] of [['acme', 'This name is taken.'], ['www', 'The platform keeps this name.']]) {
		await fill(visitor, slug);
		await make(visitor).click();
		await wrong(visitor, 'slug').getByText(words).waitFor();
		ok(true, `${slug}: ${words}`);
	}
	same(await visitor.getByLabel('Password').inputValue(), 'a password of mine', 'what was typed is still there');
});

await part('makes a team', async () => {
	let sent = 0;
	visitor.on('request', (request) => { sent += request.url().endsWith('/api/tenants'); });
	await fill(visitor, 'mine');
	await make(visitor).dblclick();
	await visitor.getByRole('heading', { name: 'mine is ready' }).waitFor();
	same(sent, 1, 'two clicks are one request');
	const home = visitor.getByRole('link', { name: `To ${homeOf('mine')}/` });
	ok(await home.evaluate((link) => link === document.activeElement), 'the way to it has the focus');
	await picture(visitor, 'signup-ready');
	await visitor.reload();
	await visitor.getByRole('heading', { name: 'A place for your team' }).waitFor();
	await fill(visitor, 'mine');
	await make(visitor).click();
	await wrong(visitor, 'slug').getByText('This name is taken.').waitFor();
	ok(true, 'after a reload it is taken, by himself');

	const page = await open({ baseURL: homeOf('mine') });
	await page.goto('/');
	await page.getByLabel('E-mail address').fill('me@mine.example');
	await page.getByLabel('Password').fill('a password of mine');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: 'Welcome, Mia Mine' }).waitFor();
	ok(true, 'he signs in there, as its owner');
	await settled(page);
	same((await page.goto('/signup.html')).status(), 404, 'and there no team can be made');
	await page.context().close();
	look(visitor);
});

await part('goes to his own', async () => {
	await visitor.goto('/');
	await visitor.getByText('Your team is here already?').click();
	await visitor.getByLabel('Its name').fill('Acme');
	await Promise.all([visitor.waitForURL(`${homeOf('acme')}/**`),
	    visitor.getByRole('button', { name: 'Go there' }).click()]);
	await visitor.getByRole('button', { name: 'Sign in' }).waitFor();
	ok(true, 'who has a team gets to its door');
	await visitor.goBack();
	await visitor.getByRole('heading', { name: 'A place for your team' }).waitFor();
	ok(true, 'and back');
});

await part('needs an invitation', async () => {
	const waits = await open();
	await waits.goto('/');
	await fill(waits, 'guest');
	await operator('signup invite');
	await make(waits).click();
	await wrong(waits, 'code').getByText('Is no invitation to this name.').waitFor();
	ok(true, 'who has an older page is asked for it, too');
	await waits.getByLabel('Invitation').fill('1234567890.nonsense');
	await make(waits).click();
	await wrong(waits, 'code').getByText('Is no invitation to this name.').waitFor();
	ok(true, 'a wrong code is said at its field');
	await waits.getByLabel('Invitation').fill(` ${await operator('invite guest')} `);
	await picture(waits, 'signup-invite');
	await make(waits).click();
	await waits.getByRole('heading', { name: 'guest is ready' }).waitFor();
	ok(true, 'with the right one he makes it');
	await waits.context().close();
});

await part('may not', async () => {
	const waits = await open();
	await waits.goto('/');
	await waits.getByLabel('Invitation').waitFor();
	await fill(waits, 'late');
	await waits.getByLabel('Invitation').fill('x');
	await operator('signup closed');
	await make(waits).click();
	await waits.getByText('New teams are not made here by visitors.').waitFor();
	ok(true, 'where it was closed meanwhile that is said');
	await visitor.goto('/');
	await visitor.getByText('New teams are not made here by visitors.').waitFor();
	same(await visitor.getByRole('button', { name: 'Make it' }).count(), 0, 'where it is closed there is no form');
	same([await faint(visitor), await nameless(visitor)], [[], []], 'that page can be read by everybody');
	await picture(visitor, 'signup-closed');
	await waits.context().close();
	const phone = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await phone.goto('/index.html');
	await phone.getByText('New teams are not made here by visitors.').waitFor();
	same(await phone.evaluate(() => document.documentElement.scrollWidth), 360, 'and is no wider than a phone');
	await phone.context().close();
	look(visitor);
});

await finish();
