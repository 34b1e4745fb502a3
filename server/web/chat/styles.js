// In: nothing. Out: the style sheets of the chat, built once and shared by all its elements.

import { styleSheet } from "./dom.js";
import { frameStyle } from "./styles/frame.js";
import { messagesStyle } from "./styles/messages.js";
import { sourceStyle } from "./styles/source.js";
import { tokens } from "./styles/tokens.js";

let sheets = null;

export function chatSheets() {
  sheets ??= [tokens, frameStyle, messagesStyle, sourceStyle].map(styleSheet);
  return sheets;
}
