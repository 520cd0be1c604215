/** The border between before and after, which a finger, a mouse and the arrow keys move. */

import { html, signal } from "./reactive.js";
import { t } from "./texts.js";

const DRAG = 5;

/** @typedef {{share: () => number, move: (share: number) => void}} Border where it stands, 0..100 */

/** @param {() => number} [aim] where it stands until somebody moves it @returns {Border} */
export function makeBorder(aim = () => 50) {
  /** @type {import("./reactive.js").Signal<number | null>} */
  const moved = signal(null);
  return { share: () => moved.value ?? aim(), move: (share) => (moved.value = share) };
}

/**
 * Return two layers of the same size, the second shown right of the border.
 *
 * @param {() => unknown} before @param {() => unknown} after
 * @param {() => unknown} [over] buttons over both: a drag that begins on one moves the border, too
 * @param {Border} [border]
 */
export function wipe(before, after, over = () => null, border = makeBorder()) {
  const begin = (/** @type {PointerEvent} */ event) => dragFrom(event, border.move);
  return html`
    <div class="wipe" --border=${() => `${border.share()}%`} @pointerdown=${begin}>
      <div class="layer">${before}</div>
      <div class="layer after">${after}</div>
      <span class="tag left" aria-hidden="true">${t("before")}</span>
      <span class="tag right" aria-hidden="true">${t("after")}</span>
      <span class="border" aria-hidden="true"></span>
      <input type="range" min="0" max="100" step="1" aria-label=${t("wipe")} .value=${() => `${border.share()}`}
        @input=${(/** @type {any} */ event) => border.move(Number(event.target.value))}>
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
