/** The reactive core: signals, effects that follow them, and templates whose holes are effects. */

/** @template T @typedef {{value: T, peek: () => T}} Signal */
/** @typedef {{run: (() => void) | null, sources: Set<Set<Effect>>, children: Effect[], ended: boolean}} Effect */

/** @type {Effect | null} */ let reader = null;
/** @type {Effect | null} */ let owner = null;
/** @type {Set<Effect>} */ const due = new Set();

/** Return a value that effects follow. @template T @param {T} value @returns {Signal<T>} */
export function signal(value) {
  /** @type {Set<Effect>} */ const readers = new Set();
  return {
    get value() {
      if (reader) reader.sources.add(readers.add(reader));
      return value;
    },
    set value(next) {
      if (Object.is(next, value)) return;
      value = next;
      if (readers.size && !due.size) queueMicrotask(flush);
      readers.forEach((each) => due.add(each));
    },
    peek: () => value,
  };
}

function flush() {
  for (const each of due) if (due.delete(each) && !each.ended) execute(each);
}

/** @template T @param {Effect | null} newOwner @param {Effect | null} newReader @param {() => T} run */
function within(newOwner, newReader, run) {
  const before = [owner, reader];
  [owner, reader] = [newOwner, newReader];
  try {
    return run();
  } finally {
    [owner, reader] = before;
  }
}

/** @param {Effect} each */
function execute(each) {
  clear(each);
  if (each.run) within(each, each, each.run);
}

/** @param {Effect} each */
function clear(each) {
  each.sources.forEach((readers) => readers.delete(each));
  each.sources.clear();
  each.children.splice(0).forEach(end);
}

const end = (/** @type {Effect} */ each) => clear(Object.assign(each, { ended: true }));

/** @param {(() => void) | null} run @param {Effect | null} parent @returns {Effect} */
function started(run, parent) {
  const made = { run, sources: new Set(), children: [], ended: false };
  parent?.children.push(made);
  return made;
}

/** Run now, and again whenever a signal changes that was read. @param {() => void} run */
export const effect = (run) => execute(started(run, owner));

/** Return what makes scopes, whose effects end with the present one or earlier, by hand. */
export function scopes() {
  const parent = owner;
  return (/** @type {() => DocumentFragment} */ run) => {
    const made = started(null, parent);
    return { nodes: within(made, null, run), end: () => end(made) };
  };
}

/** Return what `run` does, without following what it reads. @template T @param {() => T} run */
export const untracked = (run) => within(owner, null, run);

/** Content that takes care of itself. */
export class Binding {
  constructor(/** @type {(marker: Comment) => void} */ bind) {
    this.bind = bind;
  }
}

/** @param {Comment} marker @param {unknown} value */
function bindContent(marker, value) {
  if (value instanceof Binding) return value.bind(marker);
  const start = document.createTextNode(""); // what is between it and the marker is ours
  marker.before(start);
  const show = (/** @type {unknown} */ content) => {
    while (start.nextSibling && start.nextSibling !== marker) start.nextSibling.remove();
    const parts = document.createDocumentFragment();
    for (const part of /** @type {any[]} */ ([content].flat(3))) if (part != null && part !== false) parts.append(part);
    marker.before(parts);
  };
  if (typeof value === "function") effect(() => show(value()));
  else show(value);
}

/** @param {HTMLElement} element @param {string} name @param {any} value */
function bindAttribute(element, name, value) {
  if (name[0] === "@") return element.addEventListener(name.slice(1), value);
  const set = (/** @type {any} */ next) => {
    if (name[0] === ".") /** @type {any} */ (element)[name.slice(1)] = next;
    else if (name.startsWith("--")) element.style.setProperty(name, next);
    else if (next == null || next === false) element.removeAttribute(name);
    else element.setAttribute(name, next === true ? "" : next);
  };
  if (typeof value === "function") effect(() => set(value()));
  else set(value);
}

/** @type {WeakMap<TemplateStringsArray, {template: HTMLTemplateElement, names: string[]}>} */
const parsed = new WeakMap();

/** @param {TemplateStringsArray} strings */
function parse(strings) {
  /** @type {string[]} */ const names = [];
  const parts = strings.map((text, i) => {
    if (i === strings.length - 1) return text;
    const name = /\s([@.\w-]+)=$/.exec(text)?.[1] ?? "";
    names.push(name);
    return name ? `${text.slice(0, -name.length - 1)}data-hole-${i}` : `${text}<!--hole ${i}-->`;
  });
  const template = document.createElement("template");
  template.innerHTML = parts.join("").trim();
  return { template, names };
}

/** Return the nodes of a template. `@event`, `.property`, `--variable`, attributes and content may
 * be holes; functions in them are followed. @param {TemplateStringsArray} strings @param {any[]} values */
export function html(strings, ...values) {
  const { template, names } = parsed.get(strings) ?? parse(strings);
  parsed.set(strings, { template, names });
  const nodes = document.importNode(template.content, true);
  const walker = document.createTreeWalker(nodes, NodeFilter.SHOW_COMMENT);
  /** @type {Comment[]} */ const markers = [];
  while (walker.nextNode()) markers.push(/** @type {Comment} */ (walker.currentNode));
  names.forEach((name, i) => {
    if (!name) return bindContent(/** @type {Comment} */ (markers.find((each) => each.data === `hole ${i}`)), values[i]);
    const element = /** @type {HTMLElement} */ (nodes.querySelector(`[data-hole-${i}]`));
    element.removeAttribute(`data-hole-${i}`);
    bindAttribute(element, name, values[i]);
  });
  return nodes;
}
