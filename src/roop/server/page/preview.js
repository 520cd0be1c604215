/** The preview: asked for after every change, the newest only. */

import { explained } from "./actions.js";
import { Problem, post } from "./api.js";
import { effect, signal, untracked } from "./reactive.js";
import { draft, people, target, time } from "./state.js";

/** How long changes that follow each other, as of a slider that moves, wait for the next one. */
const PAUSE_MS = 150;
/** Who asks: a newer request replaces an older one. */
export const VIEWER = crypto.getRandomValues(new Uint32Array(3)).join("-");

/**
 * @typedef {{before: string, after: string, time_s: number, width: number, faces: number[][], visible_faces: number,
 *   warnings: string[], target: string}} Shown
 */

/** @type {import("./reactive.js").Signal<Shown | null>} */
export const shown = signal(null);

export const busy = signal(false);

/** @type {import("./reactive.js").Signal<{detail: string, hint: string} | null>} */
export const problem = signal(null);

let asked = "";
let timer = 0;
let changed = -Infinity; // when
let older = new AbortController();

/** Keep the preview what the draft says. */
export function followDraft() {
  effect(() => {
    const wanted = draft();
    const media = target.value;
    if (media && people.value.state === "none") return; // the search begins in a moment
    const request = wanted && { draft: wanted, time_s: time.value, viewer: VIEWER };
    const key = JSON.stringify(request);
    untracked(() => ask(key, request));
  });
}

/** @param {string} key @param {any} request */
function ask(key, request) {
  if (key === asked) return;
  asked = key;
  clearTimeout(timer);
  older.abort();
  problem.value = null;
  busy.value = Boolean(request);
  const pause = performance.now() - changed < PAUSE_MS ? PAUSE_MS : 0; // a single change need not wait
  changed = performance.now();
  if (request) timer = setTimeout(() => fetchPreview(key, request), pause);
  else shown.value = null;
}

/** @param {string} key @param {any} request */
async function fetchPreview(key, request) {
  try {
    const made = await post("/previews", request, {}, (older = new AbortController()).signal);
    await Promise.all([made.before, made.after].map(loaded));
    if (key === asked) shown.value = { ...made, target: request.draft.target };
  } catch (error) {
    if (key !== asked || (error instanceof Problem && error.code === "conflict")) return;
    shown.value = null;
    problem.value = explained(error);
  }
  if (key === asked) busy.value = false;
}

/** Wait for a picture, so that nothing flickers. @param {string} address */
async function loaded(address) {
  const image = new Image();
  image.src = address;
  await image.decode().catch(() => {});
}

/** Return the number of the frame that is shown at a time. @param {import("./state.js").Media} media @param {number} seconds */
export function frameAt(media, seconds) {
  const { frames, duration_s: duration } = media;
  if (!frames || !duration) return 0;
  return Math.min(frames - 1, Math.max(0, Math.round((seconds / duration) * frames)));
}
