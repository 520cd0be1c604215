/** Everything that is shared: kept as the server has it. */

import { explained } from "./actions.js";
import { get, post, remove } from "./api.js";
import { signal } from "./reactive.js";
import { notice } from "./state.js";

/** @typedef {{name: string, job: string, title: string, address: string | null, expires: string | null, qr: string}} Share */

const MOST = 100;

/** @type {import("./reactive.js").Signal<Share[]>} the newest first */
export const shares = signal([]);

export async function refreshShares() {
  try {
    shares.value = (await get(`/shares?limit=${MOST}`)).items;
  } catch (error) {
    notice.value = explained(error);
  }
}

/** Share a result; return whether it is shared now. @param {string} job */
export async function share(job) {
  try {
    const made = await post(`/jobs/${job}/shares`);
    shares.value = [made, ...shares.peek().filter(({ name }) => name !== made.name)];
    return true;
  } catch (error) {
    notice.value = explained(error);
    return false;
  }
}

/** Delete what was shared. @param {Share} ended */
export async function unshare(ended) {
  try {
    await remove(`/shares/${ended.name}`);
    shares.value = shares.peek().filter(({ name }) => name !== ended.name);
  } catch (error) {
    notice.value = explained(error);
  }
}
