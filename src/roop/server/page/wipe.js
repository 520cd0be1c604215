/** The border between before and after, which a finger, a mouse and the arrow keys move. */

import { html, signal } from "./reactive.js";
import { t } from "./texts.js";

const DRAG = 5;

/**
 * Return two layers of the same size, the second shown right of the border.
 *
 * @param {() => unknown} before @param {() => unknown} after
 * @param {() => unknown} [over] buttons over both: a drag that begins on one moves the border, too
 */
export function wipe(before, after, over = () => null) {
  const border = signal("50");
  const begin = (/** @type {PointerEvent} */ event) => dragFrom(event, (share) => (border.value = `${share}`));
  return html`
    <div class="wipe" --border=${() => `${border.value}%`} @pointerdown=${begin}>
      <div class="layer">${before}</div>
      <div class="layer after">${after}</div>
      <span class="tag left" aria-hidden="true">${t("before")}</span>
      <span class="tag right" aria-hidden="true">${t("after")}</span>
      <span class="border" aria-hidden="true"></span>
      <input type="range" min="0" max="100" step="1" aria-label=${t("wipe")} .value=${() => border.value}
        @input=${(/** @type {any} */ event) => (border.value = event.target.value)}>
      ${over}
    </div>`;
}

/** @param {PointerEvent} down @param {(share: number) => void} move */
function dragFrom(down, move) {
  const button = /** @type {HTMLElement} */ (down.target).closest("button");
  if (!button) return;
  const { left, width } = /** @type {HTMLElement} */ (down.currentTarget).getBoundingClientRect();
  let dragged = false;
  button.setPointerCapture(down.pointerId);
  button.onpointermove = ({ clientX }) => {
    dragged ||= Math.abs(clientX - down.clientX) > DRAG;
    if (dragged) move(Math.round(Math.min(100, Math.max(0, (100 * (clientX - left)) / width))));
  };
  const end = (/** @type {Event} */ event) => {
    if (dragged && event.type === "click") event.stopImmediatePropagation();
    button.onpointermove = null;
  };
  button.addEventListener("click", end, { once: true, capture: true });
  button.addEventListener("pointercancel", end, { once: true });
}
