/** The faces of the frame that is shown: each can be clicked, or get a photo. */

import { addFaceOf } from "./actions.js";
import { get } from "./api.js";
import { takeDrops } from "./drops.js";
import { frameAt, shown } from "./preview.js";
import { effect, html, signal, untracked } from "./reactive.js";
import { people, pick, pickedPeople, several, target, time } from "./state.js";
import { t } from "./texts.js";

/** @typedef {{key: string, width: number, height: number, faces: {box: number[], person: number | null}[]}} Found */

const PAUSE_MS = 120;

/** @type {import("./reactive.js").Signal<Found | null>} */
const found = signal(null);

let timer = 0;

/** Keep what is known of the faces that of the frame shown, and of the people found so far. */
export function followFaces() {
  effect(() => {
    const media = target.value;
    const count = people.value.people.length;
    const moment = shown.value?.target === media?.id ? shown.value?.time_s : undefined;
    const number = media && frameAt(media, moment ?? time.value);
    untracked(() => look(media && count ? `${media.id}/frames/${number}` : "", count));
  });
}

/** @param {string} place @param {number} count */
function look(place, count) {
  const key = `${place} ${count}`;
  if (found.peek()?.key === key) return;
  clearTimeout(timer);
  if (!found.peek()?.key.startsWith(`${place} `)) found.value = null;
  if (place) timer = setTimeout(() => ask(place, key), PAUSE_MS);
}

/** @param {string} place @param {string} key */
async function ask(place, key) {
  const mine = timer;
  try {
    const faces = await get(`/media/${place}/faces`);
    if (mine === timer) found.value = { key, ...faces };
  } catch {
    // the preview says what is wrong with the frame
  }
}

/** Return a button for each face of somebody known. */
export function spots() {
  if (!found.value) return null;
  const { width, height, faces } = found.value;
  return faces.filter(({ person }) => person !== null && person < people.value.people.length)
    .map(({ box, person }) => spot(box.map((v, i) => `${(100 * v) / (i % 2 ? height : width)}%`), Number(person)));
}

/** @param {string[]} box @param {number} person */
function spot([left, top, right, bottom], person) {
  const number = person + 1;
  const button = html`<button type="button" class="spot" aria-label=${t("spot", { number })}
    aria-pressed=${() => `${pickedPeople().includes(person)}`} --left=${left} --top=${top} --right=${right} --bottom=${bottom}
    @click=${(/** @type {MouseEvent} */ event) => pick(person, several(event))}><span>${number}</span></button>`;
  takeDrops(/** @type {HTMLElement} */ (button.firstElementChild), (files) => addFaceOf(person, files[0]));
  return button;
}
