/** `<roop-target>`: the photo or video to change, with its preview before and after. */

import { addTarget } from "./actions.js";
import { clipAddress, clipState, closeClip, playClip } from "./clip.js";
import { Component } from "./component.js";
import { chosen, takeDrops, touch } from "./drops.js";
import { icon } from "./icons.js";
import { busy, frameAt, problem, shown } from "./preview.js";
import { html } from "./reactive.js";
import { spots } from "./spots.js";
import { people, sending, sourceIds, target, targetProblem, time } from "./state.js";
import { clock, t } from "./texts.js";
import { makeBorder, wipe } from "./wipe.js";

const THUMBNAILS = 10;
const prompt = touch ? "targetTap" : "targetDrop";

/** @param {File[]} files */
const take = (files) => addTarget(files[0]);

class TargetPanel extends Component {
  render() {
    takeDrops(this, take);
    return html`
      <section class="panel stage" aria-labelledby="target-title">
        <div class="row">
          <h2 id="target-title">${t("target")}</h2>
          ${() => target.value && !sending.value && facts(target.value)}
        </div>
        ${() => stage()}
        ${() => warning(targetProblem.value)}
      </section>`;
  }
}

/** @param {{detail: string, hint: string} | null} wrong */
function warning(wrong) {
  return wrong && html`<p class="note wrong" role="alert">${icon("warn")}<span>${wrong.detail}
    ${wrong.hint && html`<small>${wrong.hint}</small>`}</span></p>`;
}

function stage() {
  const progress = sending.value;
  if (progress) return uploading();
  return target.value ? viewer(target.value) : emptyStage();
}

function emptyStage() {
  return html`
    <label class="drop tall wide">
      <input type="file" class="hidden-input" accept="image/*,video/*,.mkv" aria-label=${t(prompt)}
        @change=${chosen(take)}>
      <span class="drop-icon">${icon("film")}</span>
      <span class="drop-text"><strong>${t(prompt)}</strong>${!touch && html`<small>${t("choose")}</small>`}
        <small class="formats">${t("targetFormats")}</small></span>
    </label>`;
}

function uploading() {
  const share = () => sending.value?.share ?? 1;
  const percent = () => `${Math.round(share() * 100)} %`;
  return html`
    <div class="drop tall wide sending" role="status">
      <span class="drop-icon">${icon("film")}</span>
      <span class="drop-text"><strong>${() => sending.value?.name}</strong>
        <small>${() => (share() < 1 ? t("uploading", { percent: percent() }) : t("checking"))}</small></span>
      <progress max="1" aria-label=${t("target")} .value=${share}></progress>
    </div>`;
}

/** @param {import("./state.js").Media} media */
function facts({ name, width, height, duration_s: duration, kind }) {
  const size = t("targetFacts", { width, height });
  const text = kind === "image" || !duration ? size : `${size} · ${clock(duration)}`;
  return html`
    <p class="facts"><span class="name">${name}</span> <span>${text}</span></p>
    <label class="button quiet">
      <input type="file" class="hidden-input" accept="image/*,video/*,.mkv" aria-label=${t("targetReplace")}
        @change=${chosen(take)}>${icon("retry")}<span>${t("targetReplace")}</span></label>`;
}

/** @param {import("./state.js").Media} media */
function viewer(media) {
  const plain = () => `/api/v1/media/${media.id}/frames/${frameAt(media, time.value)}?side=1280`;
  const current = () => (shown.value?.target === media.id ? shown.value : null);
  const border = makeBorder(faceShare);
  return html`
    <div class="viewer" --ratio=${`${media.width / media.height}`}>
      ${() => (current()
        ? wiped(border)
        : html`<div class="wipe"><div class="layer"><img alt=${t("before")} src=${plain}></div>${() => spots()}</div>`)}
      ${() => clipState.value === "ready" && player()}
      ${() => clipState.value === "making" && html`<p class="veil" role="status"><span class="spinner"></span>${t("clipBusy")}</p>`}
      ${() => busy.value && html`<p class="veil" role="status"><span class="spinner"></span>${t("previewBusy")}</p>`}
      ${() => !busy.value && !current() && !problem.value && !sourceIds().length
        && people.value.state !== "failed" && html`<p class="veil">${t("previewWaiting")}</p>`}
    </div>
    ${() => warning(problem.value ?? people.value.error)}
    ${() => hint(current())}
    ${media.duration_s && (media.frames ?? 2) > 1 && scrubber(media, media.duration_s)}`;
}

function player() {
  const video = document.createElement("video");
  Object.assign(video, { autoplay: true, loop: true, muted: true, playsInline: true, controls: true, src: clipAddress.value });
  video.setAttribute("aria-label", t("clip"));
  return html`<div class="clip">${video}
    <button type="button" class="button" @click=${closeClip}>${icon("close")}<span>${t("clipClose")}</span></button></div>`;
}

/** @param {import("./wipe.js").Border} border */
function wiped(border) {
  return wipe(
    () => html`<img alt=${t("before")} src=${() => shown.value?.before}>`,
    () => html`<img alt=${t("after")} src=${() => shown.value?.after}>`,
    spots,
    border,
  );
}

/** Return where the largest replaced face is, 0..100 from the left, so that both halves show some of it. */
function faceShare() {
  const { faces, width } = shown.value ?? { faces: [], width: 1 };
  const [largest] = [...faces].sort((a, b) => b[2] - b[0] - (a[2] - a[0]));
  return largest ? Math.round((50 * (largest[0] + largest[2])) / width) : 50;
}

/** @param {import("./preview.js").Shown | null} current */
function hint(current) {
  if (!current) return null;
  const texts = [...current.warnings];
  if (!current.faces.length && !people.value.error) texts.unshift(t("previewNobody"));
  return texts.map((text) => html`<p class="note">${icon("warn")}<span>${text}</span></p>`);
}

/** @param {import("./state.js").Media} media @param {number} duration */
function scrubber(media, duration) {
  const set = (/** @type {any} */ event) => (time.value = Number(event.target.value));
  const frames = media.frames ?? THUMBNAILS;
  const numbers = [...Array(Math.min(THUMBNAILS, frames)).keys()].map((i) =>
    Math.floor(((i + 0.5) * frames) / Math.min(THUMBNAILS, frames)));
  return html`
    <div class="scrubber">
      <button type="button" class="icon-button play" aria-label=${t("clipPlay")} title=${t("clipPlay")}
        .disabled=${() => !shown.value || clipState.value !== "none"} @click=${playClip}>${icon("play")}</button>
      <div class="strip" aria-hidden="true">${() => (shown.value || problem.value ? numbers : []).map((number) =>
        html`<img alt="" loading="lazy" src=${`/api/v1/media/${media.id}/frames/${number}?side=160`}>`)}</div>
      <input type="range" min="0" max=${Math.max(0, duration - 0.05)} step="any" aria-label=${t("scrub")}
        aria-valuetext=${() => clock(time.value)} .value=${time.peek()} @input=${set}>
      <output>${() => `${clock(time.value)} / ${clock(duration)}`}</output>
    </div>`;
}

customElements.define("roop-target", TargetPanel);
