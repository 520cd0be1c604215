/** `<roop-jobs>`: a card for each job, with its progress or its result. */

import { get } from "./api.js";
import { explained } from "./actions.js";
import { Component, each } from "./component.js";
import { icon } from "./icons.js";
import { ask, discard, jobs } from "./jobs.js";
import { html, signal } from "./reactive.js";
import { shareBox, shareList } from "./share-box.js";
import { refreshShares } from "./shares.js";
import { capabilities } from "./state.js";
import { clock, moment, number, t } from "./texts.js";
import { wipe } from "./wipe.js";

/** @typedef {import("./reactive.js").Signal<any>} JobSignal */

class JobsPanel extends Component {
  render() {
    refreshShares();
    return html`
      <section class="jobs" aria-labelledby="jobs-title">
        <h2 id="jobs-title">${t("jobs")}</h2>
        ${() => !jobs.value.length && html`<p class="fine">${t("jobsNone")}</p>`}
        <div class="job-list">${each(() => jobs.value, (job) => job.id, jobCard)}</div>
      </section>
      ${shareList()}`;
  }
}

/** @param {JobSignal} job */
function jobCard(job) {
  const state = signal("");
  const sharing = signal(false);
  const id = job.peek().id;
  return html`
    <article class="job" aria-label=${() => job.value.name}>
      ${() => follow(job, state)}
      ${() => state.value === "succeeded" && job.peek().result && result(job.peek())}
      <header>
        <h3>${() => job.value.name}</h3>
        <span class=${() => `badge ${state.value}`} role="status">${() => t(/** @type {any} */ (badge(job.value)))}</span>
      </header>
      ${() => ["running", "waiting", "paused"].includes(job.value.state) && progress(job)}
      ${() => state.value === "failed" && failure(job.peek().error)}
      ${() => state.value === "succeeded" && summary(job.peek())}
      <footer>
        ${() => buttons(state.value, id)}
        ${() => state.value === "succeeded" && job.peek().result && html`
          <a class="button primary" href=${job.peek().result} download=${job.peek().name}>${icon("download")}<span>${t("download")}</span></a>`}
        ${() => state.value === "succeeded" && job.peek().result && capabilities.value?.sharing
          && button("share", "share", () => (sharing.value = true))}
        ${() => !["running"].includes(state.value) && button("delete", "trash", () => discard(id))}
      </footer>
      ${() => sharing.value && shareBox(id, () => (sharing.value = false))}
      ${() => state.value === "succeeded" && job.peek().result && marks(id)}
    </article>`;
}

/** Tell the parts that depend on the state alone, so that a player is not made anew. @param {JobSignal} job @param {JobSignal} state */
function follow(job, state) {
  state.value = job.value.state;
  return null;
}

/** @param {any} job */
const badge = (job) => (job.stopping ? "stopping" : job.state);

/** @param {string} state @param {string} id */
function buttons(state, id) {
  const asking = (/** @type {any} */ wish) => () => ask(id, wish);
  const cancel = () => button("cancel", "close", asking("cancel"));
  if (state === "running" || state === "waiting") return [button("pause", "pause", asking("pause")), cancel()];
  if (state === "paused") return [button("resume", "play", asking("resume")), cancel()];
  if (state === "failed" || state === "cancelled") return button("retry", "retry", asking("retry"));
  return null;
}

/** @param {any} key @param {string} name @param {() => void} act */
function button(key, name, act) {
  return html`<button type="button" class="button quiet" @click=${act}>${icon(name)}<span>${t(key)}</span></button>`;
}

/** @param {JobSignal} job */
function progress(job) {
  const { progress: now, state } = job.value;
  const share = now?.total ? now.frames / now.total : 0;
  if (!now) return html`<progress max="1" aria-label=${t(state)} .value=${0}></progress>
    ${state === "running" && html`<p class="fine">${t("starting")}</p>`}`;
  const texts = [
    now.total ? t("progressOf", { done: now.frames, total: now.total }) : t("progress", { done: now.frames }),
    state === "running" && now.fps && t("rate", { fps: number(now.fps) }),
    state === "running" && now.left_s != null && t("left", { time: clock(now.left_s) }),
    now.note ?? now.activity,
  ];
  return html`<progress max="1" aria-label=${t(state)} .value=${share}></progress>
    <p class="fine">${texts.filter(Boolean).join(" · ")}</p>`;
}

/** @param {{detail: string, hint?: string} | null} error */
function failure(error) {
  return error && html`<p class="note wrong">${icon("warn")}<span>${error.detail}
    ${error.hint && html`<small>${error.hint}</small>`}</span></p>`;
}

/** @param {any} job */
function summary({ summary: done, expires }) {
  if (!done) return null;
  const { swapped, frames, elapsed_s: seconds, warnings } = done;
  const until = expires && moment(expires);
  return html`<p class="fine">${t(frames > 1 ? "summary" : "summaryPhoto", { swapped, frames, time: clock(seconds) })}${until && ` · ${t("expires", { time: until })}`}</p>
    ${warnings.map((/** @type {string} */ text) => html`<p class="note">${icon("warn")}<span>${text}</span></p>`)}`;
}

const STILL = /\.(jpe?g|jfif|png|apng|gif|webp|avif|bmp|tiff?)$/i;

/** @param {any} job */
function result({ name, result: address, request }) {
  const comparing = signal(false);
  const still = STILL.test(name);
  const original = request?.target && !request.options?.start && `/api/v1/media/${request.target}`;
  const pressed = () => `${comparing.value}`;
  const shown = () => (comparing.value ? compared(address, original, still) : still
    ? html`<img class="result" alt=${name} loading="lazy" src=${address}>`
    : html`<video class="result" controls playsinline preload="metadata" aria-label=${name} src=${address}></video>`);
  return html`<div class="result-box">${shown}
    ${original && html`<button type="button" class="button over-picture" aria-pressed=${pressed}
      @click=${() => (comparing.value = !comparing.peek())}>${icon("compare")}<span>${t("compare")}</span></button>`}</div>`;
}

/** @param {string} address @param {string} original @param {boolean} still */
function compared(address, original, still) {
  if (still) {
    return wipe(
      () => html`<img alt=${t("before")} src=${`${original}/frames/0?side=1920`}>`,
      () => html`<img alt=${t("after")} src=${address}>`,
    );
  }
  const [before, after] = [`${original}/content`, address].map((source) => {
    const video = document.createElement("video");
    Object.assign(video, { src: source, muted: true, loop: true, playsInline: true, autoplay: true });
    return video;
  });
  after.addEventListener("timeupdate", () => {
    if (Math.abs(before.currentTime - after.currentTime) > 0.12) before.currentTime = after.currentTime;
  });
  return wipe(() => before, () => after);
}

/** @param {string} id */
function marks(id) {
  /** @type {JobSignal} */ const found = signal(null);
  const check = async () => {
    found.value = { text: t("verifying"), busy: true };
    try {
      const { verdict, summary: text } = await get(`/jobs/${id}/marks`);
      found.value = { text, verdict };
    } catch (error) {
      found.value = { text: explained(error).detail, verdict: "wrong" };
    }
  };
  return html`<div class="marks">${() => found.value
    ? html`<p role="status" class=${`note ${found.value.busy ? "busy" : found.value.verdict === "intact" ? "ready" : "wrong"}`}>${
      found.value.busy ? null : icon("shield")}<span>${found.value.text}</span></p>`
    : html`<button type="button" class="link" @click=${check}>${icon("shield")}<span>${t("verify")}</span></button>`}</div>`;
}

customElements.define("roop-jobs", JobsPanel);
