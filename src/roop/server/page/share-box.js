/** The address of a shared result, with its QR code; and the list of all of them. */

import { each } from "./component.js";
import { icon } from "./icons.js";
import { html, signal } from "./reactive.js";
import { share, shares, unshare } from "./shares.js";
import { moment, t } from "./texts.js";

/** @typedef {import("./shares.js").Share} Share */

/**
 * Share a result, and show where it is.
 *
 * @param {string} id of the job @param {() => void} close called when nothing is shared any more
 */
export function shareBox(id, close) {
  const sent = signal(false);
  share(id).then((done) => (done ? (sent.value = true) : close()));
  return html`${() => {
    if (!sent.value) return html`<p class="note busy" role="status">${t("sharing")}</p>`;
    const mine = shares.value.find(({ job }) => job === id);
    return mine ? details(mine) : close();
  }}`;
}

/** Return the section that lists everything shared. */
export function shareList() {
  return html`<section class="jobs" aria-labelledby="shares-title" .hidden=${() => !shares.value.length}>
    <h2 id="shares-title">${t("shares")}</h2>
    <div class="panel share-list">${each(() => shares.value, ({ name }) => name, row)}</div>
  </section>`;
}

/** @param {import("./reactive.js").Signal<Share>} shared */
function row(shared) {
  const open = signal(false);
  const { address, qr, title } = shared.peek();
  return html`<article class="share-row" aria-label=${title}>
    <div class="share-text"><h3>${title}</h3><p class="fine">${until(shared.peek())}</p>
      ${address && html`<a class="fine address" href=${address} target="_blank" rel="noreferrer">${address}</a>`}</div>
    <div class="row">
      ${address && html`<button type="button" class="button quiet" aria-pressed=${() => `${open.value}`}
        @click=${() => (open.value = !open.peek())}>${icon("qr")}<span>${t("shareQrShow")}</span></button>`}
      ${address && copyButton(address)}
      <button type="button" class="button quiet" @click=${() => unshare(shared.peek())}>${icon("trash")}<span>${t("unshare")}</span></button>
    </div>
    ${() => open.value && html`<img class="qr" alt=${t("shareQr")} src=${qr}>`}</article>`;
}

/** @param {Share} shared */
function details(shared) {
  const { address, qr } = shared;
  return html`<div class="share">
    ${address && html`<img alt=${t("shareQr")} src=${qr}>`}
    <div>
      ${address && html`<input readonly aria-label=${t("shareAddress")} value=${address}
        @focus=${(/** @type {any} */ event) => event.target.select()}>`}
      <p class="fine">${until(shared)}</p>
      <div class="row">
        ${address && copyButton(address)}
        <button type="button" class="button quiet" @click=${() => unshare(shared)}>${icon("trash")}<span>${t("unshare")}</span></button>
      </div>
    </div></div>`;
}

/** @param {Share} shared */
function until({ expires }) {
  if (!expires) return t("shareForever");
  return t(new Date(expires) > new Date() ? "shareUntil" : "shareExpired", { time: moment(expires) });
}

/** Copy without the clipboard's own interface. @param {HTMLElement} place @param {string} text */
function copyOld(place, text) {
  const input = document.createElement("textarea");
  Object.assign(input, { value: text, className: "hidden-input" });
  place.append(input);
  input.select();
  const copied = document.execCommand("copy");
  input.remove();
  return copied;
}

/** @param {string} address */
function copyButton(address) {
  const copied = signal(false);
  const copy = async (/** @type {any} */ event) => {
    const place = event.currentTarget;
    try {
      await navigator.clipboard.writeText(address);
      copied.value = true;
    } catch {
      copied.value = copyOld(place, address); // http from another machine
    }
  };
  return html`<button type="button" class="button quiet" @click=${copy}>${icon("copy")}<span>${() => t(copied.value ? "copied" : "copy")}</span></button>`;
}
