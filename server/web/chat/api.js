// In: questions, ratings, what is passed on, and document ids. Out: answer events, document texts, and `ApiError` for all that fails.
// The only module of the chat that talks to the server. It shows nothing; all it keeps is a widget's token.

import { sseEvents } from "./sse.js";

const RENEW_MS = 30_000; // before a token expires

/** What went wrong, as the server's error body says it; `code` is "network" or "stream_cut" when it said nothing. */
export class ApiError extends Error {
  constructor({ code, message = "", hint = "", request_id: requestId = "" }, retryAfterSeconds = null) {
    super(message);
    Object.assign(this, { code, hint, requestId, retryAfterSeconds });
  }
}

export class Api {
  #key;
  #token = null; // a promise of `{ token, expires_at }`

  /**
   * `base`: the server's root with its final slash (`https://host/` or `https://host/prefix/`).
   * `key`: the public key of a widget, exchanged for tokens that live for minutes; none calls without a token.
   */
  constructor(base, key) {
    this.base = base;
    this.#key = key;
  }

  /**
   * Asks, and gives `{ event, data }` with `data` parsed; the last one is `final_answer`.
   * Aborting `signal` throws an `AbortError`.
   */
  async *ask({ question, conversationId, collections }, signal) {
    const body = { question, stream: true };
    if (conversationId) body.conversation_id = conversationId;
    if (collections?.length) body.collections = collections;
    const response = await this.#fetch("v1/ask", { ...post(body), signal });
    yield* answerEvents(response.body);
  }

  /** `rating` is `{ rating, reason?, comment? }`, or null to take it back. */
  async rate(answerId, rating) {
    if (rating) await this.#fetch("v1/feedback", post({ answer_id: answerId, ...rating }));
    else await this.#fetch(`v1/feedback/${encodeURIComponent(answerId)}`, { method: "DELETE" });
  }

  /** Passes a question on to the people who look after the documents; whether it went. */
  handOn(answerId) {
    return this.#fetch("v1/handoffs", post({ answer_id: answerId })).then(() => true, () => false);
  }

  /** The extracted text of a document: `{ title, uri, text, outline }`. */
  async documentText(documentId, signal) {
    return readJson(await this.#fetch(`${documentPath(documentId)}/text`, { signal }));
  }

  /** Address of the original file; `page` is a wish that PDF viewers understand. */
  originalUrl(documentId, page) {
    return `${this.base}${documentPath(documentId)}/original${page ? `#page=${page}` : ""}`;
  }

  /** Whether an address alone does not open the original, since a token has to go along. */
  get needsToken() {
    return Boolean(this.#key);
  }

  /**
   * Opens the original with the token. Only a PDF is shown, everything else is saved: an address of bytes belongs to
   * the page around the widget, and what it shows could act as that page.
   */
  async openOriginal(documentId, page, name) {
    const bytes = await (await this.#fetch(`${documentPath(documentId)}/original`, {})).blob();
    const url = URL.createObjectURL(bytes);
    const link = document.createElement("a");
    link.href = page ? `${url}#page=${page}` : url;
    if (bytes.type === "application/pdf") link.target = "_blank";
    else link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), RENEW_MS);
  }

  async #fetch(path, options, again = true) {
    const headers = { ...options.headers };
    if (this.#key) headers.authorization = `Bearer ${await this.#freshToken()}`;
    // Cookies go to the page's own server only (a sign-in proxy may want them), never across origins.
    const response = await send(this.base + path, { credentials: "same-origin", ...options, headers });
    if (response.ok) return response;
    if (response.status === 401 && this.#key && again) {
      this.#token = null; // taken back, or a clock is wrong
      return this.#fetch(path, options, false);
    }
    throw await errorOf(response);
  }

  async #freshToken() {
    const held = await this.#token?.catch(() => null);
    if (!held || Date.parse(held.expires_at) - Date.now() < RENEW_MS) this.#token = this.#exchange();
    return (await this.#token).token;
  }

  async #exchange() {
    const response = await send(`${this.base}v1/widget/token`, { credentials: "omit", ...post({ key: this.#key }) });
    if (!response.ok) throw await errorOf(response);
    return readJson(response);
  }
}

function documentPath(id) {
  return `v1/documents/${encodeURIComponent(id)}`;
}

function post(body) {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function send(url, options) {
  try {
    return await fetch(url, options);
  } catch (failure) {
    throw asApiError(failure, "network");
  }
}

async function* answerEvents(body) {
  let finished = false;
  try {
    for await (const { event, data } of sseEvents(body)) {
      const value = JSON.parse(data);
      if (event === "error") throw new ApiError(value.error);
      yield { event, data: value };
      finished ||= event === "final_answer";
    }
  } catch (failure) {
    throw asApiError(failure, "stream_cut");
  }
  if (!finished) throw new ApiError({ code: "stream_cut" });
}

async function readJson(response) {
  try {
    return await response.json();
  } catch (failure) {
    throw asApiError(failure, "stream_cut");
  }
}

/** What a response that is not ok says. */
export async function errorOf(response) {
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const body = await response.json().catch(() => null); // a proxy's own error page is not JSON
  const error = body?.error ?? { code: `http_${response.status}`, message: `HTTP ${response.status}` };
  return new ApiError(error, Number.isNaN(seconds) ? null : seconds);
}

function asApiError(failure, code) {
  return failure instanceof ApiError || failure?.name === "AbortError" ? failure : new ApiError({ code });
}
