/** `<roop-options>`: the usual options, and all others from the server's schema under "more". */

import { Component } from "./component.js";
import { html, signal } from "./reactive.js";
import { capabilities, options, setOption, target } from "./state.js";
import { t } from "./texts.js";

/** Options with a place of their own, and those that say who is replaced. */
const ELSEWHERE = ["processor", "many_faces", "reference_face_position", "reference_frame_number", "source_face_position",
  "skip_audio", "fps", "label"];

class OptionsPanel extends Component {
  render() {
    const open = signal(false);
    return html`
      <section class="panel options" aria-labelledby="options-title">
        <h2 id="options-title">${t("options")}</h2>
        ${quality()}
        ${() => target.value?.kind === "video" && html`
          ${toggle(t("sound"), () => !options.value.skip_audio, (on) => setOption("skip_audio", on ? undefined : true))}
          ${numberField({ name: "fps", label: t("fps"), empty: t("fpsSame"), minimum: 1, maximum: 240 })}`}
        ${toggle(t("label"), () => Boolean(options.value.label), (on) => setOption("label", on || undefined))}
        <details @toggle=${(/** @type {any} */ event) => (open.value = event.target.open)}>
          <summary>${t("more")}</summary>
          ${() => open.value && capabilities.value && more()}
        </details>
      </section>`;
  }
}

function quality() {
  const enhanced = () => Boolean(options.value.processor?.includes("enhance"));
  const choose = (/** @type {boolean} */ on) => setOption("processor", on ? ["enhance"] : undefined);
  const choice = (/** @type {boolean} */ on, /** @type {string} */ text) => html`
    <button type="button" aria-pressed=${() => `${enhanced() === on}`} @click=${() => choose(on)}>${text}</button>`;
  return html`<div class="field"><span id="quality">${t("quality")}</span>
    <div class="segmented" role="group" aria-labelledby="quality">
      ${choice(false, t("qualityBasic"))}${choice(true, t("qualityEnhanced"))}</div></div>`;
}

/** @param {string} text @param {() => boolean} checked @param {(on: boolean) => void} set @param {string} [help] */
function toggle(text, checked, set, help) {
  return html`<label class="field switch"><span>${text}${help && html`<small>${help}</small>`}</span>
    <input type="checkbox" role="switch" .checked=${checked}
      @change=${(/** @type {any} */ event) => set(event.target.checked)}></label>`;
}

/** @param {{name: string, label: string, help?: string, empty: string, minimum?: number, maximum?: number}} what */
function numberField({ name, label, help, empty, minimum, maximum }) {
  const set = (/** @type {any} */ event) => {
    const { value, valueAsNumber, validity } = event.target;
    if (validity.valid) setOption(name, value === "" ? undefined : valueAsNumber);
  };
  return html`<label class="field"><span>${label}${help && html`<small>${help}</small>`}</span>
    <input type="number" step="any" min=${minimum} max=${maximum} placeholder=${empty}
      .value=${() => options.value[name] ?? ""} @change=${set}></label>`;
}

/** Show every other option that the chosen engine and processors take. */
function more() {
  const { options: schema, processors } = capabilities.value;
  const engine = options.value.engine ?? schema.properties.engine.default;
  const active = [engine, ...(options.value.processor ?? [])];
  const taken = new Set(processors.filter((/** @type {any} */ each) => active.includes(each.name))
    .flatMap((/** @type {any} */ each) => each.options));
  const owned = new Set(processors.flatMap((/** @type {any} */ each) => each.options));
  const names = Object.keys(schema.properties).filter((name) =>
    !ELSEWHERE.includes(name) && (!owned.has(name) || taken.has(name)));
  return html`${names.map((name) => field(name, schema.properties[name]))}
    <button type="button" class="button quiet" @click=${() => (options.value = {})}>${t("reset")}</button>`;
}

/** @param {string} name @param {any} schema */
function field(name, schema) {
  const kind = schema.anyOf?.find((/** @type {any} */ each) => each.type !== "null") ?? schema;
  const words = (schema.title ?? name).replaceAll("_", " ").toLowerCase();
  const label = words[0].toUpperCase() + words.slice(1);
  const help = schema.description;
  const value = () => options.value[name] ?? schema.default;
  if (kind.type === "boolean") return toggle(label, value, (on) => setOption(name, on), help);
  if (kind.enum) return selectField({ name, label, help, choices: kind.enum, initial: schema.default });
  if (kind.type === "number" || kind.type === "integer") {
    const { minimum, maximum } = kind;
    return numberField({ name, label, help, empty: `${schema.default ?? ""}`, minimum, maximum });
  }
  if (kind.items?.enum) return severalField({ name, label, help, choices: kind.items.enum, value });
  if (kind.type === "string") return textField({ name, label, help, empty: schema.default ?? "" });
  return null;
}

/** @param {{name: string, label: string, help: string, choices: any[], initial: any}} what */
function selectField({ name, label, help, choices, initial }) {
  const current = options.value[name] ?? initial;
  const set = (/** @type {any} */ event) => {
    const picked = choices[event.target.selectedIndex];
    setOption(name, picked === initial ? undefined : picked);
  };
  const missing = (/** @type {any} */ choice) =>
    capabilities.value.processors.some((/** @type {any} */ each) => each.name === choice && !each.available);
  return html`<label class="field"><span>${label}<small>${help}</small></span><select @change=${set}>
    ${choices.map((choice) => html`<option .selected=${choice === current}>${
      missing(choice) ? `${choice} (${t("missing")})` : choice}</option>`)}</select></label>`;
}

/** @param {{name: string, label: string, help: string, choices: string[], value: () => string[]}} what */
function severalField({ name, label, help, choices, value }) {
  const set = (/** @type {string} */ choice) => (/** @type {any} */ event) => {
    const others = value().filter((each) => each !== choice);
    const next = event.target.checked ? [...others, choice] : others;
    setOption(name, next.length ? next : undefined);
  };
  return html`<fieldset class="field"><legend>${label}<small>${help}</small></legend>
    ${choices.map((choice) => html`<label class="check"><input type="checkbox"
      .checked=${() => value().includes(choice)} @change=${set(choice)}>${choice}</label>`)}</fieldset>`;
}

/** @param {{name: string, label: string, help: string, empty: string}} what */
function textField({ name, label, help, empty }) {
  return html`<label class="field"><span>${label}<small>${help}</small></span>
    <input type="text" placeholder=${empty} .value=${() => options.value[name] ?? ""}
      @change=${(/** @type {any} */ event) => setOption(name, event.target.value || undefined)}></label>`;
}

customElements.define("roop-options", OptionsPanel);
