/*
 * The operator's page (harness.mjs; URL is the platform's host, the password is
 * the operator's token).  DIR/wanted asks the one who runs the house for
 * something, whose answer is DIR/answer.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rates } from '../../caddy/operator/rates.js';
import { nearest, rangeAt, stepped } from '../../caddy/operator/timeline.js';
import { complaints, dir, faint, finish, nameless, ok, open, part, password as token, picture, same, url } from './harness.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>';

async function house(wanted) {
	rmSync(`${dir}/answer`, { force: true });
	writeFileSync(`${dir}/wanted.new`, `${wanted}\n`);
	renameSync(`${dir}/wanted.new`, `${dir}/wanted`);
	for (let i = 0; i < 600; i++) {
		if (existsSync(`${dir}/answer`))
			return readFileSync(`${dir}/answer`, 'utf8').trim();
		await new Promise((next) => setTimeout(next, 100));
	}
	throw new Error(`the house does not: ${wanted}`);
}

const page = await open();
const asked = [];
page.on('request', (request) => asked.push(request));
const button = (name, exact = false) => page.getByRole('button', { name, exact });
const field = (name) => page.locator(`dialog [data-field=${name}] input, dialog [data-field=${name}] select`);
const inDialog = (name) => page.locator('dialog').getByRole('button', { name });
const tray = (text) => page.locator('#tray li', { hasText: text }).first().waitFor();
const shows = (...wanted) => page.waitForFunction((list) => JSON.stringify([...document.querySelectorAll('tbody th')]
    .map((cell) => cell.textContent)) === list, JSON.stringify(wanted));
const tile = (name) => page.locator('.tile', { has: page.getByText(name, { exact: true }) });

async function enter(secret = token) {
	await page.getByLabel('Operator’s token').fill(secret);
	await button('Sign in').click();
}

await part('a moment is chosen from what there is', async () => {
	const ranges = [{ begin: 0, end: 10 }, { begin: 20, end: 30 }, { begin: 25, end: 40 }];
	same([-5, 5, 13, 17, 99].map((t) => nearest(ranges, t)), [0, 5, 10, 20, 40], 'what is not offered goes to the nearest that is');
	same([[5, 3], [9, 3], [21, -3], [39, 5], [2, -5]].map(([t, by]) => stepped(ranges, t, by)), [8, 20, 10, 40, 0],
	    'steps go over a gap and end at the ends');
	same([rangeAt(ranges, 27), rangeAt(ranges, 15)], [ranges[2], undefined], 'of two ranges the newer has it');
	const seen = rates();
	for (let s = 0; s <= 60; s += 3) {
		if (s === 57)
			same(seen.of('a'), null, 'a rate is not said before it is known');
		seen.note('a', s * 1000, 1000 + s * 2);
	}
	same(seen.of('a'), 2, 'a rate is that of the last minutes');
	seen.note('a', 63e3, 5);
	same(seen.of('a'), null, 'another day begins anew');
});

await part('comes to the door', async () => {
	await page.goto('/operator');
	await page.getByLabel('Operator’s token').waitFor();
	same(new URL(page.url()).pathname, '/operator/', 'the page has its folder');
	same(await page.evaluate(() => document.activeElement.name), 'token', 'the field has the focus');
	same(await nameless(page), [], 'every control has a name');
	await enter('nöt-the-tøken');
	await page.getByText('This is not the operator’s token.').waitFor();
	await enter('not-the-token');
	await page.getByText('This is not the operator’s token.').waitFor();
	same(await page.locator('table').count(), 0, 'a wrong token shows nothing');
	await enter();
	await page.locator('tbody tr').first().waitFor();
	ok(true, 'the right one does');
	same(await page.evaluate(async (secret) => {
		const databases = await indexedDB.databases();
		return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, databases,
		    document.documentElement.outerHTML]).includes(secret);
	}, token), false, 'the token is in no storage, address or element');
	same(asked.filter((request) => request.url().includes(token)).length, 0, '  nor in the address of a request');
});

await part('sees how it is', async () => {
	await tile('Replicator').getByText('Up').waitFor();
	ok(/^since \d/.test(await tile('Replicator').locator('.more').textContent()), 'the replicator is up, and since when');
	same(await tile('Tenants').locator('.value').textContent(), '3 active', 'tenants are counted');
	await tile('Tenants').getByText('1 suspended, 60 deleted; 1 with something wrong').waitFor();
	same(await tile('Registry’s replica').locator('.value').textContent(), 'active', 'the registry has a replica');
	await page.locator('.alarms').getByText('initech').waitFor();
	ok((await page.locator('.alarms').textContent()).includes(HOSTILE), 'who has something wrong is named, with the error as text');
	await tile('Used today').getByText('2 writes').waitFor();
	same(await nameless(page), [], 'every control has a name');
	for (const colorScheme of ['dark', 'light']) {
		await page.emulateMedia({ colorScheme });
		same(await faint(page), [], `every text has a contrast of 4.5 : 1, ${colorScheme}`);
		await picture(page, `operator-fleet-${colorScheme}`);
	}
});

await part('finds tenants', async () => {
	const first = Array.from({ length: 25 }, (_, i) => i < 4 ? ['acme', 'globex', 'initech', 'stark'][i] : `t${String(i - 3).padStart(3, '0')}`);
	await shows(...first);
	ok(true, 'a page of them, by name');
	await button('Next page').click();
	await page.getByText('Page 2 of 3').waitFor();
	await shows(...Array.from({ length: 25 }, (_, i) => `t${String(i + 22).padStart(3, '0')}`));
	ok(true, 'the next page');
	await button('Last page').click();
	await page.getByText('Page 3 of 3').waitFor();
	same(await button('Next page').isDisabled(), true, 'after the last there is none');
	await page.goBack();
	await page.getByText('Page 2 of 3').waitFor();
	ok(true, 'the way back is the browser’s');
	await page.goBack();
	await button('Size').click();
	await page.locator('th[aria-sort=descending]', { hasText: 'Size' }).waitFor();
	await page.waitForFunction(() => document.querySelector('tbody th')?.textContent === 'globex');
	ok(true, 'a click on a header has the largest first');
	await button('Size').click();
	await page.locator('th[aria-sort=ascending]', { hasText: 'Size' }).waitFor();
	await page.waitForFunction(() => document.querySelector('tbody th')?.textContent !== 'globex');
	ok(true, 'another the smallest');
	same(await page.locator('[aria-sort=ascending], [aria-sort=descending]').count(), 1, 'it is sorted by one');
	await button('Tenant', true).click();
	await page.getByLabel('Name', { exact: true }).fill('t00');
	await page.getByText('9 tenants').waitFor();
	ok(true, 'a part of a name finds them');
	await page.getByLabel('Name', { exact: true }).fill('*e');
	await shows('acme');
	ok(true, 'a pattern is one');
	await page.getByLabel('Name', { exact: true }).fill('');
	await page.getByLabel('State', { exact: true }).selectOption('suspended');
	await shows('stark');
	ok(true, 'those of a state');
	await page.getByLabel('State', { exact: true }).selectOption('');
	await page.getByLabel('Only what is wrong').check();
	await shows('initech');
	ok(await page.locator('tbody').getByText(HOSTILE).count() === 1, 'only what is wrong, in words');
	await page.reload();
	await enter();
	await shows('initech');
	ok(true, 'a reload asks for the token again, and shows the same');
	await page.getByLabel('Only what is wrong').uncheck();
});

await part('keeps what stands there', async () => {
	await page.getByText('64 tenants').waitFor();
	await page.getByRole('link', { name: 'globex' }).focus();
	await page.locator('tbody th', { hasText: 'globex' }).evaluate((cell) => { cell.same = true; });
	await page.waitForResponse((response) => response.url().includes('/status?sort'));
	await page.waitForResponse((response) => response.url().includes('/status?sort'));
	same(await page.evaluate(() => [document.activeElement.textContent, document.activeElement.parentNode.same]), ['globex', true],
	    'what is asked anew leaves the focus where it is');
});

await part('looks at one', async () => {
	await page.getByRole('link', { name: 'acme', exact: true }).first().click();
	await page.getByRole('heading', { name: 'acme' }).waitFor();
	await page.getByText('TXID', { exact: false }).first().waitFor();
	ok((await page.locator('.facts').first().textContent()).includes(HOSTILE), 'where its file is, as text');
	await page.locator('figcaption', { hasText: 'Writes: 2 today' }).waitFor();
	same(await page.locator('.bars rect').count(), 2, 'what it used is drawn');
	await page.locator('.log').getByText('tenant-created').waitFor();
	ok(true, 'what was done to it is there');

	await button('Change…').click();
	await field('plan').selectOption('team');
	await inDialog('Change it').click();
	await page.locator('.facts').first().getByText('team').waitFor();
	ok(true, 'its plan is changed');
	await button('Add a host').click();
	await field('host').fill('not a host');
	await inDialog('Add it').click();
	await page.locator('dialog [data-field=host] .fault').getByText('Is not a host name.').waitFor();
	ok(true, 'what is no host is said at its field');
	await field('host').fill('shop.example.com');
	await inDialog('Add it').click();
	await page.locator('.hosts').getByText('shop.example.com').waitFor();
	await button('Take away').click();
	await inDialog('Take it away').click();
	await page.locator('.hosts').waitFor({ state: 'detached' });
	ok(true, 'a host comes and goes');

	await button('Verify…', true).click();
	await inDialog('Verify').click();
	await tray('Proven: the replica is what the database is');
	ok(true, 'a job is followed to its end');
	await button('Export…', true).click();
	await inDialog('Export').click();
	await tray(`On the server: ${dir}/${HOSTILE}/exports/acme`);
	ok(true, 'an export says where its file is');
});

await part('goes back in time', async () => {
	await button('Look it up').click();
	const line = page.getByRole('slider', { name: 'Moment to go back to' });
	await line.waitFor();
	const exact = page.locator('.exact');
	const [, newest] = (await exact.textContent()).match(/TXID ([\d,]+)/);
	ok((await page.locator('.range').count()) >= 1 && (await page.locator('.timeline .snapshot').count()) >= 1,
	    'ranges and snapshots are on a line');
	await picture(page, 'operator-points');
	/* at this moment everything is as it should be */
	const good = await page.getByLabel('Moment, in your time zone').inputValue();
	await line.focus();
	await line.press('Home');
	ok((await exact.textContent()).includes('TXID 1 of epoch 1'), 'its beginning, by the keyboard', await exact.textContent());
	await line.press('End');
	ok((await exact.textContent()).includes(`TXID ${newest} of epoch 1`), '  and its end');
	const box = await line.boundingBox();
	await page.mouse.click(box.x + 80, box.y + 20);
	ok((await exact.textContent()).includes('TXID 1 of'), '  and by a click', await exact.textContent());
	const [before] = (await page.locator('.facts').nth(1).textContent()).match(/epoch \d+/);

	await house('write');
	same(await house('rows'), 'a mistake, the old row', 'then somebody makes a mistake');
	await line.press('End');
	await button('Look again').click();
	await page.waitForFunction((was) => !document.querySelector('.exact')?.textContent.includes(`TXID ${was} of`), newest);
	await page.getByLabel('Moment, in your time zone').fill('2020-01-01T00:00:00');
	await page.getByLabel('Moment, in your time zone').blur();
	await page.getByText('That moment itself is not kept.').waitFor();
	ok((await exact.textContent()).includes('TXID 1 of'), 'what is not kept is not offered');
	await page.getByLabel('Moment, in your time zone').fill(good);
	await page.getByLabel('Moment, in your time zone').blur();
	await button('What would it do?').click();
	await page.getByText(`TXID ${newest} of epoch 1, read from`).waitFor();
	ok(true, 'a dry run says which state that is', newest);
	same([await house('rows'), before], ['a mistake, the old row', 'epoch 1'], '  and changes nothing');

	await button('Clone from there').click();
	await field('to').fill('globex');
	await inDialog('Clone it').click();
	await page.locator('dialog [data-field=to] .fault').getByText(/./).waitFor();
	ok(true, 'a name that is taken is said at its field');
	await field('to').fill('acme-before');
	await inDialog('Clone it').click();
	await tray('Tenant acme-before is what acme was');
	ok(true, 'it is cloned as it was then');

	await button('Restore in place').click();
	same(await inDialog('Restore it').isDisabled(), true, 'nothing goes back before its name is typed');
	await field('confirm').fill('globex');
	same(await inDialog('Restore it').isDisabled(), true, '  nor with another’s');
	await field('confirm').fill('acme');
	await inDialog('Restore it').click();
	await tray('It is what it was at');
	same(await house('rows'), 'the old row', 'the old row is back, and the mistake gone');
	await page.locator('.facts').nth(1).getByText('epoch 2').waitFor();
	ok(true, 'the page says so by itself');
});

await part('makes and ends tenants', async () => {
	await page.getByRole('link', { name: 'Rowhouse', exact: true }).click();
	await button('Invitation code').click();
	await field('slug').fill('invited');
	await inDialog('Make a code').click();
	await page.locator('dialog pre').getByText(/^\d+\..{20}/).waitFor();
	await inDialog('Close').click();
	ok(true, 'an invitation has a code');
	await button('New tenant').click();
	for (const [name, value] of [['slug', 'acme'], ['email', 'me@new.example'], ['password', 'a password of mine']])
		await field(name).fill(value);
	await inDialog('Make it').click();
	await page.locator('dialog [data-field=slug] .fault').getByText(/./).waitFor();
	await field('slug').fill('new');
	await inDialog('Make it').dblclick();
	await page.getByRole('heading', { name: 'new' }).waitFor();
	ok(true, 'a tenant is made');
	same(asked.filter((r) => r.method() === 'POST' && r.url().endsWith('/tenants')).length, 2, 'two clicks are one request');

	for (const [verb, done, confirm] of [['Suspend', 'suspended'], ['Resume', 'active'], ['Delete', 'deleted', true], ['Undelete', 'active'],
	    ['Delete', 'deleted', true]]) {
		await button(`${verb}…`, true).click();
		if (confirm)
			await field('confirm').fill('new');
		await inDialog(verb).click();
		await page.locator('h1 .state').getByText(done).waitFor();
	}
	ok(true, 'it is suspended, resumed, deleted, undeleted, deleted');
	await button('Erase…', true).click();
	same(await inDialog('Erase for ever').isDisabled(), true, 'nothing is erased before its name is typed');
	await field('confirm').fill('new');
	await inDialog('Erase for ever').click();
	await page.getByText('There is no such tenant (any more).').waitFor();
	ok(true, 'it is erased, and the page says that there is none');
});

await part('takes a job back', async () => {
	await house('hold');
	await page.goto('/operator/#/tenants/globex');
	await page.getByRole('heading', { name: 'globex' }).waitFor();
	/* how far one is that takes long, since none here does */
	const far = '**/api/operator/jobs/*';
	await page.route(far, async (route) => {
		const response = await route.fetch();
		const job = await response.json();
		await route.fulfill({ response, json: { ...job, state: 'running', progress: { done: 5e8, total: 2e9, unit: 'bytes' } } });
	});
	await button('Verify…', true).click();
	await inDialog('Verify').click();
	const item = page.locator('#tray li', { hasText: 'Verify globex' });
	await item.getByText('500 MB of 2.0 GB.').waitFor();
	same(await item.locator('progress').evaluate((bar) => bar.position), 0.25, 'it says how far one is');
	await picture(page, 'operator-job');
	await page.unroute(far);
	await item.getByRole('button', { name: 'Cancel' }).click();
	await item.getByText('Is being cancelled.').or(item.getByText('Nothing was done.')).waitFor();
	await house('go');
	await item.getByText('Nothing was done.').waitFor();
	ok(await item.getByRole('button', { name: 'Cancel' }).isHidden(), 'one that waits is cancelled');
});

await part('is told what a job could not do', async () => {
	await page.goto('/operator/#/tenants/initech');
	await page.locator('.trouble').getByText(HOSTILE).waitFor();
	await button('Verify…', true).click();
	await inDialog('Verify').click();
	/* it is tried again where the replicator has not looked at it lately, and fails else */
	await page.locator('#tray li', { hasText: 'Verify initech' }).locator('p', { hasText: /db\.sqlite|is not replicated/ }).waitFor();
	ok(true, 'a job that does not succeed says why');
});

await part('fits a phone', async () => {
	const phone = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
	await phone.goto('/operator/#/tenants/acme');
	await phone.getByLabel('Operator’s token').fill(token);
	await phone.getByRole('button', { name: 'Sign in' }).click();
	await phone.getByRole('heading', { name: 'acme' }).waitFor();
	await phone.getByRole('button', { name: 'Look it up' }).click();
	await phone.getByRole('slider').waitFor();
	same(await phone.evaluate(() => document.documentElement.scrollWidth), 360, 'a tenant is no wider than a phone');
	await picture(phone, 'operator-phone-tenant');
	await phone.getByRole('link', { name: 'Rowhouse', exact: true }).click();
	await phone.locator('tbody tr').first().waitFor();
	same(await phone.evaluate(() => document.documentElement.scrollWidth), 360, '  nor the fleet');
	await picture(phone, 'operator-phone-fleet');
	await phone.context().close();
});

await part('is shown what is hostile as text', async () => {
	await page.route('**/api/operator/**', async (route) => {
		const answer = await route.fetch();
		const text = await answer.text();
		const spoil = (value, name) => typeof value === 'string' && !['time', 'started', 'created', 'updated', 'asked', 'begun', 'ended',
		    'day', 'proven', 'oldest_proof', 'id'].includes(name) ? `${HOSTILE}${value}` : value;
		const spoilt = text && JSON.parse(text, (name, value) => spoil(value, name));
		/* a forecast takes five minutes to be there */
		if (spoilt.replicator)
			spoilt.replicator.forecast.day = { seen_ms: 3600e3, puts_month: 300000, gets_month: 20, lists_month: 10, stored_bytes: 2e9,
			    request_dollars_month: 1.5, storage_dollars_month: 0.05 };
		await route.fulfill({ response: answer, body: text && JSON.stringify(spoilt) });
	});
	await page.goto('/operator/#/');
	await page.reload();
	await enter();
	await page.locator('tbody tr').first().waitFor();
	ok((await page.locator('tbody').textContent()).includes(`${HOSTILE}acme`), 'names of tenants are text');
	await tile('Forecast').getByText('$1.55').waitFor();
	ok((await tile('Forecast').locator('.more').textContent()).includes('300,000 PUT, 20 GET, 10 LIST, 2.0 GB kept'),
	    'a forecast says requests and dollars');
	await page.goto('/operator/#/tenants/acme');
	await page.locator('.log').first().getByText(HOSTILE).first().waitFor();
	same(await page.locator('img').count(), 0, 'none of it is an element');
	await page.unroute('**/api/operator/**');
	same(await page.evaluate(() => {
		try {
			document.createElement('div').innerHTML = '<b>';
			return 'taken';
		} catch {
			return 'refused';
		}
	}), 'refused', 'the browser itself refuses markup');
	const said = complaints.splice(0);
	same(said.filter((text) => !/TrustedHTML/.test(text)), [], '  and nothing else was tried');
});

await part('knows when it is old', async () => {
	await page.goto('/operator/#/');
	await page.reload();
	await enter();
	await tile('Tenants').getByText('active').first().waitFor();
	const before = await tile('Tenants').locator('.value').textContent();
	await house('stop');
	await page.locator('.stale').getByText('The pool is away: nothing was done. Try again in 5 seconds. What is shown is old.').waitFor();
	same([await tile('Tenants').locator('.value').textContent(), await page.locator('main.old').count()], [before, 1],
	    'the old figures stay, and are marked');
	await picture(page, 'operator-old');
	same(await faint(page), [], '  and can be read');
	const other = await open();
	await other.goto('/operator/');
	await other.getByLabel('Operator’s token').fill(token);
	await other.getByRole('button', { name: 'Sign in' }).click();
	await other.getByText('The pool is away: nothing was done. Try again in 5 seconds.').waitFor();
	ok(true, 'who comes meanwhile is told so');
	await other.context().close();
	await house('alone');
	await page.locator('.stale').waitFor({ state: 'hidden' });
	await tile('Replicator').getByText('Not running').waitFor();
	await page.locator('.alarms').getByText('No replicator answers').waitFor();
	same(await tile('Lag').locator('.value').textContent(), '–', 'without a replicator nothing is said of replicas');
	await picture(page, 'operator-alone');
});

await part('leaves', async () => {
	await button('Sign out').click();
	await page.getByLabel('Operator’s token').waitFor();
	same(await page.locator('table').count(), 0, 'who has signed out sees nothing');
	const count = asked.length;
	await page.waitForTimeout(3500);
	same(asked.length, count, '  and nothing is asked any more');
	for (let i = 0; i < 25; i++) {
		await enter(`wrong-${i}`);
		await page.waitForFunction(() => !document.querySelector('form[aria-busy]'));
	}
	await page.getByText(/Try again in \d+ seconds?\./).waitFor();
	ok(true, 'who tries too many is told when he may again', await page.locator('.refused').textContent());
	await enter();
	await page.getByText(/Try again in \d+ seconds?\./).waitFor();
	ok(true, '  also with the right one');
	const elsewhere = await open();
	same((await elsewhere.goto(url.replace('//', '//acme.') + '/operator/')).status(), 404, 'on a tenant’s host there is no such page');
});

await finish();
