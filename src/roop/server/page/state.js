/** What is chosen and what is known, as signals; the choice outlives a reload. */

import { effect, signal } from "./reactive.js";

/**
 * @typedef {{id: string, name: string, kind: string, width: number, height: number,
 *   frames: number | null, fps: number | null, duration_s: number | null, content: string}} Media
 * @typedef {{key: string, id: string, name: string, share: number, width: number, height: number,
 *   state: "uploading" | "checking" | "ready" | "several" | "wrong", note: string, hint: string,
 *   warnings?: string[], picture?: string, faces: {box: number[], position: number, warnings?: string[]}[]}} Photo
 * @typedef {{frame: number, position: number, frames: number, size: number, picture: string}} Person
 * @typedef {{mode: "auto" | "all" | "some", picked: number[], faces: Record<number, string>}} Choice
 */

const KEPT = "roop.draft";

/** @type {Choice} */
const UNCHOSEN = { mode: "auto", picked: [], faces: {} };

/** @type {import("./reactive.js").Signal<Photo[]>} */
export const photos = signal([]);

/** @type {import("./reactive.js").Signal<Media | null>} */
export const target = signal(null);

/** @type {import("./reactive.js").Signal<{name: string, share: number} | null>} */
export const sending = signal(null);

/** @type {import("./reactive.js").Signal<{detail: string, hint: string} | null>} */
export const targetProblem = signal(null);

/** @type {import("./reactive.js").Signal<{state: string, people: Person[], error: any}>} */
export const people = signal({ state: "none", people: [], error: null });

export const choice = signal(UNCHOSEN);

/** @type {import("./reactive.js").Signal<Record<string, any>>} */
export const options = signal({});

/** Seconds from the beginning of the target. */
export const time = signal(0);

/** @type {import("./reactive.js").Signal<"file" | "camera">} */
export const mode = signal(location.hash === "#camera" ? "camera" : "file");

/** @type {import("./reactive.js").Signal<any>} */
export const capabilities = signal(null);

export const connected = signal(true);

/** @type {import("./reactive.js").Signal<{detail: string, hint: string} | null>} */
export const notice = signal(null);

/** Choose another target: what was chosen for the one before says nothing about it. @param {Media | null} media */
export function chooseTarget(media) {
  people.value = { state: "none", people: [], error: null };
  choice.value = UNCHOSEN;
  time.value = 0;
  targetProblem.value = null;
  target.value = media;
}

/** Return the ids of the photos that show a face. */
export const sourceIds = () => photos.value.filter((each) => each.state === "ready").map((each) => each.id);

/** Return the people that are replaced, as indices. */
export function pickedPeople() {
  const known = people.value.people;
  const { mode: kind, picked } = choice.value;
  if (kind === "all") return known.map((_, index) => index);
  if (kind === "some") return picked.filter((index) => index < known.length);
  if (!known.length) return [];
  const weight = (/** @type {Person} */ each) => each.size * Math.sqrt(each.frames);
  const best = known.reduce((top, each, index) => (weight(each) > weight(known[top]) ? index : top), 0);
  return [best];
}

/** Return the draft as the API takes it, None as long as something is missing. */
export function draft() {
  const sources = sourceIds();
  const media = target.value;
  if (!media) return null;
  const { mode: kind, faces } = choice.value;
  const known = people.value.people;
  const picked = pickedPeople();
  const assigned = kind === "all" ? picked.filter((index) => faces[index]) : picked;
  const alone = known.length < 2 && !assigned.some((index) => faces[index]);
  const assignments = (alone ? [] : assigned).map((index) => ({
    sources: faces[index] ? [faces[index]] : sources,
    frame: known[index].frame,
    position: known[index].position,
  }));
  const complete = assignments.every((each) => each.sources.length);
  if (!complete || !(sources.length || (assignments.length && kind !== "all"))) return null;
  const chosen = kind === "all" ? { ...options.value, many_faces: true } : options.value;
  return { target: media.id, sources, assignments, options: chosen };
}

/** Change who is replaced. @param {number} index @param {boolean} several keep the others */
export function pick(index, several) {
  const before = pickedPeople();
  const without = before.filter((each) => each !== index);
  const picked = !several ? [index] : without.length < before.length ? without : [...before, index];
  if (picked.length) choice.value = { ...choice.value, mode: "some", picked };
}

/** Whether a click adds to the choice: with a key, or when somebody has a face of their own. @param {MouseEvent} event */
export const several = (event) =>
  event.ctrlKey || event.metaKey || event.shiftKey || Object.keys(choice.peek().faces).length > 0;

/** Give a person a face of their own. @param {number} index @param {string | null} id of a photo */
export function giveFace(index, id) {
  const faces = { ...choice.value.faces };
  if (id) faces[index] = id;
  else delete faces[index];
  const picked = [...new Set([...pickedPeople(), index])];
  choice.value = { mode: choice.value.mode === "all" ? "all" : "some", picked, faces };
}

/** Set an option; undefined takes it back to its default. @param {string} name @param {any} value */
export function setOption(name, value) {
  const { [name]: _, ...others } = options.peek();
  options.value = value === undefined ? others : { ...others, [name]: value };
}

/** Return what was kept of the last visit. */
export function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** Keep every choice from now on. */
export function keep() {
  effect(() => {
    const values = {
      photos: photos.value.filter((each) => each.state === "ready"),
      target: target.value?.id ?? null,
      choice: choice.value,
      options: options.value,
      time: time.value,
    };
    try {
      localStorage.setItem(KEPT, JSON.stringify(values));
    } catch {
      // a browser that keeps nothing
    }
  });
}
