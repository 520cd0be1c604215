/** Icons as markup: strokes in the colour of the text around them. */

/** @type {Record<string, string>} */
const PATHS = {
  face: "M12 3a7 8.5 0 0 1 7 8.5C19 17 15.5 21 12 21s-7-4-7-9.5A7 8.5 0 0 1 12 3ZM9 11h.01M15 11h.01M9.5 15.5c1.5 1.2 3.5 1.2 5 0",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warn: "M12 4l9 16H3zM12 10v4M12 17h.01",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  retry: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  compare: "M12 3v18M8 8l-4 4 4 4M16 8l4 4-4 4",
  share: "M12 15V4M8 8l4-4 4 4M5 13v7h14v-7",
  shield: "M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM9 12l2 2 4-4",
  people: "M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M3 19c.5-4 3-5.5 6-5.5s5.500 1.500 6 5.500M16 5.500a2.700 2.700 0 0 1 0 5.200M17.500 14c2 .6 3.200 2.300 3.500 5",
  save: "M7 4h10v16l-5-4-5 4z",
  qr: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2M20 14v2M14 20h2M19 19h1v1M17 17h1",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  swap: "M4 9h14l-4-4M20 15H6l4 4",
};

/** Return an icon. @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI ?? "", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
