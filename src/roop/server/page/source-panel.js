/** `<roop-source>`: the photos of the new face, and what was found in them. */

import { addPhotos, chooseFace, pictureOf, removePhoto } from "./actions.js";
import { Component, each } from "./component.js";
import { chosen, takeDrops, touch } from "./drops.js";
import { icon } from "./icons.js";
import { html } from "./reactive.js";
import { savedFaces } from "./saved-faces.js";
import { photos } from "./state.js";
import { t } from "./texts.js";

/** @typedef {import("./state.js").Photo} Photo */
/** @typedef {import("./reactive.js").Signal<Photo>} PhotoSignal */

const prompt = touch ? "sourceTap" : "sourceDrop";

class SourcePanel extends Component {
  render() {
    takeDrops(this, addPhotos);
    return html`
      <section class="panel" aria-labelledby="source-title">
        <h2 id="source-title">${t("source")}</h2>
        <div class="photos">
          ${each(() => photos.value, (photo) => photo.key, photoCard)}
        </div>
        <label class=${() => `drop ${photos.value.length ? "small" : "tall"}`}>
          <input type="file" class="hidden-input" accept="image/*" multiple aria-label=${t(prompt)}
            @change=${chosen(addPhotos)}>
          <span class="drop-icon">${() => icon(photos.value.length ? "plus" : "face")}</span>
          <span class="drop-text">
            <strong>${() => t(photos.value.length ? "sourceMore" : prompt)}</strong>
            <small>${() => (photos.value.length ? t("sourceAgain") : !touch && t("choose"))}</small>
          </span>
        </label>
        ${savedFaces()}
      </section>`;
  }
}

/** @param {PhotoSignal} photo */
function photoCard(photo) {
  const state = () => photo.value.state;
  return html`
    <article class=${() => `photo ${state()}`}>
      ${() => (state() === "several" ? severalFaces(photo) : thumbnail(photo.value))}
      <div class="photo-text">
        <p class="name">${() => photo.value.name}</p>
        ${() => note(photo)}
      </div>
      <button type="button" class="icon-button" aria-label=${() => t("removeSource", { name: photo.value.name })}
        @click=${() => removePhoto(photo.peek().key)}>${icon("close")}</button>
    </article>`;
}

/** @param {PhotoSignal} photo */
function note(photo) {
  const { state, note: text, hint, warnings = [] } = photo.value;
  if (state === "uploading") {
    const percent = () => `${Math.round(photo.value.share * 100)} %`;
    return html`<p class="note">${() => t("uploading", { percent: percent() })}</p>
      <progress max="1" aria-label=${t("source")} .value=${() => photo.value.share}></progress>`;
  }
  if (state === "checking") return html`<p class="note busy">${t("checking")}</p>`;
  const name = { ready: "check", several: "people" }[/** @type {string} */ (state)] ?? "warn";
  return html`<p role="status" class=${`note ${state}`}>${icon(name)}<span>${text} ${hint && html`<small>${hint}</small>`}</span></p>
    ${warnings.map((warning) => html`<p role="status" class="note weak">${icon("warn")}<span>${warning}</span></p>`)}`;
}

/** @param {Photo} photo */
function thumbnail({ state, id, faces, width, height, name, picture }) {
  if (state !== "ready") return html`<span class="thumb">${icon(state === "wrong" ? "warn" : "face")}</span>`;
  if (picture) return html`<span class="thumb"><img class="whole" alt=${name} src=${picture}></span>`;
  const [x0, y0, x1, y1] = faces[0].box;
  const side = Math.max(x1 - x0, y1 - y0) * 1.5;
  return html`<span class="thumb"><img alt=${name} src=${pictureOf(id)}
    --zoom=${`${width / side}`} --x=${`${(x0 + x1) / 2 / side}`} --y=${`${(y0 + y1) / 2 / side}`}></span>`;
}

/** @param {PhotoSignal} photo */
function severalFaces(photo) {
  const { id, faces, width, height, name } = photo.value;
  const marks = faces.map(({ box: [x0, y0, x1, y1] }, index) => html`
    <button type="button" class="face-mark" aria-label=${t("thisFace", { number: index + 1 })}
      --left=${`${(100 * x0) / width}%`} --top=${`${(100 * y0) / height}%`}
      --width=${`${(100 * (x1 - x0)) / width}%`} --height=${`${(100 * (y1 - y0)) / height}%`}
      @click=${() => chooseFace(photo.peek(), index)}></button>`);
  return html`<span class="group"><img alt=${name} src=${pictureOf(id, 960)}>${marks}</span>`;
}

customElements.define("roop-source", SourcePanel);
