/*
 * What the tests of pages are written with: a real browser, TAP, and what is
 * asked of every page.
 *
 *	node TEST.mjs URL EMAIL PASSWORD DIR
 *
 * DIR holds node_modules with playwright-core, and takes a picture of the page
 * where a claim fails.
 */
import { createHmac } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

export const [url, email, password, dir] = process.argv.slice(2);
const { chromium } = createRequire(`${dir}/`)('playwright-core');
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const WAIT = Number(process.env.WAIT_MS ?? 15000);
export const complaints = [];		/* what the browser itself found wrong */
let done = 0;
let wrong = 0;
let current = null;		/* the page that is looked at */
let stopped = false;

export function ok(value, claim, detail) {
	if (!value)
		wrong++;
	console.log(`${value ? 'ok' : 'not ok'} ${++done} - ${claim}`);
	if (!value && detail !== undefined)
		console.log(`# ${JSON.stringify(detail)}`);
	return value;
}

export const same = (got, wanted, claim) => ok(JSON.stringify(got) === JSON.stringify(wanted), claim, { got, wanted });

/* A part of the story.  Where it throws, the parts after it make no sense. */
export async function part(claim, run) {
	if (stopped)
		return;
	try {
		await run();
	} catch (error) {
		stopped = true;
		ok(false, claim, error.message.split('\n').slice(0, 3));
		await current?.screenshot({ path: `${dir}/failed-${done}.png` }).catch(() => {});
	}
}

export async function open(options = {}) {
	const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 }, ...options });
	const page = await context.newPage();
	page.setDefaultTimeout(WAIT);
	page.on('pageerror', (error) => complaints.push(error.message));
	page.on('dialog', (box) => { complaints.push(`dialog: ${box.message()}`); box.dismiss(); });
	page.on('console', (message) => {
		/* an answer of 4xx or 5xx is logged by the browser whatever the page does */
		if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
			complaints.push(message.text());
	});
	page.on('request', (request) => {
		if (!`.${new URL(request.url()).host}`.endsWith(`.${new URL(url).host}`))
			complaints.push(`a request to ${request.url()}`);
	});
	current = page;
	return page;
}

export async function signIn(page, who, secret) {
	await page.goto('/');
	await page.getByLabel('E-mail address').fill(who);
	await page.getByLabel('Password').fill(secret);
	await page.getByRole('button', { name: 'Sign in' }).click();
}

export const settled = (page) => page.waitForFunction(() => !document.querySelector('[aria-busy]'));
export const toast = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor();

/* A request as the page's own account makes it, behind the page's back. */
export const api = (page, method, path, body) => page.evaluate(async ([m, p, b]) => {
	const { token } = JSON.parse(localStorage.getItem('pb_auth'));
	const response = await fetch(`/api${p}`, { method: m, body: b && JSON.stringify(b),
	    headers: { Authorization: token, ...b && { 'Content-Type': 'application/json' } } });
	return response.json().catch(() => null);
}, [method, path, body]);

/* Text whose contrast with what is behind it is below WCAG's 4.5 : 1. */
export const faint = (page) => page.evaluate(() => {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const rgba = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data].map((x, i) => i === 3 ? x / 255 : x);
	};
	const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
	const light = (c) => {
		const [r, g, b] = c.map((x) => x / 255).map((x) => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (node) => {
		if (!node)
			return [255, 255, 255];
		const colour = rgba(getComputedStyle(node).backgroundColor);
		return colour[3] === 1 ? colour.slice(0, 3) : over(colour, ground(node.parentElement));
	};
	const found = [];
	for (const node of document.querySelectorAll('body *')) {
		const text = [...node.childNodes].filter((child) => child.nodeType === 3 && child.data.trim());
		if (!text.length || !node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) ||
		    (document.querySelector('dialog[open]') && !node.closest('dialog')))
			continue;
		const below = ground(node);
		const a = light(over(rgba(getComputedStyle(node).color), below));
		const b = light(below);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5)
			found.push(`${text[0].data.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
	}
	return found;
});

/* Controls that a screen reader could not name. */
export const nameless = (page) => page.evaluate(() => [...document.querySelectorAll('button, a[href], input, select, textarea')]
    .filter((node) => node.checkVisibility() && !(node.getAttribute('aria-label') || node.textContent.trim() ||
	node.labels?.length || node.title))
    .map((node) => node.outerHTML.slice(0, 100)));

/* The link in the newest of n mails to somebody, which tests/smtp has got. */
export async function link(to, n) {
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

/* What an authenticator application shows (RFC 6238), a step of 30 s away. */
export function oneTimeCode(secret, away) {
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c)
	    .toString(2).padStart(5, '0')).join('');
	const step = Buffer.alloc(8);
	step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + away));
	const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2))))
	    .update(step).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

/* For people to look at, where they say into which directory. */
export const picture = async (page, name) => {
	if (process.env.PICTURES)
		await page.screenshot({ path: `${process.env.PICTURES}/${name}.png` });
};

/* The page that a picture is taken of where the next claim fails. */
export const look = (page) => { current = page; };

export async function finish() {
	same(complaints, [], 'no error, no policy violation, no request to anywhere else');
	console.log(`1..${done}`);
	await browser.close();
	process.exitCode = wrong ? 1 : 0;
}
