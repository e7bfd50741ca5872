/*
 * The page of the platform's own host, where no team is at home yet: a visitor
 * makes one, if he may, or goes to his own.
 */
import { get, post } from './api.js';
import { h } from './dom.js';
import { alertBox, broken, door, field, loading, submitting } from './ui.js';

const app = document.getElementById('app');

const addressOf = (slug) => `${location.protocol}//${slug}.${location.host}/`;

/* As it is typed: what can stand in a host's name, where there is an obvious one. */
const tidy = (text) => text.toLowerCase().replaceAll(/[\s_]+/g, '-');

const slugInput = (props) => h('input', { required: true, maxlength: 40, autocapitalize: 'none',
    autocomplete: 'off', spellcheck: 'false', oninput: (event) => {
	const at = event.target.selectionStart;
	event.target.value = tidy(event.target.value);
	event.target.setSelectionRange(at, at);
    }, ...props });

function show(...page) {
	app.replaceChildren(door(...page));
	const main = app.querySelector('main');
	main.tabIndex = -1;
	(main.querySelector(':scope > form input, :scope > p a') ?? main).focus();
}

/* For who came to the wrong door. */
function goHome() {
	const slug = slugInput({ placeholder: 'acme' });
	return h('details', h('summary', 'Your team is here already?'),
	    h('form', { onsubmit: (event) => {
		event.preventDefault();
		location.assign(addressOf(slug.value));
	    } }, field('home', 'Its name', slug, `As in ${addressOf('acme')}`), h('button', 'Go there')));
}

const closed = () => show('Each team has its own address', 'New teams are not made here by visitors. ' +
    'Whoever runs this place can make one for you.', goHome());

function form(invited) {
	const slug = slugInput({ pattern: '[a-z0-9]([a-z0-9\\-]*[a-z0-9])?',
	    title: 'a to z, 0 to 9, and - between them' });
	const preview = h('output.preview.mono', addressOf('your-team'));
	const name = h('input', { required: true, maxlength: 80, autocomplete: 'name' });
	const email = h('input', { type: 'email', required: true, autocomplete: 'username' });
	const password = h('input', { type: 'password', required: true, minlength: 8,
	    autocomplete: 'new-password' });
	const code = h('input.mono', { autocomplete: 'off', autocapitalize: 'none',
	    spellcheck: 'false' });

	const codeField = field('code', 'Invitation', code, 'The code that you were sent for this name.');
	const askForCode = () => { code.required = true; codeField.hidden = false; };

	codeField.hidden = true;
	if (invited)
		askForCode();
	slug.addEventListener('input', () => { preview.value = addressOf(slug.value || 'your-team'); });
	show('A place for your team', 'It has an address of its own, and is ready at once.',
	    h('form', { onsubmit: submitting(async () => {
		try {
			ready(await post('/tenants', { slug: slug.value, name: name.value.trim(),
			    email: email.value.trim(), password: password.value,
			    code: code.value.trim() || undefined }));
		} catch (error) {
			if (error.status === 403)
				closed();
			if (error.fields?.code)
				askForCode();
			if (error.status === 409)
				error.fields.slug = 'This name is taken. Please choose another one.';
			throw error;
		}
	    }) }, alertBox(),
	    field('slug', 'Name of your team', slug, 'a to z, 0 to 9 and -'), preview,
	    codeField,
	    field('name', 'Your name', name, 'As your team will know you.'),
	    field('email', 'E-mail address', email),
	    field('password', 'Password', password, 'At least eight characters.'),
	    h('button.primary.wide', 'Make it')),
	    goHome());
}

function ready({ slug, email }) {
	document.title = `${slug} is ready`;
	show(`${slug} is ready`, `Sign in there as ${email}.`,
	    h('p', h('a.button.primary', { href: addressOf(slug) }, `To ${addressOf(slug)}`)));
}

async function start() {
	app.replaceChildren(h('main.door-card', loading(3)));
	try {
		const { signup } = await get('/signup');
		if (signup === 'closed')
			closed();
		else
			form(signup === 'invite');
	} catch (error) {
		app.replaceChildren(h('main.door-card', broken(error, start)));
	}
}

start();
