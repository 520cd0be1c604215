/** Saved faces: chosen with a click instead of photos, saved from the photos, and deleted. */

import { explained } from "./actions.js";
import { get, post, remove } from "./api.js";
import { each } from "./component.js";
import { icon } from "./icons.js";
import { html, signal } from "./reactive.js";
import { photos, sourceIds } from "./state.js";
import { t } from "./texts.js";

/** @typedef {{id: string, name: string, picture: string}} Saved */

/** @type {import("./reactive.js").Signal<Saved[]>} */
const saved = signal([]);

/** @type {import("./reactive.js").Signal<string>} */
const problem = signal("");

const editing = signal(false);

const MOST = 500;

/** Return a saved face as a photo of the draft. @param {Saved} face @returns {import("./state.js").Photo} */
const photoOf = ({ id, name, picture }) => ({
  key: id, id, name, picture, share: 1, width: 0, height: 0, state: "ready", note: t("savedFace"), hint: "", faces: [],
});

export async function refreshSaved() {
  saved.value = (await get(`/identities?limit=${MOST}`)).items;
  return saved.peek();
}

/** Use a saved face, and no other; a second click takes it back. @param {Saved} face */
function use(face) {
  const used = photos.peek().some(({ id }) => id === face.id);
  photos.value = used ? photos.peek().filter(({ id }) => id !== face.id) : [photoOf(face)];
}

/** @param {Saved} face */
async function discard(face) {
  problem.value = "";
  try {
    await remove(`/identities/${face.id}`);
  } catch (error) {
    const { detail, hint } = explained(error);
    return void (problem.value = `${detail}: ${hint}`);
  }
  saved.value = saved.peek().filter(({ id }) => id !== face.id);
  photos.value = photos.peek().filter(({ id }) => id !== face.id);
  if (!saved.peek().length) editing.value = false;
}

/** Return the row of saved faces, and the way to save another one. */
export function savedFaces() {
  const fresh = () => photos.value.some(({ state, picture }) => state === "ready" && !picture);
  return html`
    <div class="saved" .hidden=${() => !saved.value.length}>
      <div class="row"><h3>${t("savedFaces")}</h3>
        <button type="button" class="link" aria-pressed=${() => `${editing.value}`} @click=${() => (editing.value = !editing.peek())}>${() =>
          t(editing.value ? "editDone" : "edit")}</button></div>
      <div class="saved-list">${each(() => saved.value, ({ id }) => id, savedFace)}</div>
    </div>
    ${() => fresh() && saveForm()}
    ${() => problem.value && html`<p class="note wrong" role="alert">${icon("warn")}<span>${problem.value}</span></p>`}`;
}

/** @param {import("./reactive.js").Signal<Saved>} face */
function savedFace(face) {
  const { id, name, picture } = face.peek();
  const used = () => photos.value.some((photo) => photo.id === id);
  return html`<button type="button" class="saved-face" aria-pressed=${() => `${used()}`}
    aria-label=${() => t(editing.value ? "deleteSaved" : "useSaved", { name })}
    @click=${() => (editing.peek() ? discard(face.peek()) : use(face.peek()))}>
    <span class="portrait"><img alt="" loading="lazy" src=${picture}>${() => editing.value && icon("trash")}</span>
    <span class="name">${name}</span></button>`;
}

function saveForm() {
  const open = signal(false);
  const busy = signal(false);
  const save = async (/** @type {any} */ event) => {
    event.preventDefault();
    const { name } = event.target.elements;
    if (busy.peek()) return;
    [busy.value, problem.value] = [true, ""];
    try {
      await post("/identities", { name: name.value, sources: sourceIds() });
      await refreshSaved();
      open.value = false;
    } catch (error) {
      const { detail, hint } = explained(error);
      problem.value = [detail, hint].filter(Boolean).join(": ");
    }
    busy.value = false;
  };
  const begin = (/** @type {any} */ event) => {
    const panel = event.target.closest("section");
    open.value = true;
    queueMicrotask(() => panel.querySelector("form input").focus());
  };
  return html`${() => (open.value ? html`
    <form class="save" @submit=${save} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && (open.value = false)}><input name="name" type="text" required maxlength="60" autocomplete="off"
        aria-label=${t("saveName")} placeholder=${t("saveName")}>
      <button class="button" .disabled=${() => busy.value}>${t("save")}</button></form>`
    : html`<button type="button" class="link" @click=${begin}>${icon("save")}<span>${t("saveFace")}</span></button>`)}`;
}
