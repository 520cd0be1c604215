/** `<roop-camera>`: the browser's camera, swapped by the server while it runs. */

import { openLive } from "./api.js";
import { Component } from "./component.js";
import { icon } from "./icons.js";
import { effect, html, signal, untracked } from "./reactive.js";
import { capabilities, options, sourceIds } from "./state.js";
import { t } from "./texts.js";

const IN_FLIGHT = 2;
const WIDTH = 640;
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
  #latency = 0;
  #ready = false;
  /** @type {Blob | null} */ #latest = null;
  #video = document.createElement("video");
  #small = document.createElement("canvas");

  render() {
    const running = () => this.#state.value !== "off";
    effect(() => {
      sourceIds().join();
      untracked(() => this.#socket && this.#connect()); // another face, while it runs
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
          ${() => running()
            ? html`<button type="button" class="button quiet" @click=${() => this.stop()}>${icon("close")}<span>${t("cameraStop")}</span></button>
                <button type="button" class="button quiet" .disabled=${() => this.#state.value !== "live"}
                  @click=${() => this.#save()}>${icon("camera")}<span>${t("still")}</span></button>`
            : html`<button type="button" class="button primary" .disabled=${() => !sourceIds().length}
                @click=${() => this.start()}>${icon("camera")}<span>${t("cameraStart")}</span></button>`}
          ${() => !running() && (capabilities.value?.cameras ?? []).length > 0 && this.#choice()}
          <label class="switch inline"><span>${t("mirror")}</span><input type="checkbox" role="switch"
            .checked=${() => this.#mirrored.value} @change=${(/** @type {any} */ event) => (this.#mirrored.value = event.target.checked)}></label>
        </div>
      </section>`;
  }

  #choice() {
    const choices = ["", ...capabilities.value.cameras];
    return html`<label class="field"><span>${t("cameraChoice")}</span>
      <select @change=${(/** @type {any} */ event) => (this.#camera.value = choices[event.target.selectedIndex])}>
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

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    this.#ready = false;
    socket?.close();
  }

  #connect() {
    this.#disconnect();
    if (!sourceIds().length) return this.stop();
    this.#state.value = "loading";
    const socket = (this.#socket = openLive());
    [this.#sent, this.#came] = [[], []];
    const chosen = Object.fromEntries(Object.entries(options.peek()).filter(([name]) => LIVE.includes(name)));
    socket.onopen = () => socket.send(JSON.stringify({ sources: sourceIds(), options: chosen, camera: this.#camera.peek() || null }));
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
        this.#ready = true;
        this.#state.value = "live";
      } else if (message.dropped) this.#sent.shift();
      else if (message.detail) this.#problem.value = [message.detail, message.hint].filter(Boolean).join(": ");
    }
    this.#send();
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
    this.#latest = picture;
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

  /** Save the newest frame as the server sent it: labelled, marked and signed. */
  #save() {
    if (!this.#latest) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(this.#latest);
    link.download = `roop-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

customElements.define("roop-camera", CameraPanel);
