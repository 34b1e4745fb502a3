// In: a name. Out: an SVG element in the colour of its text, hidden from screen readers. Those of the chat are here too.

import { icon as chatIcon, outline } from "../chat/icons.js";

const OUTLINES = {
  ask: "M4 5h16v11H10l-5 4v-4H4z",
  documents: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  sources: "M3 6h6l2 2.5h10V19H3z",
  questions: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.4 9.6a2.6 2.6 0 1 1 3.7 2.3c-.8.4-1.1.9-1.1 1.7M12 16.8v.01",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.8-4.8",
  evaluation: "M3 20.5h18M6 17v-6M12 17V4M18 17v-9",
  settings: "M4 7h8M16 7h4M4 17h4M12 17h8M14 4.8v4.4M10 14.8v4.4",
  keys: "M8 11.5a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM11 12.6 19.5 4M15.5 8l3 3",
  users: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.4 2.7-5.8 6-5.8s6 2.4 6 5.8M16 4.3a3.5 3.5 0 0 1 0 6.4M17.4 14.6c2.2.8 3.6 2.8 3.6 5.4",
  audit: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  menu: "M4 7h16M4 12h16M4 17h16",
  upload: "M12 16V5M7 9.5l5-5 5 5M4 20h16",
  download: "M12 4v11M7 10.5l5 5 5-5M4 20h16",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  play: "M8 5.5 18.5 12 8 18.5z",
  history: "M4 12a8 8 0 1 0 2.4-5.7M4 4.5V9h4.5M12 8v4.5l3 2",
  pen: "M4.5 19.5l1-4L16 5l3 3L8.5 18.5zM14 7l3 3",
  warning: "M12 4.5 3 20h18zM12 10.5v4M12 17.2v.01",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c0-3.6 3.3-6 7.5-6s7.5 2.4 7.5 6",
  signout: "M14 4h5v16h-5M9.5 8l-4 4 4 4M5.5 12H14",
  back: "M14.5 5.5 8 12l6.5 6.5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z",
};

export function icon(name) {
  return OUTLINES[name] ? outline(OUTLINES[name], 1.8) : chatIcon(name);
}
