// The console: the page at `/`. In: who is signed in, the address after `#`. Out: the frame with one page in it, or the
// sign-in screen. It decides which screen stands; what is on a screen is in pages/, and what is sent is in server.js.

import { styleSheet } from "../chat/dom.js";
import { colours } from "../chat/styles/tokens.js";
import { Frame } from "./frame.js";
import { mayOpen, PAGES, parseRoute } from "./pages.js";
import { preferences } from "./preferences.js";
import { Server } from "./server.js";
import { signInView } from "./sign-in.js";
import { toaster } from "./ui/toast.js";

document.adoptedStyleSheets = [styleSheet(`:root { ${colours} }`)];

const server = new Server(new URL(".", document.baseURI).href, () => askForSignIn());
const toast = toaster();
let session = null;
let frame = null;
let page = null; // the element of the page that stands
let asked = false; // a sign-in screen stands

async function start() {
  show();
  session = await server.session();
  if (session.role === null && session.sign_in.length > 0) return askForSignIn();
  asked = false;
  frame = null;
  show();
}

function askForSignIn() {
  if (asked) return;
  asked = true;
  server.session().then((fresh) => {
    session = fresh;
    show();
  });
}

function show() {
  preferences.apply();
  if (!session) return;
  if (asked) {
    page = frame = null;
    document.body.replaceChildren(signInView({ session, server, preferences, changed: show, signedIn: start }), toast.element);
    return;
  }
  if (!frame) {
    page = null;
    frame = new Frame({ session, preferences, signIn: askForSignIn, signOut, changed: rebuild });
    document.body.replaceChildren(frame.element, toast.element);
  }
  route();
}

// Another language: every word changes, so everything is built anew.
function rebuild() {
  frame = null;
  show();
}

async function signOut() {
  await server.send("DELETE", "v1/session").catch((failure) => toast.fail(failure));
  session = null;
  await start();
}

async function route() {
  if (!frame) return;
  const wanted = parseRoute(location.hash);
  const entry = PAGES.find(({ name }) => name === wanted.name && mayOpen(name, session)) ?? PAGES[0];
  frame.mark(entry.name);
  const { say } = preferences;
  document.title = `${say.pages[entry.name]} · Taproot`;
  if (page?.dataset.page === entry.name) return page.routed(wanted);
  const { default: PageElement } = await entry.load();
  if (parseRoute(location.hash).name !== wanted.name || !frame) return; // somebody went on meanwhile
  if (!customElements.get(entry.tag)) customElements.define(entry.tag, PageElement);
  page = document.createElement(entry.tag);
  page.dataset.page = entry.name;
  page.context = { say, preferences, server, session, toast };
  page.route = wanted;
  frame.show(page);
}

addEventListener("hashchange", route);
start();
