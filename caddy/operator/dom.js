/*
 * Elements.  What the API says goes in as text nodes and attributes: names and
 * errors are written by strangers.  Nothing here takes markup, and the page's
 * policy (require-trusted-types-for) has the browser refuse it.
 */
const SVG = 'http://www.w3.org/2000/svg';
const PROPERTIES = ['value', 'checked', 'disabled', 'selected', 'hidden', 'open'];

/* h('button.danger', { onclick }, 'Delete', …) */
export function h(spec, ...rest) {
	const [tag, ...classes] = spec.split('.');
	return fill(document.createElement(tag), classes, rest);
}

export function svg(spec, ...rest) {
	const [tag, ...classes] = spec.split('.');
	return fill(document.createElementNS(SVG, tag), classes, rest);
}

function fill(node, classes, rest) {
	const plain = rest[0]?.constructor === Object ? rest.shift() : {};

	if (classes.length)
		node.setAttribute('class', classes.join(' '));
	for (const [name, value] of Object.entries(plain)) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith('on'))
			node.addEventListener(name.slice(2), value);
		else if (PROPERTIES.includes(name))
			node[name] = value;
		else
			node.setAttribute(name, value === true ? '' : value);
	}
	node.append(...rest.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
	return node;
}

/* Only where it changed: selections and focus stay, and nothing is painted anew. */
export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

/* Builds what stands in a node anew where the data differs from last time. */
export function redraw(node, data, build) {
	const key = JSON.stringify(data);
	if (node.drawn === key)
		return;
	node.drawn = key;
	node.replaceChildren(...[build(data)].flat(Infinity));
}

/* A heading with what belongs to it. */
let sections = 0;
export function section(title, ...content) {
	const id = `section-${++sections}`;
	return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), ...content);
}
