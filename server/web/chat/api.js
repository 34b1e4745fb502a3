// In: questions and document ids. Out: answer events, document texts, and `ApiError` for all that fails.
// The only module that talks to the server. It keeps no state and shows nothing.

import { sseEvents } from "./sse.js";

/** What went wrong, as the server's error body says it; `code` is "network" or "stream_cut" when it said nothing. */
export class ApiError extends Error {
  constructor({ code, message = "", hint = "", request_id: requestId = "" }, retryAfterSeconds = null) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class Api {
  /** `base`: where the server's root is, with its final slash (`https://host/` or `https://host/prefix/`). */
  constructor(base) {
    this.base = base;
  }

  /**
   * Asks, and gives `{ event, data }` with `data` parsed; the last one is `final_answer`.
   * Aborting `signal` throws an `AbortError`.
   */
  async *ask({ question, conversationId, collections }, signal) {
    const body = { question, stream: true };
    if (conversationId) body.conversation_id = conversationId;
    if (collections?.length) body.collections = collections;
    const response = await this.#fetch("v1/ask", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream, application/json" },
      body: JSON.stringify(body),
      signal,
    });
    // A proxy or an older server may answer in one piece.
    if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
      yield { event: "final_answer", data: await readJson(response) };
      return;
    }
    yield* answerEvents(response.body);
  }

  /** The extracted text of a document: `{ title, uri, text, outline }`. */
  async documentText(documentId, signal) {
    const response = await this.#fetch(`v1/documents/${encodeURIComponent(documentId)}/text`, { signal });
    return readJson(response);
  }

  /** Address of the original file; `page` is a wish that PDF viewers understand. */
  originalUrl(documentId, page) {
    const url = `${this.base}v1/documents/${encodeURIComponent(documentId)}/original`;
    return page ? `${url}#page=${page}` : url;
  }

  async #fetch(path, options) {
    let response;
    try {
      // Cookies go to the page's own server only (a sign-in proxy may want them), never across origins.
      response = await fetch(this.base + path, { credentials: "same-origin", ...options });
    } catch (failure) {
      throw asApiError(failure, "network");
    }
    if (!response.ok) throw await errorOf(response);
    return response;
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
  if (failure instanceof ApiError || failure?.name === "AbortError") return failure;
  return new ApiError({ code });
}
