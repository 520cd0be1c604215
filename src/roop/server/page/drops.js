/** Files that are dropped on an element, or chosen with an input. */

/** Whether there is no mouse to drop with. */
export const touch = matchMedia("(hover: none)").matches;

/**
 * Make an element take files.
 *
 * @param {HTMLElement} element @param {(files: File[]) => void} onFiles
 */
export function takeDrops(element, onFiles) {
  let depth = 0;
  const mark = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    element.classList.toggle("over", depth > 0);
  };
  element.addEventListener("dragenter", (event) => (event.preventDefault(), mark(1)));
  element.addEventListener("dragleave", () => mark(-1));
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    mark(-depth);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) onFiles(files);
  });
}

/** Keep the browser from opening a file that misses its place. */
export function guardWindow() {
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
}

/** Hand on what was chosen in a file input, which can then be used again. @param {(files: File[]) => void} onFiles */
export const chosen = (onFiles) => (/** @type {Event} */ event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  const files = [...(input.files ?? [])];
  input.value = "";
  if (files.length) onFiles(files);
};
