// Everything on the page is built here, and text only ever becomes a text node: a caption with markup shows as what it is.

const svgNames = new Set(['svg', 'g', 'path', 'rect', 'text', 'title', 'clipPath', 'circle']);

/** An element: attributes by name, on* as listeners, children as elements or text; null and false are left out. */
export function h(name, attributes, ...children) {
  const isSvg = svgNames.has(name) || (name === 'a' && attributes && attributes.svg);
  const element = isSvg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === 'svg' || value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'value') element.value = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces an element's children, unless what they were made from is the same as last time. */
export function fill(element, made, make) {
  const text = JSON.stringify(made);
  if (element.madeFrom === text) return;
  element.madeFrom = text;
  const focused = document.activeElement && element.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  const scrolled = [...element.querySelectorAll('.graph, .events, .scroll')].map(part => [part.scrollTop, part.scrollLeft]);
  element.replaceChildren();
  append(element, [make()]);
  element.querySelectorAll('.graph, .events, .scroll').forEach((part, i) => { if (scrolled[i]) [part.scrollTop, part.scrollLeft] = scrolled[i]; });
  if (focused) for (const link of element.querySelectorAll('a')) if (link.getAttribute('href') === focused) { link.focus({ preventScroll: true }); break; }
}

export function phase(word) {
  return h('span', { class: `phase ${word}` }, words[word] || word);
}

const words = { pending: 'waiting', running: 'running', done: 'done', failed: 'failed', cancelled: 'cancelled' };
