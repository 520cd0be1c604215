/** What the page is made of: elements that show a template, and lists of rows. */

import { Binding, effect, scopes, signal, untracked } from "./reactive.js";

/** Base of our elements: shows its template while it is in the page. */
export class Component extends HTMLElement {
  #end = () => {};

  connectedCallback() {
    if (this.firstChild) return; // moved
    const { nodes, end } = untracked(() => scopes()(() => this.render()));
    this.#end = end;
    this.append(nodes);
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || (this.#end(), this.replaceChildren()));
  }

  /** @returns {DocumentFragment} */
  render() {
    throw new TypeError("a component renders a template");
  }
}

/**
 * Show a list, each item as one element, which stays as long as its key.
 *
 * @template T
 * @param {() => T[]} list @param {(item: T) => unknown} key
 * @param {(item: import("./reactive.js").Signal<T>) => DocumentFragment} render
 */
export const each = (list, key, render) =>
  new Binding((marker) => {
    const rows = new Map();
    const scope = scopes();
    effect(() => {
      const items = list();
      const keys = items.map(key);
      for (const [known, row] of rows) {
        if (keys.includes(known)) continue;
        row.end();
        row.node.remove();
        rows.delete(known);
      }
      let next = /** @type {Node} */ (marker);
      for (let i = items.length - 1; i >= 0; i--) {
        let row = rows.get(keys[i]);
        if (row) row.item.value = items[i];
        else {
          const item = signal(items[i]);
          const { nodes, end } = scope(() => render(item));
          rows.set(keys[i], (row = { item, end, node: nodes.firstElementChild }));
        }
        if (row.node.nextSibling !== next) marker.parentNode?.insertBefore(row.node, next);
        next = row.node;
      }
    });
  });
