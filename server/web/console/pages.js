// The table of pages: name in the address, who may open it, where its code is. Loaded when first opened.

const ROLES = ["reader", "editor", "admin"];

export const PAGES = [
  { name: "ask", least: "reader", tag: "taproot-ask", load: () => import("./pages/ask.js") },
  { name: "documents", least: "reader", tag: "taproot-documents", load: () => import("./pages/documents.js") },
  { name: "sources", least: "editor", tag: "taproot-sources", load: () => import("./pages/sources.js") },
  { name: "questions", least: "editor", tag: "taproot-questions", load: () => import("./pages/questions.js") },
  { name: "search", least: "editor", tag: "taproot-search", load: () => import("./pages/search-lab.js") },
  { name: "evaluation", least: "admin", tag: "taproot-evaluation", load: () => import("./pages/evaluation.js") },
  { name: "settings", least: "admin", tag: "taproot-settings", load: () => import("./pages/settings.js") },
  { name: "keys", least: "admin", tag: "taproot-keys", load: () => import("./pages/keys.js") },
  { name: "users", least: "admin", tag: "taproot-users", load: () => import("./pages/users.js") },
  { name: "audit", least: "admin", tag: "taproot-audit", load: () => import("./pages/audit.js") },
];

/** Whether the role of the session reaches what the page needs. The server decides again at each call. */
export function mayOpen(name, session) {
  const page = PAGES.find((entry) => entry.name === name);
  return page !== undefined && hasRole(session, page.least);
}

/** Nobody signed in where anybody may read counts as a reader. */
export function hasRole(session, least) {
  return ROLES.indexOf(session.role ?? "reader") >= ROLES.indexOf(least);
}

/** `#/documents/ID?collection=hr` → `{ name, id, query }`. */
export function parseRoute(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?");
  const [name = "", id = ""] = path.split("/");
  return { name: name || PAGES[0].name, id: decode(id), query: new URLSearchParams(search) };
}

/** The address of a page, for a link. */
export function addressOf(name, id = "", query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${name}${id ? `/${encodeURIComponent(id)}` : ""}${search ? `?${search}` : ""}`;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // a hand-written address
  }
}
