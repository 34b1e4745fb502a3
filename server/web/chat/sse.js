// In: the bytes of a `text/event-stream` body, cut anywhere, also inside a character or a line end.
// Out: whole events `{ event, data }` in order, as the HTML standard defines them (§ 9.2.6).
// It does not reconnect, keep event ids, or read the JSON inside `data`.

/** Turns pieces of decoded text into events; keeps what is not complete yet. */
export class SseParser {
  #line = "";
  #afterCarriageReturn = false;
  #event = "";
  #data = [];

  /** Takes the next piece of text, gives the events that it completes. */
  push(text) {
    const events = [];
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at];
      if (character !== "\n" && character !== "\r") {
        this.#afterCarriageReturn = false;
        continue;
      }
      // The line feed of a "\r\n" whose carriage return already ended the line, perhaps in the piece before.
      if (character === "\n" && this.#afterCarriageReturn) {
        this.#afterCarriageReturn = false;
        from = at + 1;
        continue;
      }
      this.#afterCarriageReturn = character === "\r";
      const event = this.#endLine(this.#line + text.slice(from, at));
      if (event) events.push(event);
      this.#line = "";
      from = at + 1;
    }
    this.#line += text.slice(from);
    return events;
  }

  #endLine(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
    return null;
  }

  #dispatch() {
    const event = this.#data.length ? { event: this.#event || "message", data: this.#data.join("\n") } : null;
    this.#event = "";
    this.#data = [];
    return event;
  }
}

/** The events of a response body, as they come. Leaving the loop early cancels the body. */
export async function* sseEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // drops a leading byte order mark, holds back half a character
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {}); // the connection may be gone already, which is what we want
  }
}
