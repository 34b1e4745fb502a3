// In: nothing. Out: the style sheets of the chat, built once and shared by all its elements.

import { styleSheet } from "./dom.js";
import { frame } from "./styles/frame.js";
import { messages } from "./styles/messages.js";
import { source } from "./styles/source.js";
import { tokens } from "./styles/tokens.js";

let sheets = null;

export function chatSheets() {
  sheets ??= [tokens, frame, messages, source].map(styleSheet);
  return sheets;
}
