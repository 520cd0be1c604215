/** The queue: the jobs as the server has them, and what can be asked of them. */

import { explained } from "./actions.js";
import { follow, get, post, remove } from "./api.js";
import { signal } from "./reactive.js";
import { connected, draft, notice } from "./state.js";

const SHOWN = 24;
const POLL_MS = 4000;

/** @type {import("./reactive.js").Signal<any[]>} the newest first */
export const jobs = signal([]);

/** @param {any} job */
function take(job) {
  const known = jobs.peek();
  const there = known.some(({ id }) => id === job.id);
  jobs.value = there ? known.map((each) => (each.id === job.id ? job : each)) : [job, ...known];
}

/** @param {string} id */
function forget(id) {
  jobs.value = jobs.peek().filter((job) => job.id !== id);
}

async function refresh() {
  jobs.value = (await get(`/jobs?limit=${SHOWN}`)).items;
}

/** @param {string} id of a job, or empty while it is submitted @returns {boolean} True if it waits or runs */
function goesOn(id) {
  return !id || jobs.peek().some((job) => job.id === id && ["waiting", "running"].includes(job.state));
}

/** Keep the list up to date: by events, and by asking while there are none. */
export function followJobs() {
  const ask = () => refresh().catch(() => {});
  ask();
  follow(take, forget, (open) => {
    if (open && !connected.peek()) ask();
    connected.value = open;
  });
  setInterval(() => connected.peek() || ask(), POLL_MS);
}

/** What was started last: its draft, its key, and its job once it is known. */
let last = { draft: "", key: "", id: "" };

/** Start a job of what is chosen. What waits or runs already is not started again: a double click starts once.
 * @returns {Promise<boolean>} whether there is such a job */
export async function start() {
  const chosen = draft();
  if (!chosen) return false;
  const written = JSON.stringify(chosen);
  if (written !== last.draft || !goesOn(last.id)) {
    last = { draft: written, key: crypto.getRandomValues(new Uint32Array(4)).join("-"), id: "" };
  }
  const started = last;
  try {
    const job = await post("/jobs", chosen, { "Idempotency-Key": started.key });
    started.id = job.id;
    take(job);
    return true;
  } catch (error) {
    notice.value = explained(error);
    return false;
  }
}

/** Ask something of a job. @param {string} id @param {"cancel" | "pause" | "resume" | "retry"} wish */
export async function ask(id, wish) {
  try {
    take(await post(`/jobs/${id}/${wish}`));
  } catch (error) {
    notice.value = explained(error);
  }
}

/** Delete a job and what it made. @param {string} id */
export async function discard(id) {
  try {
    await remove(`/jobs/${id}`);
    forget(id);
  } catch (error) {
    notice.value = explained(error);
  }
}
