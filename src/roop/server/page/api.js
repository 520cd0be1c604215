/** The server's API: requests, resumable uploads, and news of jobs. */

const ROOT = "/api/v1";
const TUS = { "Tus-Resumable": "1.0.0" };
const PART = 8 * 2 ** 20;
const TRIES = 6;

/** An answer that says what is wrong. */
export class Problem extends Error {
  /** @param {{code: string, detail: string, hint?: string, status: number}} body */
  constructor({ code, detail, hint, status }) {
    super(detail);
    this.detail = detail;
    this.code = code;
    this.hint = hint ?? "";
    this.status = status;
  }
}

/** Return any error as a problem. @param {unknown} error @param {string} offline what to say if nobody answers */
export function problemOf(error, offline) {
  if (error instanceof Problem) return error;
  if (!(error instanceof TypeError)) console.error(error);
  return new Problem({ code: "offline", detail: offline, status: 0 });
}

/** @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
 * @param {AbortSignal} [signal] */
async function answered(method, path, body, headers = {}, signal = undefined) {
  /** @type {Record<string, string>} */ const json = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(ROOT + path, {
    method,
    signal,
    headers: { ...json, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Problem(await described(answer));
  return answer;
}

/** @param {Parameters<typeof answered>} asked */
async function request(...asked) {
  const answer = await answered(...asked);
  return answer.status === 204 ? null : answer.json();
}

/** @param {Response} answer */
async function described(answer) {
  try {
    return await answer.json();
  } catch {
    return { code: "internal", detail: `${answer.status} ${answer.statusText}`, status: answer.status };
  }
}

/** @param {string} path */
export const get = (path) => request("GET", path);
/** @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] @param {AbortSignal} [signal] */
export const post = (path, body, headers, signal) => request("POST", path, body, headers, signal);
/** @param {string} path @param {unknown} body @param {AbortSignal} signal */
export const postForFile = async (path, body, signal) => (await answered("POST", path, body, {}, signal)).blob();
/** @param {string} path @param {unknown} body */
export const patch = (path, body) => request("PATCH", path, body);
/** @param {string} path */
export const remove = (path) => request("DELETE", path);

/**
 * Send a file; a cut connection is resumed where it broke.
 *
 * @param {File} file
 * @param {(share: number) => void} onProgress receives 0..1
 * @returns {Promise<any>} the medium that it became
 */
export async function upload(file, onProgress) {
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
  const created = await fetch(`${ROOT}/uploads`, {
    method: "POST",
    headers: { ...TUS, "Upload-Length": `${file.size}`, "Upload-Metadata": `filename ${name}` },
  });
  if (!created.ok) throw new Problem(await described(created));
  const address = created.headers.get("Location") ?? "";
  for (let offset = 0, failures = 0; offset < file.size; ) {
    try {
      const sent = (/** @type {number} */ bytes) => onProgress((offset + bytes) / file.size);
      offset = await append(address, file.slice(offset, offset + PART), offset, sent);
      failures = 0;
    } catch (error) {
      if (error instanceof Problem && error.status !== 409) throw error;
      if (++failures === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** failures));
      offset = await arrived(address).catch(() => offset);
    }
  }
  return get(`/media/${address.split("/").at(-1)}`);
}

/** @param {string} address */
async function arrived(address) {
  const answer = await fetch(address, { method: "HEAD", headers: TUS });
  return Number(answer.headers.get("Upload-Offset"));
}

/**
 * Send one part; `fetch` does not tell how far it is.
 *
 * @param {string} address @param {Blob} part @param {number} offset @param {(bytes: number) => void} onProgress
 * @returns {Promise<number>} the new offset
 */
function append(address, part, offset, onProgress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("PATCH", address);
    const headers = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": `${offset}` };
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.upload.onprogress = (event) => onProgress(event.loaded);
    sending.onerror = () => reject(new TypeError("the connection was cut"));
    sending.onload = () => {
      if (sending.status === 204) return resolve(Number(sending.getResponseHeader("Upload-Offset")));
      try {
        reject(new Problem(JSON.parse(sending.responseText)));
      } catch {
        reject(new TypeError(sending.statusText));
      }
    };
    sending.send(part);
  });
}

/**
 * Follow all jobs.
 *
 * @param {(job: any) => void} onJob @param {(id: string) => void} onRemoved @param {(open: boolean) => void} onOpen
 */
export function follow(onJob, onRemoved, onOpen) {
  const events = new EventSource(`${ROOT}/events`);
  events.addEventListener("job", (event) => onJob(JSON.parse(event.data)));
  events.addEventListener("removed", (event) => onRemoved(JSON.parse(event.data).id));
  events.onopen = () => onOpen(true);
  events.onerror = () => {
    onOpen(false);
    if (events.readyState === EventSource.CLOSED) setTimeout(() => follow(onJob, onRemoved, onOpen), 3000);
  };
}

/** Open the connection for the camera. */
export function openLive() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}${ROOT}/live`);
  socket.binaryType = "blob";
  return socket;
}
