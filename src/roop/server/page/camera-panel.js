/** `<roop-camera>`: the browser's camera, swapped by the server while it runs. */

import { explained } from "./actions.js";
import { openLive, patch } from "./api.js";
import { captureList, refreshCaptures } from "./captures.js";
import { Component } from "./component.js";
import { icon } from "./icons.js";
import { effect, html, signal, untracked } from "./reactive.js";
import { capabilities, options, sourceIds } from "./state.js";
import { clock, t } from "./texts.js";

const IN_FLIGHT = 2;
const WIDTH = 640;
/** When to look for a recording that the end of the connection completes. */
const COMPLETE_MS = [1000, 3000, 8000];
/** Options that a live swap takes. */
const LIVE = ["engine", "processor", "face_shape", "enhance"];

class CameraPanel extends Component {
  #state = signal("off");
  #problem = signal("");
  #figures = signal("");
  #mirrored = signal(true);
  #camera = signal(""); // of the server; empty for this device's
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {number[]} when each frame in flight was sent */ #sent = [];
  /** @type {number[]} when the last frames came */ #came = [];
  #recorded = signal(-1); // seconds; below 0 while nothing is recorded
  #saving = signal(false);
  #timer = 0;
  #id = "";
  #used = "";
  #latency = 0;
  #ready = false;
  #video = document.createElement("video");
  #small = document.createElement("canvas");

  render() {
    const running = () => this.#state.value !== "off";
    refreshCaptures();
    effect(() => {
      const sources = sourceIds();
      untracked(() => this.#use(sources));
    });
    return html`
      <section class="panel stage" aria-labelledby="camera-title">
        <div class="row"><h2 id="camera-title">${t("camera")}</h2>
          <p class="facts" aria-live="off">${() => this.#figures.value}</p></div>
        <div class="viewer live" --ratio="1.3333">
          <div class="wipe"><canvas class="screen" role="img" aria-label=${t("liveLabel")} width="640" height="480"></canvas></div>
          ${() => this.#state.value === "loading" && html`<p class="veil" role="status"><span class="spinner"></span>${t("cameraLoading")}</p>`}
          ${() => !running() && html`<p class="veil">${t(sourceIds().length ? "cameraHint" : "cameraNeedsFace")}</p>`}
        </div>
        ${() => this.#problem.value && html`<p class="note wrong" role="alert">${icon("warn")}<span>${this.#problem.value}</span></p>`}
        <div class="toolbar">
          ${() => (running() ? this.#controls() : html`<button type="button" class="button primary" .disabled=${() => !sourceIds().length}
            @click=${() => this.start()}>${icon("camera")}<span>${t("cameraStart")}</span></button>`)}
          ${() => !running() && (capabilities.value?.cameras ?? []).length > 0 && this.#choice()}
          <label class="switch inline"><span>${t("mirror")}</span><input type="checkbox" role="switch"
            .checked=${() => this.#mirrored.value} @change=${(/** @type {any} */ event) => this.#mirror(event.target.checked)}></label>
        </div>
      </section>
      ${captureList()}`;
  }

  #controls() {
    const waiting = () => this.#state.value !== "live";
    const recording = () => this.#recorded.value >= 0;
    return html`
      <button type="button" class="button quiet" @click=${() => this.stop()}>${icon("close")}<span>${t("cameraStop")}</span></button>
      <button type="button" class="button quiet record" aria-pressed=${() => `${recording()}`} .disabled=${() => waiting() || this.#saving.value}
        @click=${() => this.#record(!recording())}><span class="dot"></span><span>${() => (this.#saving.value ? t("recordSaving")
          : recording() ? t("recordStop", { time: clock(this.#recorded.value) }) : t("record"))}</span></button>
      <button type="button" class="button quiet" .disabled=${waiting} @click=${() => this.#change({ still: true })}>
        ${icon("camera")}<span>${t("still")}</span></button>`;
  }

  /** @param {boolean} on */
  #record(on) {
    this.#change({ record: on });
    clearInterval(this.#timer);
    this.#saving.value = !on && this.#recorded.peek() >= 0;
    this.#recorded.value = on ? 0 : -1;
    if (on) this.#timer = setInterval(() => this.#recorded.value++, 1000);
  }

  /** @param {boolean} on */
  #mirror(on) {
    this.#mirrored.value = on;
    if (this.#camera.peek()) this.#change({ mirror: on });
  }

  /** Use another face while it runs. @param {string[]} sources */
  #use(sources) {
    if (!sources.length || sources.join() === this.#used) return;
    this.#used = sources.join();
    this.#change({ sources });
  }

  /** Change the running swap. @param {{record?: boolean, still?: boolean, mirror?: boolean, sources?: string[]}} change */
  async #change(change) {
    if (!this.#ready) return;
    try {
      await patch(`/live/${this.#id}`, change);
    } catch (error) {
      if (this.#ready) this.#problem.value = explained(error).detail; // it may have ended meanwhile
    }
  }

  /** @param {string} name */
  #choose(name) {
    this.#camera.value = name;
    this.#mirrored.value = !name; // one's own face as in a mirror, a door as it is
  }

  #choice() {
    const choices = ["", ...capabilities.value.cameras];
    return html`<label class="field"><span>${t("cameraChoice")}</span>
      <select @change=${(/** @type {any} */ event) => this.#choose(choices[event.target.selectedIndex])}>
        ${choices.map((name) => html`<option .selected=${name === this.#camera.peek()}>${name || t("cameraOwn")}</option>`)}
      </select></label>`;
  }

  disconnectedCallback() {
    this.stop();
    super.disconnectedCallback();
  }

  async start() {
    this.#problem.value = "";
    if (!this.#camera.peek() && !(await this.#openOwn())) return;
    this.querySelector(".viewer")?.setAttribute("data-on", "");
    this.#connect();
  }

  /** Open this device's camera; return whether there is one. */
  async #openOwn() {
    if (!navigator.mediaDevices) {
      this.#problem.value = t("cameraInsecure");
      return false;
    }
    this.#state.value = "loading";
    try {
      const video = { width: { ideal: WIDTH }, height: { ideal: 480 }, facingMode: "user" };
      this.#stream = await navigator.mediaDevices.getUserMedia({ video });
    } catch (error) {
      this.#state.value = "off";
      this.#problem.value = t("cameraDenied", { reason: `${/** @type {Error} */ (error).message}` });
      return false;
    }
    Object.assign(this.#video, { srcObject: this.#stream, muted: true, playsInline: true });
    await this.#video.play();
    const scale = Math.min(1, WIDTH / this.#video.videoWidth);
    this.#small.width = Math.round(this.#video.videoWidth * scale);
    this.#small.height = Math.round(this.#video.videoHeight * scale);
    return true;
  }

  stop() {
    this.#disconnect();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#figures.value = "";
    this.#state.value = "off";
    this.querySelector(".viewer")?.removeAttribute("data-on");
  }

  /** End the connection; the server completes a recording. */
  #disconnect() {
    const socket = this.#socket;
    if (this.#recorded.peek() >= 0) COMPLETE_MS.forEach((wait) => setTimeout(refreshCaptures, wait));
    clearInterval(this.#timer);
    this.#recorded.value = -1;
    this.#saving.value = false;
    this.#socket = null;
    this.#ready = false;
    socket?.close();
  }

  #connect() {
    this.#disconnect();
    const sources = sourceIds();
    if (!sources.length) return this.stop();
    this.#used = sources.join();
    this.#state.value = "loading";
    const socket = (this.#socket = openLive());
    [this.#sent, this.#came] = [[], []];
    const chosen = Object.fromEntries(Object.entries(options.peek()).filter(([name]) => LIVE.includes(name)));
    socket.onopen = () => socket.send(JSON.stringify({ sources, options: chosen, camera: this.#camera.peek() || null }));
    socket.onmessage = ({ data }) => this.#socket === socket && this.#receive(data);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      if (!this.#problem.value) this.#problem.value = t("cameraEnded");
      this.stop();
    };
  }

  /** @param {string | Blob} data */
  #receive(data) {
    if (typeof data !== "string") {
      this.#latency = performance.now() - (this.#sent.shift() ?? performance.now());
      this.#show(data);
    } else {
      const message = JSON.parse(data);
      if (message.ready) {
        this.#id = message.id;
        this.#ready = true;
        this.#state.value = "live";
        this.#mirror(this.#mirrored.peek());
      } else if (message.saved) this.#saved(message.saved);
      else if (message.dropped) this.#sent.shift();
      else if (message.detail) this.#problem.value = [message.detail, message.hint].filter(Boolean).join(": ");
    }
    this.#send();
  }

  /** @param {string} name */
  #saved(name) {
    refreshCaptures();
    if (!name.endsWith(".mp4")) return;
    this.#saving.value = false;
    if (this.#recorded.peek() >= 0) this.#record(false); // the server ends long ones
  }

  #send() {
    if (this.#camera.peek() || !this.#ready || !this.#socket || this.#sent.length >= IN_FLIGHT) return;
    const socket = this.#socket;
    const { width, height } = this.#small;
    const context = /** @type {CanvasRenderingContext2D} */ (this.#small.getContext("2d"));
    context.setTransform(this.#mirrored.value ? -1 : 1, 0, 0, 1, this.#mirrored.value ? width : 0, 0);
    context.drawImage(this.#video, 0, 0, width, height);
    this.#sent.push(performance.now());
    this.#small.toBlob((picture) => picture && socket.readyState === WebSocket.OPEN && socket.send(picture), "image/jpeg", 0.85);
    this.#video.requestVideoFrameCallback(() => this.#send());
  }

  /** @param {Blob} picture */
  async #show(picture) {
    const bitmap = await createImageBitmap(picture);
    const screen = /** @type {HTMLCanvasElement | null} */ (this.querySelector(".screen"));
    if (!screen) return;
    if (screen.width !== bitmap.width) [screen.width, screen.height] = [bitmap.width, bitmap.height];
    screen.getContext("2d")?.drawImage(bitmap, 0, 0);
    screen.dataset.frames = `${Number(screen.dataset.frames ?? 0) + 1}`;
    const now = performance.now();
    this.#came = [...this.#came.filter((moment) => now - moment < 2000), now];
    const rate = Math.round(this.#came.length / 2);
    const latency = this.#camera.peek() ? "" : ` · ${t("liveLatency", { count: Math.round(this.#latency) })}`;
    this.#figures.value = t("liveFps", { count: rate }) + latency;
  }
}

customElements.define("roop-camera", CameraPanel);
