// In: paths and values. Out: parsed answers, and `ApiError` for all that fails. What the chat sends is in chat/api.js.
// A 401 tells `signInNeeded` once and fails like any other error.

import { ApiError, errorOf } from "../chat/api.js";
import { sseEvents } from "../chat/sse.js";

/** What a server without sign-in says of whoever reaches it. */
const OWNER = { role: "admin", kind: "owner", name: null, groups: null, collections: null, sign_in: [], expires_at: null };

export class Server {
  #signInNeeded;

  /** `base`: the server's root with its final slash. */
  constructor(base, signInNeeded) {
    this.base = base;
    this.#signInNeeded = signInNeeded;
  }

  /** Who is signed in; never fails. */
  async session() {
    try {
      return await this.get("v1/session");
    } catch {
      return OWNER; // the pages say what else is wrong
    }
  }

  get(path, query = {}, signal) {
    return this.#json(withQuery(path, query), { signal });
  }

  /** A change. `body` is JSON, or nothing. */
  send(method, path, body, signal) {
    const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.#json(path, { method, signal, ...json });
  }

  /** Events of a stream, `data` parsed. */
  async *events(path, signal) {
    const response = await this.#fetch(path, { signal, headers: { accept: "text/event-stream" } });
    for await (const { event, data } of sseEvents(response.body)) yield { event, data: JSON.parse(data) };
  }

  /** Sends files as a form, telling `progress` the share that has arrived (0 to 1). */
  upload(path, form, progress, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch does not tell how much was sent
      request.open("POST", this.base + path);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
      request.onerror = () => reject(new ApiError({ code: "network" }));
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.onload = () => {
        if (request.status < 300) return resolve(request.response);
        reject(new ApiError(request.response?.error ?? { code: `http_${request.status}`, message: `HTTP ${request.status}` }));
      };
      signal?.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  async #json(path, options) {
    const response = await this.#fetch(path, options);
    return response.status === 204 ? null : response.json();
  }

  async #fetch(path, options) {
    let response;
    try {
      response = await fetch(this.base + path, { credentials: "same-origin", ...options });
    } catch (failure) {
      throw failure.name === "AbortError" ? failure : new ApiError({ code: "network" });
    }
    if (response.ok) return response;
    const error = await errorOf(response);
    if (response.status === 401 && path !== "v1/session") this.#signInNeeded();
    throw error;
  }
}

function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
