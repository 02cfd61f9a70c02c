// Small pictures of the pages, drawn with the colour of the text around them.

import { html } from "/pages/preact-htm.js";

const PATHS = {
  talk: "M4 4h16v12H9l-5 4z",
  menu: "M4 6h16M4 12h16M4 18h16",
  good: "M7 11v9H4v-9zM7 11l4-8c1.5 0 2.5 1 2.5 2.5V9H19a1.5 1.5 0 0 1 1.5 1.8l-1.4 7.6A2 2 0 0 1 17.2 20H7",
  bad: "M17 13V4h3v9zM17 13l-4 8c-1.5 0-2.5-1-2.5-2.5V15H5a1.5 1.5 0 0 1-1.5-1.8l1.4-7.6A2 2 0 0 1 6.8 4H17",
  clip: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.6 1.6 0 0 1-2.3-2.3l7.8-7.8",
  star: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z",
  mic: "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v3",
  sound: "M4 9.5h4l5-4.5v14l-5-4.5H4zM16 9a4.2 4.2 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  close: "M6 6l12 12M18 6L6 18",
};

/** One of them; `solid` fills it. */
export function Icon({ name, solid }) {
  return html`<svg class="glyph" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill=${solid ? "currentColor" : "none"} stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"><path d=${PATHS[name]} /></svg>`;
}
