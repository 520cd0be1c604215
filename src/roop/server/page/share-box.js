/** The address of a shared result, with its QR code. */

import { explained } from "./actions.js";
import { post, remove } from "./api.js";
import { html, signal } from "./reactive.js";
import { notice } from "./state.js";
import { moment, t } from "./texts.js";

/**
 * Share a result, and show where it is.
 *
 * @param {string} id of the job @param {() => void} close called when nothing is shared any more
 */
export function shareBox(id, close) {
  /** @type {import("./reactive.js").Signal<any>} */ const shared = signal(null);
  const failed = (/** @type {unknown} */ error) => {
    notice.value = explained(error);
    close();
  };
  post(`/jobs/${id}/shares`).then((share) => (shared.value = share), failed);
  const end = () => remove(`/jobs/${id}/shares/${shared.peek().name}`).then(close, failed);
  return html`${() => (shared.value ? details(shared.value, end)
    : html`<p class="note busy" role="status">${t("sharing")}</p>`)}`;
}

/** @param {any} share @param {() => void} end */
function details({ address, expires, qr }, end) {
  const copied = signal(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(address);
    copied.value = true;
  };
  return html`<div class="share">
    <img alt=${t("shareQr")} src=${qr}>
    <div>
      <input readonly aria-label=${t("shareAddress")} value=${address} @focus=${(/** @type {any} */ event) => event.target.select()}>
      <p class="fine">${expires ? t("shareUntil", { time: moment(expires) }) : t("shareForever")}</p>
      <button type="button" class="button quiet" @click=${copy}>${() => t(copied.value ? "copied" : "copy")}</button>
      <button type="button" class="link" @click=${end}>${t("unshare")}</button>
    </div></div>`;
}
