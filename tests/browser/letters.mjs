/*
 * What links in mails lead to (harness.mjs); the mails are in DIR/smtp/mail.
 */
import { api, email, finish, link, ok, open, part } from './harness.mjs';

const inside = (page) => page.getByRole('heading', { name: 'My work' }).waitFor();

const owner = await open();
await part('goes on', async () => {
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
});
await finish();
