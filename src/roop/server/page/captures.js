/** What was saved of cameras: recordings and stills, as the server has them. */

import { explained } from "./actions.js";
import { get, remove } from "./api.js";
import { each } from "./component.js";
import { icon } from "./icons.js";
import { html, signal } from "./reactive.js";
import { notice } from "./state.js";
import { moment, t } from "./texts.js";

/** @typedef {{name: string, bytes: number, created: string, expires: string, content: string}} Capture */

const SHOWN = 24;

/** @type {import("./reactive.js").Signal<Capture[]>} */
const captures = signal([]);

export async function refreshCaptures() {
  try {
    captures.value = (await get(`/captures?limit=${SHOWN}`)).items;
  } catch (error) {
    notice.value = explained(error);
  }
}

/** @param {string} name */
async function discard(name) {
  try {
    await remove(`/captures/${name}`);
    captures.value = captures.peek().filter((capture) => capture.name !== name);
  } catch (error) {
    notice.value = explained(error);
  }
}

export function captureList() {
  return html`<section class="jobs" aria-labelledby="captures-title" .hidden=${() => !captures.value.length}>
    <h2 id="captures-title">${t("captures")}</h2>
    <div class="job-list">${each(() => captures.value, ({ name }) => name, captureCard)}</div>
  </section>`;
}

/** @param {import("./reactive.js").Signal<Capture>} capture */
function captureCard(capture) {
  const { name, content, created, expires } = capture.peek();
  return html`<article class="job" aria-label=${name}>
    <div class="result-box">${name.endsWith(".png")
      ? html`<img class="result" alt=${name} loading="lazy" src=${content}>`
      : html`<video class="result" controls playsinline preload="metadata" aria-label=${name} src=${content}></video>`}</div>
    <p class="fine">${moment(created)} · ${t("expires", { time: moment(expires) })}</p>
    <footer>
      <a class="button primary" href=${content} download=${name}>${icon("download")}<span>${t("download")}</span></a>
      <button type="button" class="button quiet" @click=${() => discard(name)}>${icon("trash")}<span>${t("delete")}</span></button>
    </footer></article>`;
}
