/** `<roop-app>`: the page. Everything else is loaded from here. */

import "./camera-panel.js";
import "./jobs-panel.js";
import "./options-panel.js";
import "./people-panel.js";
import "./source-panel.js";
import "./target-panel.js";
import { explained, findPeople, restore } from "./actions.js";
import { get, post } from "./api.js";
import { followClip } from "./clip.js";
import { Component } from "./component.js";
import { guardWindow } from "./drops.js";
import { icon } from "./icons.js";
import { followJobs, start } from "./jobs.js";
import { followDraft } from "./preview.js";
import { effect, html, signal } from "./reactive.js";
import { followFaces } from "./spots.js";
import * as state from "./state.js";
import { t } from "./texts.js";

/** @type {import("./reactive.js").Signal<"opening" | "closed" | "open">} */
const entrance = signal("opening");

class App extends Component {
  render() {
    guardWindow();
    open();
    return html`
      <a class="skip" href="#main">${t("skip")}</a>
      <header class="bar">
        <h1><img src="/icon.svg" alt="" width="36" height="36"><span>roop</span></h1>
        <p class="tagline">${t("tagline")}</p>
        <nav class="segmented" aria-label=${t("mode")}>${modeButton("file", t("modeFile"))}${modeButton("camera", t("modeCamera"))}</nav>
      </header>
      ${() => notice()}
      <main id="main" tabindex="-1">${() => entrance.value === "open" && (state.mode.value === "file" ? workspace() : live())
        || entrance.value === "closed" && signIn()}</main>
      <footer class="foot">${t("consent")}</footer>`;
  }
}

/** @param {"file" | "camera"} mode @param {string} text */
function modeButton(mode, text) {
  const choose = () => {
    state.mode.value = mode;
    history.replaceState(null, "", mode === "camera" ? "#camera" : location.pathname);
  };
  return html`<button type="button" aria-pressed=${() => `${state.mode.value === mode}`} @click=${choose}>${text}</button>`;
}

function notice() {
  const text = state.notice.value ?? (state.connected.value ? null : { detail: t("reconnecting"), hint: "" });
  return text && html`<div class="notice" role="alert">${icon("warn")}<p>${text.detail} <small>${text.hint}</small></p>
    <button type="button" class="icon-button" aria-label=${t("dismiss")} @click=${() => (state.notice.value = null)}>${icon("close")}</button></div>`;
}

function workspace() {
  const ready = () => state.draft() !== null && state.people.value.state !== "failed";
  return html`
    <div class="workspace">
      <div class="rail"><roop-source></roop-source><roop-options></roop-options></div>
      <div class="centre">
        <roop-target></roop-target>
        <roop-people></roop-people>
        <div class="start">
          <button type="button" class="button primary big" .disabled=${() => !ready()} @click=${begin}>${icon("swap")}<span>${t("start")}</span></button>
          <p class="fine">${() => !ready() && missing()}</p>
        </div>
        <roop-jobs></roop-jobs>
      </div>
    </div>`;
}

/** Start, and show the card of the job. */
async function begin() {
  if (!(await start())) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const card = document.querySelector("roop-jobs article");
  card?.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

/** Return what has to be dropped first. */
function missing() {
  const face = state.sourceIds().length > 0;
  if (!state.target.value) return t(face ? "startMissingTarget" : "startMissing");
  return !face && state.people.value.state !== "failed" && t("startMissingFace");
}

function live() {
  return html`<div class="workspace"><div class="rail"><roop-source></roop-source></div>
    <div class="centre"><roop-camera></roop-camera></div></div>`;
}

function signIn() {
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    try {
      await post("/session", { token: event.target.elements.token.value.trim() });
      open();
    } catch (error) {
      state.notice.value = explained(error);
    }
  };
  return html`<form class="panel sign-in" @submit=${submit}><h2>${t("signIn")}</h2><p>${t("signInWhy")}</p>
    <label class="field"><span>${t("token")}</span><input name="token" type="password" autocomplete="current-password" required></label>
    <button class="button primary">${t("signIn")}</button></form>`;
}

/** Take up the last visit, then follow what changes. */
async function open() {
  try {
    const { authenticated } = await get("/session");
    if (!authenticated) return void (entrance.value = "closed");
    state.notice.value = null;
    const [known] = await Promise.all([get("/capabilities"), restore()]);
    state.capabilities.value = known;
  } catch (error) {
    state.notice.value = explained(error);
    setTimeout(open, 3000);
    return;
  }
  entrance.value = "open";
  state.keep();
  findPeople();
  followDraft();
  followFaces();
  followClip();
  followJobs();
}

effect(() => (document.title = state.sending.value ? `${Math.round(state.sending.value.share * 100)} % · roop` : "roop"));

customElements.define("roop-app", App);
