/** What happens when files are dropped, people are found, and the page is opened again. */

import { get, problemOf, upload } from "./api.js";
import { problem, shown } from "./preview.js";
import { effect, untracked } from "./reactive.js";
import { refreshSaved } from "./saved-faces.js";
import * as state from "./state.js";
import { t } from "./texts.js";

/** @typedef {import("./state.js").Photo} Photo */

const POLL_MS = 400;
const PATIENCE_MS = 4000;

/** Return any error in the page's words. @param {unknown} error */
export function explained(error) {
  const { detail, hint } = problemOf(error, t("offline"));
  return { detail, hint };
}

/** Upload photos and find their faces. @param {Iterable<File>} files */
export async function addPhotos(files) {
  await Promise.all([...files].map((file) => addPhoto(file, update)));
}

/** @param {Photo} photo */
function update(photo) {
  const known = state.photos.peek();
  const there = known.some((each) => each.key === photo.key);
  if (!there && photo.share > 0) return; // removed meanwhile
  state.photos.value = there
    ? known.map((each) => (each.key === photo.key ? photo : each))
    : [...known.filter((each) => each.state !== "wrong"), photo];
}

/**
 * Upload one photo and find its face.
 *
 * @param {File} file @param {(photo: Photo) => void} onChange @returns {Promise<Photo>}
 */
export async function addPhoto(file, onChange) {
  /** @type {Photo} */
  let photo = {
    key: crypto.getRandomValues(new Uint32Array(2)).join("-"),
    id: "",
    name: file.name,
    share: 0,
    width: 0,
    height: 0,
    state: "uploading",
    note: "",
    hint: "",
    faces: [],
  };
  const set = (/** @type {Partial<Photo>} */ changes) => onChange((photo = { ...photo, ...changes }));
  set({});
  try {
    const media = await upload(file, (share) => set({ share }));
    if (media.kind === "video") {
      set({ state: "wrong", share: 1, note: t("notAPhoto", { name: file.name }) });
      return photo;
    }
    set({ state: "checking", share: 1, id: media.id, width: media.width, height: media.height });
    const found = await get(`/media/${media.id}/frames/0/faces`);
    const faces = found.faces.filter((/** @type {{behind: boolean}} */ face) => !face.behind);
    set({ faces, ...judged(faces, file.name) });
  } catch (error) {
    const { detail, hint } = explained(error);
    set({ state: "wrong", share: 1, note: detail, hint });
  }
  return photo;
}

/** @param {Photo["faces"]} faces @param {string} name @returns {Partial<Photo>} */
function judged(faces, name) {
  if (!faces.length) return { state: "wrong", note: t("noFace", { name }) };
  if (faces.length > 1) return { state: "several", note: t("severalFaces", { count: faces.length }) };
  const warnings = (faces[0].warnings ?? []).map((text) => text[0].toUpperCase() + text.slice(1));
  return { state: "ready", note: t("faceFound"), warnings };
}

/** Use one face of a photo of several: cut it out, and take that as the photo. @param {Photo} photo @param {number} index */
export async function chooseFace(photo, index) {
  const picture = await fetch(pictureOf(photo.id, 1920));
  const bitmap = await createImageBitmap(await picture.blob());
  const scale = bitmap.width / photo.width;
  const [x0, y0, x1, y1] = photo.faces[index].box.map((each) => each * scale);
  const others = photo.faces.filter((_, other) => other !== index).map((each) => each.box.map((v) => v * scale));
  const margin = roomAround([x0, y0, x1, y1], others);
  const left = Math.max(0, x0 - margin);
  const top = Math.max(0, y0 - margin);
  const width = Math.min(bitmap.width, x1 + margin) - left;
  const height = Math.min(bitmap.height, y1 + margin) - top;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
  const cut = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
  state.photos.value = state.photos.peek().filter((each) => each.key !== photo.key);
  await addPhotos([new File([cut], photo.name.replace(/\.\w+$/, "") + ".jpg")]);
}

/** Return how much can be kept around a face without another one. @param {number[]} box @param {number[][]} others */
function roomAround([x0, y0, x1, y1], others) {
  const room = others.map((o) => Math.max(o[0] - x1, x0 - o[2], o[1] - y1, y0 - o[3], 0));
  return Math.min(0.6 * (y1 - y0), ...room.map((each) => Math.max(each, 0.1 * (y1 - y0))));
}

/** Return the address of a photo's picture, screened. @param {string} id @param {number} [side] */
export const pictureOf = (id, side = 480) => `/api/v1/media/${id}/frames/0?side=${side}`;

/** @param {string} key */
export function removePhoto(key) {
  state.photos.value = state.photos.peek().filter((each) => each.key !== key);
}

/** Upload the target. @param {File} file */
export async function addTarget(file) {
  state.targetProblem.value = null;
  state.sending.value = { name: file.name, share: 0 };
  try {
    const media = await upload(file, (share) => (state.sending.value = { name: file.name, share }));
    state.chooseTarget(media);
    state.people.value = { state: "searching", people: [], error: null }; // nobody can be known yet
  } catch (error) {
    state.targetProblem.value = explained(error);
  }
  state.sending.value = null;
}

/** Give a person of the target a face of their own. @param {number} index @param {File} file */
export async function addFaceOf(index, file) {
  const photo = await addPhoto(file, () => {});
  if (photo.state === "ready") state.giveFace(index, photo.id);
  else state.notice.value = { detail: photo.note, hint: photo.hint };
}

/** Look for the people of every target that is chosen. */
export function findPeople() {
  effect(() => {
    const media = state.target.value;
    if (media) untracked(() => search(media.id));
  });
}

/** Let the preview of a file that was just dropped come first: both take all cores. @param {string} id */
async function previewFirst(id) {
  const waits = () => state.target.peek()?.id === id && state.draft() && shown.peek()?.target !== id && !problem.peek();
  for (const end = performance.now() + PATIENCE_MS; waits() && performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @param {string} id */
async function search(id) {
  if (state.people.peek().state === "searching") await previewFirst(id);
  while (state.target.peek()?.id === id) {
    try {
      const found = await get(`/media/${id}/people`);
      if (state.target.peek()?.id !== id) return;
      const before = state.people.peek();
      if (found.state !== before.state || found.people.length !== before.people.length) state.people.value = found;
      if (found.state !== "searching") return;
    } catch (error) {
      state.people.value = { state: "failed", people: [], error: explained(error) };
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Take up what was chosen at the last visit, as far as the server still has it. */
export async function restore() {
  const kept = state.kept() ?? {};
  const [{ items }, saved] = await Promise.all([get("/media?limit=500"), refreshSaved()]);
  const there = new Map([...items, ...saved].map((/** @type {any} */ item) => [item.id, item]));
  state.photos.value = (kept.photos ?? []).filter((/** @type {Photo} */ each) => there.has(each.id));
  state.options.value = kept.options ?? {};
  const media = there.get(kept.target);
  if (media) {
    state.chooseTarget(media);
    const faces = Object.entries(kept.choice?.faces ?? {}).filter(([, id]) => there.has(id));
    state.choice.value = { mode: "auto", picked: [], ...kept.choice, faces: Object.fromEntries(faces) };
    state.time.value = kept.time ?? 0;
  } else if (kept.target) state.targetProblem.value = { detail: t("targetExpired"), hint: "" };
}
