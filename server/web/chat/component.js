// `<taproot-chat>`: the whole chat as one element, on Taproot's own page, in the widget, or placed by hand.
// In: attributes (below). Out: questions to the server, shown answers.
// It does not load anything from another place than its server, and nothing of the page's style reaches into it.
//
//   src          the server; where widget.js came from when absent, else the page's own folder
//   key          public key of a widget; calls without a token when absent
//   lang         en | zh | auto                theme    light | dark | auto
//   heading      name in the bar               accent   a colour, #rgb or #rrggbb
//   greeting     instead of the lead sentence  suggestions   JSON array of questions
//   collections  names joined by commas; all when absent
//   bare         no bar: the page around it has one
//   slot="actions"   buttons of the page around it, shown in the bar
//
// Methods: open(), close(), ask(question), on(event, listener), startAnew(), load(transcript).
// Events: open, close, ask { question }, answer { question, text, citations, abstained, … } when one is done.

import { applyAccent } from "./accent.js";
import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { element } from "./dom.js";
import { emptyView } from "./empty-view.js";
import { errorText } from "./error-note.js";
import { pickLanguage, words } from "./i18n.js";
import { iconButton, mark } from "./icons.js";
import { MessageView } from "./message-view.js";
import { SourceView } from "./source-view.js";
import { chatSheets } from "./styles.js";

const WIDE_PX = 960; // from here on the document stands beside the conversation, not over it
const NEAR_PX = 24;
const SIGNS = ["online", "offline"];

export class TaprootChat extends HTMLElement {
  /** Attributes that hold where an element does not have them: `src` and `key`, from the script's own tag. */
  static defaults = {};
  static observedAttributes = ["src", "key", "lang", "theme", "heading", "accent", "greeting", "suggestions", "bare"];

  #root = element("div", { class: "root" });
  #views = new Map(); // message → MessageView
  #following = true; // scroll along with the answer, until the reader scrolls away
  #followedTo = 0; // where following last left the scroll
  #conversation;
  #api;
  #say;
  #composer;
  #source;
  #scroll;
  #column;
  #main;
  #fresh;
  #live;

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = chatSheets();
    shadow.append(this.#root);
    this.#root.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#fit()).observe(this.#root);
  }

  connectedCallback() {
    if (!this.#conversation) this.#connect();
    for (const sign of SIGNS) addEventListener(sign, this.#online);
    this.#build();
  }

  disconnectedCallback() {
    this.#conversation.stop();
    for (const sign of SIGNS) removeEventListener(sign, this.#online);
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#conversation || before === after || !this.isConnected) return;
    if (name === "src" || name === "key") this.#connect();
    this.#build();
  }

  /** Shows the chat and puts the focus into it. */
  open() {
    this.hidden = false;
    this.focus();
    this.#tell("open");
  }

  close() {
    this.hidden = true;
    this.#tell("close");
  }

  /** Asks as if it had been typed; nothing while an answer is under way. */
  ask(question) {
    if (!this.#conversation.busy) this.#ask(question);
  }

  /** Calls `listener(detail)` at each event of the name; gives a function that ends it. */
  on(name, listener) {
    return listen(this, name, listener);
  }

  /** Begins a new conversation. */
  startAnew() {
    this.#source.close();
    this.#conversation.clear();
    this.focus();
  }

  /** Shows a conversation that the server has kept: a `Transcript` of its API. */
  load(transcript) {
    this.#source.close();
    this.#conversation.load(transcript);
  }

  /** The server's id of the conversation; null until its first answer. */
  get conversationId() {
    return this.#conversation.id;
  }

  /** To the question; on a touch screen to the conversation, as a keyboard that jumps up would hide it. */
  focus(options) {
    const touch = matchMedia("(pointer: coarse)").matches;
    (touch ? this.#scroll : this.#composer?.input)?.focus(options);
  }

  #connect() {
    this.#conversation?.stop();
    const { src = ".", key } = TaprootChat.defaults;
    const base = new URL(this.getAttribute("src") || src, document.baseURI).href.replace(/\/*$/, "/");
    this.#api = new Api(base, this.getAttribute("key") || key);
    this.#conversation = new Conversation({
      api: this.#api,
      storageKey: `taproot:conversation:${base}`,
      changed: (kind, message) => this.#changed(kind, message),
    });
  }

  // Built anew when an attribute changes; what was typed and said stays.
  #build() {
    const typed = this.#composer?.value ?? "";
    const language = pickLanguage(this.getAttribute("lang"));
    this.#say = words(language);
    this.#root.lang = this.#say.tag;
    this.#root.dir = this.#say.dir ?? "ltr";
    this.#root.dataset.theme = this.getAttribute("theme") ?? "auto";
    applyAccent(this.#root, this.getAttribute("accent"));

    this.#composer = new Composer({ say: this.#say, send: (question) => this.#ask(question), stop: () => this.#conversation.stop() });
    this.#source = new SourceView({ api: this.#api, say: this.#say, closed: (opener) => this.#sourceClosed(opener) });
    this.#column = element("div", { class: "column" });
    this.#scroll = element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": this.#say.conversation, onscroll: () => this.#scrolled() },
      this.#column,
    );
    this.#main = element("div", { class: "main" }, this.#scroll, this.#composer.element);
    // Apart from the conversation: a stream of single words would be read out one by one.
    this.#live = element("div", { class: "unseen", role: "status" });
    this.#root.replaceChildren(...this.#bar(), element("div", { class: "body" }, this.#main, this.#source.element), this.#live);
    this.#composer.value = typed;
    this.#online();
    this.#showAll();
    this.#fit();
  }

  #bar() {
    this.#fresh = iconButton("fresh", this.#say.fresh, { "data-testid": "new-conversation", onclick: () => this.startAnew() });
    const heading = element("h2", {}, this.getAttribute("heading") || "Taproot");
    return this.hasAttribute("bare") ? [element("h2", { class: "unseen" }, this.#say.conversation)] : [element("div", { class: "bar" }, mark(), heading, this.#fresh, element("slot", { name: "actions" }))];
  }

  #showAll() {
    this.#views.clear();
    this.#column.replaceChildren();
    for (const message of this.#conversation.messages) this.#add(message);
    if (this.#conversation.messages.length === 0) this.#column.append(this.#empty());
    this.#showState();
    this.#following = true;
    this.#follow();
  }

  #empty() {
    return emptyView({
      say: this.#say,
      greeting: this.getAttribute("greeting"),
      suggestions: suggestionsOf(this.getAttribute("suggestions")),
      ask: (question) => this.#ask(question),
    });
  }

  #ask(question) {
    this.#following = true;
    this.focus();
    this.#tell("ask", { question });
    this.#conversation.ask(question, this.#collections());
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #collections() {
    return (this.getAttribute("collections") ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  }

  #changed(kind, message) {
    if (kind === "cleared") return this.#showAll();
    if (kind === "ended") return message.state === "done" && this.#tell("answer", { ...message, conversationId: this.#conversation.id });
    if (kind === "added") {
      this.#column.querySelector(".empty")?.remove();
      this.#add(message);
      this.#follow();
    } else {
      this.#views.get(message)?.update();
      this.#announce(message);
      this.#follow();
    }
    this.#showState();
  }

  #add(message) {
    const context = {
      say: this.#say,
      base: this.#api.base,
      rate: (answer, rating) => this.#conversation.rate(answer, rating),
      handOn: ({ id }) => this.#api.handOn(id),
      openSource: (citation, opener) => this.#openSource(citation, opener),
      retry: (answer) => {
        this.#conversation.retry(answer, this.#collections());
        this.focus();
      },
    };
    const view = new MessageView(message, context);
    this.#views.set(message, view);
    this.#column.append(view.element);
  }

  #online = () => {
    const { footnote, offline } = this.#say;
    this.#composer.note = navigator.onLine ? footnote : offline;
  };

  #showState() {
    this.#composer.busy = this.#conversation.busy;
    this.#fresh.hidden = this.#conversation.messages.length === 0;
  }

  #announce(message) {
    const say = this.#say;
    const text = {
      waiting: () => say.searching,
      streaming: () => this.#live.textContent,
      stopped: () => say.stopped,
      failed: () => errorText(say, message.error),
      done: () => `${this.#views.get(message).spoken} ${message.abstained ? "" : say.ready(message.citations.length)}`,
    }[message.state]();
    if (text !== this.#live.textContent) this.#live.textContent = text;
  }

  #openSource(citation, opener) {
    this.#source.open(citation, opener);
    this.#fit();
  }

  #sourceClosed(opener) {
    this.#fit();
    if (opener?.isConnected) opener.focus();
    else this.focus();
  }

  #key(event) {
    const closes = event.key === "Escape" && !event.isComposing && this.#source.isOpen;
    if (closes) this.#source.close();
    // The page's own shortcuts must not fire while someone types here. Escape goes on to the widget's panel,
    // unless it has closed the document: one press closes one thing.
    if (event.key !== "Escape" || closes) event.stopPropagation();
  }

  // A document over the conversation hides it from the keyboard too.
  #fit() {
    if (!this.#source) return;
    const wide = this.#root.clientWidth >= WIDE_PX;
    this.#root.toggleAttribute("data-wide", wide);
    this.#root.toggleAttribute("data-source", this.#source.isOpen);
    this.#main.inert = this.#source.isOpen && !wide;
    this.#source.element.setAttribute("aria-modal", String(!wide));
  }

  // Follows the end of the answer, but never pushes its question out of sight.
  #follow() {
    if (!this.#following) return;
    const questions = this.#column.querySelectorAll(".question");
    const question = questions[questions.length - 1];
    const end = this.#scroll.scrollHeight - this.#scroll.clientHeight;
    this.#scroll.scrollTop = question ? Math.min(end, question.offsetTop - NEAR_PX) : 0;
    this.#followedTo = this.#scroll.scrollTop;
  }

  #scrolled() {
    if (this.#scroll.scrollTop < this.#followedTo - NEAR_PX) this.#following = false;
  }
}

/** `listener(detail)` at each event `name` of `target`, until the function that it gives is called. */
export function listen(target, name, listener) {
  const heard = ({ detail }) => listener(detail);
  target.addEventListener(name, heard);
  return () => target.removeEventListener(name, heard);
}

function suggestionsOf(json) {
  try {
    const list = JSON.parse(json ?? "[]");
    return Array.isArray(list) ? list.filter((item) => typeof item === "string").slice(0, 6) : [];
  } catch {
    return []; // a slip in the page's HTML must not cost the whole chat
  }
}
