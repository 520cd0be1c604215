/** A few seconds of the preview, to play: made on request, dropped with the next change. */

import { explained } from "./actions.js";
import { postForFile, Problem } from "./api.js";
import { problem, VIEWER } from "./preview.js";
import { effect, signal, untracked } from "./reactive.js";
import { draft, time } from "./state.js";

const SECONDS = 3;

/** @type {import("./reactive.js").Signal<"none" | "making" | "ready">} */
export const clipState = signal("none");

/** @type {import("./reactive.js").Signal<string>} */
export const clipAddress = signal("");

let asking = new AbortController();

/** Drop the clip whenever something else is chosen. */
export function followClip() {
  let before = "";
  effect(() => {
    const chosen = JSON.stringify([draft(), time.value]);
    if (chosen !== before) untracked(closeClip); // that somebody is found need not change it
    before = chosen;
  });
}

export function closeClip() {
  asking.abort();
  clipState.value = "none";
  if (clipAddress.peek()) URL.revokeObjectURL(clipAddress.peek());
  clipAddress.value = "";
}

/** Ask for the seconds from the present moment on. */
export async function playClip() {
  const wanted = draft();
  if (!wanted || clipState.peek() !== "none") return;
  const { signal: stopped } = (asking = new AbortController());
  clipState.value = "making";
  try {
    const request = { draft: wanted, start_s: time.peek(), seconds: SECONDS, viewer: VIEWER };
    const made = await postForFile("/previews/clips", request, stopped);
    if (stopped.aborted) return;
    clipAddress.value = URL.createObjectURL(made);
    clipState.value = "ready";
  } catch (error) {
    if (stopped.aborted) return;
    clipState.value = "none";
    if (!(error instanceof Problem && error.code === "conflict")) problem.value = explained(error);
  }
}
