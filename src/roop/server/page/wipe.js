/** The border between before and after, which a finger, a mouse and the arrow keys move. */

import { html, signal } from "./reactive.js";
import { t } from "./texts.js";

/**
 * Return two layers of the same size, the second shown right of the border.
 *
 * @param {() => unknown} before @param {() => unknown} after @param {string} [share] at the beginning, percent
 */
export function wipe(before, after, share = "50") {
  const border = signal(share);
  return html`
    <div class="wipe" --border=${() => `${border.value}%`}>
      <div class="layer">${before}</div>
      <div class="layer after">${after}</div>
      <span class="tag left" aria-hidden="true">${t("before")}</span>
      <span class="tag right" aria-hidden="true">${t("after")}</span>
      <span class="border" aria-hidden="true"></span>
      <input type="range" min="0" max="100" step="1" aria-label=${t("wipe")} .value=${border.peek()}
        @input=${(/** @type {any} */ event) => (border.value = event.target.value)}>
    </div>`;
}
