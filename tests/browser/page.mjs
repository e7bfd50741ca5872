/*
 * Drives the application's page as people use it.  The tenant (harness.mjs) has no
 * projects, and its owner no name yet.
 */
import { api, email, faint, finish, look, nameless, ok, oneTimeCode, open, part, password, same,
    settled, signIn, toast } from './harness.mjs';

const column = (page, name) => page.getByRole('region', { name, exact: true });
const card = (page, ref) => page.locator(`.card[data-ref="${ref}"]`);
const titles = (page, name) => column(page, name).locator('.card-link').allTextContents();
/* ------------------------------------------------------------------------ */

const owner = await open();
const hostile = '<img src=x onerror=alert(1)> & "quotes"';

await part('signs in', async () => {
	await signIn(owner, email, 'not the password');
	await owner.getByText('E-mail address or password is wrong.').waitFor();
	ok(true, 'a wrong password is said in words');
	await owner.getByLabel('Password').fill(password);
	await owner.getByRole('button', { name: 'Sign in' }).click();
	await owner.getByRole('heading', { name: 'My work' }).waitFor();
	ok(true, 'the right one opens the door');
	await owner.getByLabel('Name', { exact: true }).fill('Olivia Owner');
	await owner.getByRole('button', { name: 'That is me' }).click();
	await owner.locator('.account').getByText('Olivia Owner').waitFor();
	ok(true, 'who has no name yet is asked for it');
	const kept = await owner.evaluate(() => JSON.parse(localStorage.getItem('pb_auth')));
	ok(kept.token.split('.').length === 3 && kept.record.email === email,
	    'the session is kept as PocketBase’s SDK keeps it', kept);
});

await part('makes a project', async () => {
	await owner.getByRole('heading', { name: /^Welcome/ }).waitFor();
	await owner.locator('.empty').getByRole('button', { name: 'New project' }).click();
	await owner.getByLabel('Name').fill('Customer Portal');
	same(await owner.getByLabel('Key').inputValue(), 'CP', 'a project’s key is suggested from its name');
	await owner.getByLabel('Key').fill('WEB');
	await owner.getByRole('button', { name: 'Create project' }).click();
	await owner.getByRole('heading', { name: 'A fresh start' }).waitFor();
	ok((await owner.title()).startsWith('Customer Portal'), 'the new project is open and empty');
});

await part('writes down issues', async () => {
	for (const [title, priority] of [['The first thing', 'Low'], [hostile, 'Urgent'], ['The third thing', 'No priority']]) {
		await owner.locator('main').focus();
		await owner.keyboard.press('c');
		await owner.getByLabel('Title').fill(title);
		await owner.getByLabel('Priority').selectOption(priority);
		await owner.keyboard.press('Control+Enter');
		await owner.getByRole('dialog').waitFor({ state: 'detached' });
		await column(owner, 'To do').getByText(title).waitFor();
	}
	same(await titles(owner, 'To do'), [hostile, 'The first thing', 'The third thing'],
	    'issues stand in their column, the most urgent first, their text as it was written');
});

await part('moves cards', async () => {
	await card(owner, 'WEB-1').dragTo(column(owner, 'In progress'));
	await column(owner, 'In progress').locator('[data-ref="WEB-1"]').waitFor();
	await owner.waitForFunction(() => document.querySelector('.board [role=status]').textContent.includes('WEB-1'));
	await owner.reload();
	await column(owner, 'In progress').locator('[data-ref="WEB-1"]').waitFor();
	ok(true, 'a card that was dragged stays where it was put');

	await card(owner, 'WEB-3').getByRole('link').focus();
	await owner.keyboard.press('Shift+ArrowLeft');
	await column(owner, 'Backlog').locator('[data-ref="WEB-3"]').waitFor();
	await owner.getByText('WEB-3 moved to Backlog.').waitFor({ state: 'attached' });
	same(await owner.evaluate(() => document.activeElement.closest('.card')?.dataset.ref), 'WEB-3',
	    'Shift and an arrow move a card, say so, and keep it in focus');
	await owner.keyboard.press('ArrowRight');
	same(await owner.evaluate(() => document.activeElement.closest('.card')?.dataset.ref), 'WEB-2',
	    'an arrow goes to the card beside it');

	await card(owner, 'WEB-2').hover();
	await card(owner, 'WEB-2').getByRole('button').click();
	await owner.getByRole('menuitemradio', { name: 'Done' }).click();
	await column(owner, 'Done').locator('[data-ref="WEB-2"]').waitFor();
	await owner.getByText('WEB-2 moved to Done.').waitFor({ state: 'attached' });
	ok(true, 'a card’s menu moves it');
});

await part('changes an issue', async () => {
	await card(owner, 'WEB-1').getByRole('link').click();
	const panel = owner.getByRole('dialog', { name: 'WEB-1' });
	const history = panel.locator('.timeline');
	await panel.getByLabel('State').selectOption('To do');
	await history.getByText('moved it from In progress to To do').waitFor();
	await panel.getByLabel('Priority').selectOption('High');
	await history.getByText('changed the priority of it from Low to High').waitFor();
	await panel.getByLabel('Assignee').selectOption({ index: 1 });
	await history.getByText('assigned it to').waitFor();
	await panel.getByLabel('Due').fill('2031-05-17');
	await history.getByText('set the due date of it to 2031-05-17').waitFor();
	ok(true, 'each change is in the history at once');

	await panel.getByLabel('Title', { exact: true }).fill('The very first thing');
	await owner.keyboard.press('Enter');
	await history.getByText('renamed it from The first thing').waitFor();
	await panel.getByRole('button', { name: 'Add a description' }).click();
	await panel.getByRole('textbox', { name: 'Description' }).fill(`See https://example.com/a?b=1. And WEB-2, not NO-1.\n${hostile}`);
	await panel.getByRole('button', { name: 'Save' }).click();
	await panel.locator('.description a').first().waitFor();
	same(await panel.locator('.description a').allTextContents(), ['https://example.com/a?b=1', 'WEB-2'],
	    'addresses and issues become links, nothing else does');

	await panel.locator('[name=labels]').click();
	await owner.getByLabel('Find or make a label').fill('bug');
	await owner.getByRole('button', { name: 'Make “bug”' }).click();
	await owner.getByRole('checkbox', { name: 'bug' }).waitFor();
	await owner.keyboard.press('Escape');
	await history.getByText('put the label bug on it').waitFor();
	await panel.locator('.picker .label').getByText('bug').waitFor();
	ok(true, 'a label is made and put on where it is missing');

	await panel.getByLabel('Comment').fill(`I saw the crocodile ${hostile}`);
	await owner.keyboard.press('Control+Enter');
	await history.locator('.bubble').getByText('I saw the crocodile').waitFor();
	same(await panel.getByLabel('Comment', { exact: true }).inputValue(), '', 'a comment is sent and its field is empty again');
	await history.getByRole('button', { name: 'Comment menu' }).click();
	await owner.getByRole('menuitem', { name: 'Edit' }).click();
	await history.getByRole('textbox').fill('I saw the alligator');
	await history.getByRole('button', { name: 'Save' }).click();
	await history.locator('.bubble', { hasText: 'I saw the alligator' }).getByText('edited').waitFor();
	ok(true, 'one’s own comment can be corrected');
	same(await faint(owner), [], 'every text of the panel has a contrast of 4.5 : 1');
	same(await nameless(owner), [], 'every control of the panel has a name');
});

await part('keeps what was typed in a conflict', async () => {
	const panel = owner.getByRole('dialog', { name: 'WEB-1' });
	await panel.locator('.description').getByRole('button', { name: 'Edit' }).click();
	await panel.getByRole('textbox', { name: 'Description' }).fill('My own words');
	const { version } = await api(owner, 'GET', '/issues/WEB-1');
	await api(owner, 'PATCH', '/issues/WEB-1', { version, description: 'The other’s words' });
	await panel.getByRole('button', { name: 'Save', exact: true }).click();
	await panel.getByText('Somebody changed this issue while you were writing.').waitFor();
	ok(await panel.locator('blockquote').getByText('The other’s words').isVisible() &&
	    await panel.getByRole('textbox', { name: 'Description' }).inputValue() === 'My own words',
	    'who was slower sees both texts and has lost none');
	await panel.getByRole('button', { name: 'Save mine instead' }).click();
	await panel.locator('.description').getByText('My own words').waitFor();
	same((await api(owner, 'GET', '/issues/WEB-1')).description, 'My own words', 'and may then put his over it');
	await panel.locator('.description').getByRole('button', { name: 'Edit' }).click();
	await panel.getByRole('textbox', { name: 'Description' }).fill('Half a sent');
	await panel.getByLabel('Comment', { exact: true }).fill('Half a comm');
	await owner.keyboard.press('Escape');
	await panel.waitFor({ state: 'detached' });
	await card(owner, 'WEB-1').getByRole('link').click();
	same([await panel.getByRole('textbox', { name: 'Description' }).inputValue(),
	    await panel.getByLabel('Comment', { exact: true }).inputValue()],
	    ['Half a sent', 'Half a comm'], 'what was begun is still there when the panel is opened again');
	await panel.getByLabel('Comment', { exact: true }).fill('');
	await panel.getByRole('button', { name: 'Cancel' }).click();
	await panel.locator('.description').getByText('My own words').waitFor();
	await owner.keyboard.press('Escape');
	await panel.waitFor({ state: 'detached' });

	const now = await api(owner, 'GET', '/issues/WEB-3');
	await api(owner, 'PATCH', '/issues/WEB-3', { version: now.version, title: 'Renamed meanwhile' });
	await card(owner, 'WEB-3').dragTo(column(owner, 'Done'));
	await toast(owner, 'Somebody changed WEB-3 a moment ago');
	await column(owner, 'Backlog').getByText('Renamed meanwhile').waitFor();
	ok(true, 'a card moved on an old view goes back and shows what it is now');
});

await part('searches', async () => {
	await owner.locator('main').focus();
	await owner.keyboard.press('/');
	await owner.getByRole('searchbox').fill('allig');
	await owner.locator('.row mark').getByText('alligator').waitFor();
	same(await owner.locator('.row .ref').allTextContents(), ['WEB-1'], 'a comment is found by the beginning of a word, which is marked');
	await owner.getByRole('searchbox').fill('web-2');
	await owner.locator('.row').getByText(hostile).waitFor();
	ok(true, 'an issue is found by its name');
	await owner.getByRole('searchbox').fill('zebra');
	await owner.getByText('Nothing found').waitFor();
	ok(true, 'nothing found is said in words');
});

const newcomer = { name: 'Nora New', email: 'nora@example.com', password: 'a-fresh-password-1' };
await part('adds a person', async () => {
	await owner.getByRole('link', { name: 'People', exact: true }).click();
	await owner.getByRole('button', { name: 'Add a person' }).click();
	await owner.getByLabel('Name').fill(newcomer.name);
	await owner.getByLabel('E-mail address').fill(newcomer.email);
	ok((await owner.getByLabel('First password').inputValue()).length >= 12, 'a first password is suggested');
	await owner.getByLabel('First password').fill('short');
	await owner.getByLabel('First password').evaluate((input) => input.removeAttribute('minlength'));
	await owner.getByRole('button', { name: 'Add', exact: true }).click();
	await owner.locator('.field[data-field=password] .note.wrong').waitFor();
	ok(true, 'what is wrong with a field stands at the field');
	await owner.getByLabel('First password').fill(newcomer.password);
	await owner.getByRole('button', { name: 'Add', exact: true }).click();
	await owner.getByText('Nora New can sign in').waitFor();
	await owner.getByRole('button', { name: 'Done' }).click();
	await owner.locator('.person').getByText(newcomer.email).waitFor();
	ok(true, 'a person who was added is in the list');
});

await part('shows each other’s work', async () => {
	const member = await open();
	await signIn(member, newcomer.email, newcomer.password);
	await member.getByText('Nothing is waiting for you').waitFor();
	await member.getByRole('link', { name: 'Customer Portal' }).click();
	await column(member, 'To do').getByText('The very first thing').waitFor();
	same(await member.getByRole('button', { name: /New project|Project settings/ }).count(), 0,
	    'a member is not offered what he may not do');
	const { version } = await api(owner, 'GET', '/issues/WEB-1');
	await api(owner, 'PATCH', '/issues/WEB-1', { version, state: 'done' });
	await column(member, 'Done').getByText('The very first thing').waitFor({ timeout: 40000 });
	ok(true, 'what somebody else does appears without a reload');
	await api(owner, 'PATCH', '/issues/WEB-1', { version: version + 1, state: 'todo' });
	await member.context().close();
	look(owner);
});

await part('speaks when the server cannot', async () => {
	let asked = 0;
	const refuse = (status, headers = {}) => async (route) => {
		asked++;
		await route.fulfill({ status, headers: { 'Content-Type': 'application/json', ...headers },
		    body: JSON.stringify({ status, message: 'x', data: {} }) });
	};
	await owner.route('**/api/projects/WEB/board*', refuse(503, { 'Retry-After': '30' }));
	await owner.getByRole('link', { name: 'Customer Portal' }).click();
	await owner.getByText('The server is busy or being updated. Please try again in 30 seconds.').waitFor();
	await owner.unroute('**/api/projects/WEB/board*');
	await owner.getByRole('button', { name: 'Try again' }).click();
	await card(owner, 'WEB-1').waitFor();
	ok(true, 'a board that cannot be loaded says why and can be asked for again');

	asked = 0;
	await owner.route('**/api/activity*', async (route) => {
		if (asked++)
			await route.fallback();
		else
			await route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '{}' });
	});
	await owner.getByRole('link', { name: 'Activity' }).click();
	await owner.locator('.feed li').first().waitFor();
	ok(asked >= 2, 'a short pause of the server is waited for');
	await owner.unroute('**/api/activity*');

	await owner.getByRole('link', { name: 'Customer Portal' }).click();
	await owner.route('**/api/issues/WEB-1', refuse(429, { 'Retry-After': '7' }));
	await card(owner, 'WEB-1').dragTo(column(owner, 'Done'));
	await toast(owner, 'Too many requests just now. Please try again in 7 seconds.');
	await column(owner, 'To do').locator('[data-ref="WEB-1"]').waitFor();
	ok(true, 'a refused move is taken back and said in words');
	await owner.unroute('**/api/issues/WEB-1');

	await owner.route('**/api/**', (route) => route.abort());
	await card(owner, 'WEB-1').dragTo(column(owner, 'Done'));
	await toast(owner, 'The server cannot be reached.');
	await column(owner, 'To do').locator('[data-ref="WEB-1"]').waitFor();
	ok(true, 'a lost connection is said in words, and the board stays');
	await owner.unroute('**/api/**');
});

await part('can be read and used by everybody', async () => {
	for (const colorScheme of ['light', 'dark']) {
		await owner.emulateMedia({ colorScheme });
		for (const path of ['/p/WEB', '/p/WEB/list', '/activity', '/people', '/labels', '/search?q=thing']) {
			await owner.goto(`/#${path}`);
			await owner.locator('.card, .row, .feed li').first().waitFor();
			same(await faint(owner), [], `every text of ${path} has a contrast of 4.5 : 1, ${colorScheme}`);
			same(await nameless(owner), [], `every control of ${path} has a name`);
		}
	}
	await owner.emulateMedia({ colorScheme: 'light' });
});

await part('fits a phone', async () => {
	const phone = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await signIn(phone, email, password);
	await phone.locator('.row').first().waitFor();
	for (const path of ['/', '/p/WEB', '/p/WEB/list', '/activity', '/people', '/labels', '/search?q=thing', '/i/WEB-1']) {
		await phone.goto(`/#${path}`);
		await phone.locator(path.startsWith('/i/') ? '.timeline li' : '.card, .row, .feed li').first().waitFor();
		same(await phone.evaluate(() => document.documentElement.scrollWidth), 360, `${path} is no wider than a phone`);
	}
	await phone.getByRole('button', { name: 'Close' }).click();
	await phone.getByRole('button', { name: 'Menu' }).click();
	await phone.getByRole('link', { name: 'Customer Portal' }).click();
	await card(phone, 'WEB-1').getByRole('button').tap();
	await phone.getByRole('menuitemradio', { name: 'In progress' }).tap();
	await column(phone, 'In progress').locator('[data-ref="WEB-1"]').waitFor();
	await phone.getByText('WEB-1 moved to In progress.').waitFor({ state: 'attached' });
	ok(true, 'a card is moved by its menu where nothing can be dragged');
	await phone.context().close();
	look(owner);
});

await part('archives and deletes', async () => {
	await owner.goto('/#/p/WEB');
	await card(owner, 'WEB-1').waitFor();
	await owner.getByRole('button', { name: 'Project settings' }).click();
	await owner.getByRole('button', { name: 'Archive' }).click();
	await owner.getByText('Archived', { exact: true }).waitFor();
	same(await owner.getByRole('button', { name: /^New issue in/ }).count(), 0, 'an archived project takes no new issues');
	await owner.getByRole('button', { name: 'Project settings' }).click();
	await owner.getByRole('button', { name: 'Take out of the archive' }).click();
	await owner.getByRole('button', { name: 'New issue in Done' }).waitFor();
	await card(owner, 'WEB-2').getByRole('link').click();
	await owner.getByRole('dialog').getByRole('button', { name: 'More' }).click();
	await owner.getByRole('menuitem', { name: 'Delete…' }).click();
	await owner.getByRole('button', { name: 'Delete the issue' }).click();
	await toast(owner, 'WEB-2 is deleted.');
	await card(owner, 'WEB-2').waitFor({ state: 'detached' });
	ok(true, 'an issue is deleted after a question');
});

await part('asks for a second factor', async () => {
	const users = '/collections/users';
	const { secret } = await api(owner, 'POST', `${users}/request-factor`, { password });
	const { recovery } = await api(owner, 'POST', `${users}/confirm-factor`,
	    { code: oneTimeCode(secret, 0) });
	const page = await open();
	await signIn(page, email, password);
	await page.getByLabel('Code').fill('000000');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByText('The code is wrong, or was used already.').waitFor();
	ok(true, 'a wrong code is said to be one');
	await page.getByLabel('Code').fill(oneTimeCode(secret, 1));
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: 'My work' }).waitFor();
	ok(true, 'who has a second factor signs in with it');
	await settled(page);
	await api(page, 'POST', `${users}/remove-factor`, { password, code: recovery[0] });
	await page.context().close();
	look(owner);
});

await part('signs out', async () => {
	const second = await owner.context().newPage();
	await second.goto('/');
	await second.getByRole('heading', { name: 'My work' }).waitFor();
	await owner.locator('.account').click();
	await owner.getByRole('menuitem', { name: 'Sign out' }).click();
	await owner.getByRole('button', { name: 'Sign in' }).waitFor();
	await second.getByRole('button', { name: 'Sign in' }).waitFor();
	same(await owner.evaluate(() => localStorage.getItem('pb_auth')), null, 'signing out ends the session in every window');
	await signIn(owner, email, password);
	await owner.getByRole('heading', { name: 'My work' }).waitFor();
	await settled(owner);
	await owner.evaluate(() => {
		const kept = JSON.parse(localStorage.getItem('pb_auth'));
		kept.token = kept.token.split('.').slice(0, 2).join('.') + '.AAAA';
		localStorage.setItem('pb_auth', JSON.stringify(kept));
	});
	await owner.reload();
	await owner.getByText('Your session has ended. Please sign in again.').waitFor();
	ok(true, 'a revoked token leads to the door, with a word about why');
});

await finish();
