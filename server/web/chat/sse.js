// In: the bytes of a `text/event-stream` body, cut anywhere, also inside a character or a line end.
// Out: whole events `{ event, data }` in order, as the HTML standard defines them (§ 9.2.6).
// It does not reconnect, keep event ids, or read the JSON inside `data`.

/** The events of a response body, as they come. Leaving the loop early cancels the body. */
export async function* sseEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // drops a leading byte order mark, holds back half a character
  let rest = "";
  let event = "";
  let data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // A carriage return at the end may be the first half of a line end.
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        const [, field, text] = /^([^:]*):? ?([^]*)$/.exec(line);
        if (field === "event") event = text;
        else if (field === "data") data.push(text);
        else if (line === "") {
          if (data.length) yield { event: event || "message", data: data.join("\n") };
          event = "";
          data = [];
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // the connection may be gone already, which is what we want
  }
}
