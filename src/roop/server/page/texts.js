/** Every text of the page, in one table: a translation is another table with the same keys. */

const ENGLISH = {
  tagline: "One photo. Any face.",
  skip: "Skip to the swap",
  mode: "What to swap",
  modeFile: "Photo or video",
  modeCamera: "Camera",
  offline: "The server does not answer. Is `roop serve` still running?",
  reconnecting: "Reconnecting …",
  dismiss: "Dismiss",

  signIn: "Sign in",
  signInWhy: "This server asks for its token. Open the address that `roop serve` printed, or paste the token here.",
  token: "Token",

  source: "New face",
  sourceDrop: "Drop a photo of a face",
  sourceTap: "Choose a photo of a face",
  sourceMore: "Add another photo",
  sourceAgain: "Several photos of one person look better than one.",
  choose: "or choose a file",
  checking: "Looking for the face …",
  uploading: "Uploading, {percent}",
  faceFound: "Face found",
  noFace: "No face found in {name}. Use a photo in which the face is seen from the front.",
  severalFaces: "{count} faces found. Whose is it?",
  thisFace: "Face {number} from the left",
  notAPhoto: "{name} is a video. Faces are taken from photos.",
  removeSource: "Remove {name}",
  savedFaces: "Saved faces",
  savedFace: "Saved face",
  useSaved: "Use the saved face {name}",
  deleteSaved: "Delete the saved face {name}",
  edit: "Edit",
  editDone: "Done",
  saveFace: "Save this face for later",
  saveName: "Name of the face",
  save: "Save",

  target: "Photo or video to change",
  targetDrop: "Drop a photo, GIF or video",
  targetTap: "Choose a photo, GIF or video",
  targetFormats: "MP4, MOV, WebM, GIF, JPEG, PNG …",
  targetReplace: "Change file",
  targetFacts: "{width} × {height}",
  targetExpired: "The file from last time has expired. Drop it again.",

  before: "Before",
  after: "After",
  wipe: "Before and after: share that is shown as before",
  previewBusy: "Making the preview …",
  previewWaiting: "Now add a photo of the new face",
  previewNobody: "No face was replaced in this frame. Move the slider, or choose another person.",
  scrub: "Time of the preview",
  clip: "A few seconds of the preview",
  clipPlay: "Play a few seconds",
  clipBusy: "Making a few seconds …",
  clipClose: "Back to the picture",
  spot: "Person {number}, in the picture",

  people: "Who is replaced",
  peopleSearching: "Looking for people …",
  peopleHint: "Drop a photo on a person to give them another face.",
  peopleHintTap: "Tap a person to replace them, and + to give them another face.",
  peopleAll: "Everyone",
  person: "Person {number}",
  personOf: "Person {number}, seen in {frames}",
  frames: { one: "{count} frame", other: "{count} frames" },
  giveFace: "Give person {number} another face",
  takeFace: "Person {number}: use the common face again",

  options: "Options",
  quality: "Quality",
  qualityBasic: "Basic",
  qualityEnhanced: "Enhanced",
  sound: "Keep the sound",
  label: "Show a label “AI MODIFIED”",
  fps: "Frame rate",
  fpsSame: "same",
  more: "More options",
  reset: "Back to defaults",
  missing: "not installed",

  start: "Swap",
  startMissing: "Add a face and a file first",
  startMissingFace: "Add a photo of the new face first",
  startMissingTarget: "Now add the photo or video to change",

  jobs: "Results",
  jobsNone: "Results appear here.",
  waiting: "Waiting",
  running: "Running",
  paused: "Paused",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  stopping: "Stopping …",
  starting: "Starting …",
  progressOf: "{done} of {total} frames",
  progress: "{done} frames",
  rate: "{fps} frames/s",
  left: "{time} left",
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  retry: "Retry",
  delete: "Delete",
  download: "Download",
  compare: "Compare",
  summaryPhoto: "Changed in {time}",
  summary: "{swapped} of {frames} frames changed in {time}",
  expires: "kept until {time}",
  verify: "Check the marks",
  verifying: "Checking …",

  share: "Share",
  sharing: "Uploading for others …",
  shareAddress: "Address for others",
  shareQr: "QR code of the address",
  shareQrShow: "QR code",
  shareUntil: "works until {time}",
  shareForever: "works until it is deleted",
  shareExpired: "expired {time}; the file is still there",
  shares: "Shared",
  copy: "Copy",
  copied: "Copied",
  unshare: "Stop sharing",

  camera: "Camera",
  cameraHint: "Your camera's picture is swapped by this server and shown here. Nothing is kept unless you record it.",
  cameraNeedsFace: "Add a photo of the new face first",
  cameraStart: "Start the camera",
  cameraStop: "Stop",
  cameraLoading: "Loading …",
  cameraInsecure: "Browsers give their camera only to https and localhost. Start the server with --tls.",
  cameraDenied: "The browser did not give its camera: {reason}",
  cameraChoice: "Which camera",
  cameraOwn: "This device",
  cameraEnded: "The connection to the server ended.",
  mirror: "Mirror",
  still: "Take a still",
  record: "Record",
  recordStop: "Stop recording {time}",
  recordSaving: "Saving …",
  captures: "Recordings and stills",
  liveFps: "{count} fps",
  liveLatency: "{count} ms",
  liveLabel: "Live swap of the camera",
  consent: "Swap only faces of people who agreed. Every result is marked as made with AI.",
};

/** @typedef {keyof typeof ENGLISH} Key */

/** @type {Record<string, string | {one: string, other: string}>} */
let table = ENGLISH;

/** Use another table. @param {Partial<typeof ENGLISH>} texts */
export function translate(texts) {
  table = { ...ENGLISH, ...texts };
}

/** Return a text. @param {Key} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const found = table[key];
  const text = typeof found === "string" ? found : found[values.count === 1 ? "one" : "other"];
  return text.replace(/\{(\w+)\}/g, (_, name) => `${values[name]}`);
}

/** Return seconds as 1:05. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${h ? `${h}:${`${m}`.padStart(2, "0")}` : m}:${`${s}`.padStart(2, "0")}`;
}

/** Return a moment as people read it. @param {string} iso */
export const moment = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Return a number as people read it. @param {number} value */
export const number = (value) => value.toLocaleString(undefined, { maximumFractionDigits: 1 });
