// In: questions, stop, retry, clear. Out: a list of plain messages and a call of `changed` for each change.
// It keeps the conversation over a reload of the page. It knows no element and no language.
//
// A message is `{ role: "question", text }` or
// `{ role: "answer", question, state, id, text, citations, sentences, shortAnswer, abstained, understood, passages, error }`
// (understood: the question with what the conversation adds, when it adds something)
// with state: waiting → streaming → done | stopped | failed.

const STORED_MESSAGES = 50; // pairs of question and answer, so an even number
const UNDER_WAY = ["waiting", "streaming"];

export class Conversation {
  messages = [];
  #api;
  #storageKey;
  #changed;
  #conversationId = null;
  #running = null; // AbortController of the answer under way
  #answer = null; // that answer

  /** `changed(kind, message)`: kind is "added", "updated", "ended" (no more comes) or "cleared". */
  constructor({ api, storageKey, changed }) {
    this.#api = api;
    this.#storageKey = storageKey;
    this.#changed = changed;
    this.#restore();
  }

  get busy() {
    return this.#running !== null;
  }

  /** Resolves when the answer is complete, stopped or failed; it never rejects. */
  async ask(question, collections) {
    if (this.busy) return;
    const answer = { role: "answer", question, ...emptyAnswer() };
    for (const message of [{ role: "question", text: question }, answer]) {
      this.messages.push(message);
      this.#changed("added", message);
    }
    this.#store();
    await this.#run(answer, collections);
  }

  /** Asks the question of a stopped or failed answer once more, in the same place. */
  async retry(answer, collections) {
    if (this.busy) return;
    Object.assign(answer, emptyAnswer());
    await this.#run(answer, collections);
  }

  /** The server's id of this conversation; null until its first answer. */
  get id() {
    return this.#conversationId;
  }

  /** `rating`: `{ rating, reason?, comment? }`, or null to take it back. */
  async rate(answer, rating) {
    await this.#api.rate(answer.id, rating);
    answer.rating = rating?.rating ?? null;
    this.#store();
  }

  /** Ends the answer under way at once, whatever it waits for. */
  stop() {
    const [running, answer] = [this.#running, this.#answer];
    if (!running) return;
    running.abort();
    if (answer.state !== "done") answer.state = "stopped";
    this.#end(running, answer);
  }

  /** Shows a conversation that the server has kept (`Transcript`) instead of this one. */
  load({ conversation, turns }) {
    this.stop();
    this.#conversationId = conversation.id;
    this.messages = turns.flatMap(({ answer }) => [
      { role: "question", text: answer.question },
      { role: "answer", question: answer.question, ...emptyAnswer(), ...finished(answer) },
    ]);
    this.#store();
    this.#changed("cleared");
  }

  clear() {
    this.stop();
    this.messages = [];
    this.#conversationId = null;
    this.#store();
    this.#changed("cleared");
  }

  async #run(answer, collections) {
    const running = new AbortController();
    this.#running = running;
    this.#answer = answer;
    this.#changed("updated", answer);
    try {
      const request = { question: answer.question, conversationId: this.#conversationId, collections };
      for await (const { event, data } of this.#events(request, running.signal)) {
        if (running.signal.aborted) break;
        this.#take(answer, event, data);
        this.#changed("updated", answer);
      }
    } catch (failure) {
      if (!running.signal.aborted) fail(answer, failure);
    }
    this.#end(running, answer);
  }

  #end(running, answer) {
    if (this.#running !== running) return; // ended already
    this.#running = null;
    this.#store();
    this.#changed("updated", answer);
    this.#changed("ended", answer);
  }

  // The server forgets a conversation after its time, or when it was deleted elsewhere: the question begins a new one.
  async *#events(request, signal) {
    try {
      yield* this.#api.ask(request, signal);
    } catch (failure) {
      if (failure.code !== "conversation_not_found" || !request.conversationId) throw failure;
      this.#conversationId = null;
      yield* this.#api.ask({ ...request, conversationId: null }, signal);
    }
  }

  #take(answer, event, data) {
    if (event === "search_results") answer.passages = data.hits.length;
    if (event === "citation") answer.citations = [...answer.citations.filter(({ n }) => n !== data.n), data];
    if (event === "message") {
      answer.state = "streaming";
      answer.parts[data.sentence] = (answer.parts[data.sentence] ?? "") + data.delta;
    }
    if (event === "retract") answer.parts[data.sentence] = ""; // it did not stand the check
    if (event === "message" || event === "retract") answer.text = answer.parts.join("");
    if (event === "final_answer") {
      this.#conversationId = data.conversation_id;
      Object.assign(answer, finished(data));
    }
  }

  #store() {
    const messages = this.messages.slice(-STORED_MESSAGES);
    try {
      if (messages.length === 0) sessionStorage.removeItem(this.#storageKey);
      else sessionStorage.setItem(this.#storageKey, JSON.stringify({ conversationId: this.#conversationId, messages }));
    } catch {
      // Storage is full or forbidden: the conversation still works, it just ends with the page.
    }
  }

  #restore() {
    try {
      const stored = JSON.parse(sessionStorage.getItem(this.#storageKey));
      if (!Array.isArray(stored?.messages)) return;
      this.messages = stored.messages;
      // The page was left in the middle of an answer; nobody is listening to that stream any more.
      for (const message of this.messages) if (UNDER_WAY.includes(message.state)) message.state = "stopped";
      this.#conversationId = stored.conversationId;
    } catch {
      // Unreadable or forbidden: start a new conversation.
    }
  }
}

function emptyAnswer() {
  return {
    state: "waiting",
    id: null,
    text: "",
    parts: [], // of the text, by number of the sentence, while it grows
    rating: null, // "up" or "down", as the reader found it
    citations: [],
    sentences: [],
    shortAnswer: null,
    abstained: false,
    understood: null,
    passages: null,
    error: null,
  };
}

function finished(data) {
  return {
    state: "done",
    id: data.id,
    text: data.answer,
    citations: data.citations,
    sentences: data.sentences,
    parts: [],
    shortAnswer: data.short_answer,
    abstained: data.status === "abstained",
    understood: data.standalone_question === data.question ? null : data.standalone_question,
  };
}

function fail(answer, failure) {
  answer.state = "failed";
  answer.error = {
    code: failure.code ?? "internal",
    message: failure.message,
    hint: failure.hint ?? "",
    requestId: failure.requestId ?? "",
    retryAfterSeconds: failure.retryAfterSeconds ?? null,
  };
}
