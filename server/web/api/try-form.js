// The form to try an operation with, and the answer below it.
// In: the contract and an operation. Out: an element. Streams are shown as they come, and can be stopped.

import { button, element } from "../chat/dom.js";
import { commandLine, requestOf } from "./request.js";

/** Characters of an answer that are shown. */
const MAX_SHOWN = 200_000;

export function tryForm(say, contract, operation, keyOf) {
  const parameters = (operation.parameters ?? []).map((parameter) => ({ parameter, input: field(contract, parameter) }));
  const body = bodyField(say, contract, operation);
  const result = element("div", { class: "result", role: "status" });
  const send = button({ class: "send" }, say.send);
  const stop = button({ disabled: true }, say.stop);
  let aborter = null;
  stop.addEventListener("click", () => aborter?.abort());
  const form = element("form", { class: "fields" },
    parameters.map(({ parameter, input }) => element("label", {}, parameter.name, " ",
      element("small", {}, parameter.in, parameter.required ? ` · ${say.required}` : ""), input)),
    body?.node,
    element("div", {}, send, " ", stop),
    result);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send.click();
  });
  send.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    const values = parameters.map(({ parameter, input }) => ({ parameter, value: input.value.trim() }));
    const request = requestOf(operation, { parameters: values, ...body?.value() }, keyOf());
    aborter = new AbortController();
    send.disabled = true;
    stop.disabled = false;
    await show(say, request, result, aborter.signal);
    send.disabled = false;
    stop.disabled = true;
  });
  return form;
}

function field(contract, parameter) {
  const schema = contract.follow(parameter.schema);
  const required = parameter.required ?? false;
  const values = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : null);
  if (values) {
    const options = (required ? values : ["", ...values]).map((value) => element("option", { value }, value));
    return element("select", { required }, options);
  }
  return element("input", { type: "text", required, autocomplete: "off", spellcheck: "false" });
}

function bodyField(say, contract, operation) {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (!type) return null;
  if (type.startsWith("multipart/")) return formFields(contract, content.schema);
  if (type === "application/octet-stream") {
    const file = element("input", { type: "file", required: true });
    return { node: element("label", {}, say.body, file), value: () => ({ type, text: file.files[0] }) };
  }
  const area = element("textarea", { spellcheck: "false", required: true });
  area.value = JSON.stringify(contract.example(content.schema), null, 2);
  return { node: element("label", {}, say.body, area), value: () => ({ type, text: area.value }) };
}

function formFields(contract, schema) {
  const fields = Object.entries(contract.follow(schema).properties ?? {}).map(([name, described]) => {
    const list = [described.type].flat().includes("array");
    const isFile = JSON.stringify(described).includes("binary") || name === "file";
    return { name, input: element("input", { type: isFile ? "file" : "text", multiple: isFile && list }) };
  });
  const value = () => {
    const form = new FormData();
    for (const { name, input } of fields) {
      for (const value of input.type === "file" ? input.files : [input.value].filter(Boolean)) form.append(name, value);
    }
    return { form };
  };
  return { node: element("div", { class: "fields" }, fields.map(({ name, input }) => element("label", {}, name, input))), value };
}

async function show(say, request, result, signal) {
  const status = element("p", { class: "status" }, say.waiting);
  const text = element("pre", { tabindex: "0", role: "region", "aria-label": say.answer });
  result.replaceChildren(element("pre", {}, commandLine(request)), status, text);
  const started = performance.now();
  try {
    const response = await fetch(request.url, { ...request, signal });
    const told = () => say.took(`${response.status} ${response.statusText}`.trim(), Math.round(performance.now() - started));
    result.dataset.good = String(response.ok);
    status.textContent = told();
    const type = response.headers.get("content-type") ?? "";
    if (/json|text|javascript/.test(type)) await showText(response, type, text);
    else if (response.status !== 204) text.textContent = say.binary((await response.arrayBuffer()).byteLength, type || "?");
    status.textContent = told();
  } catch (error) {
    result.dataset.good = "false";
    status.textContent = error.name === "AbortError" ? say.stopped : say.unreachable;
  }
}

async function showText(response, type, node) {
  let whole = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    whole = (whole + value).slice(0, MAX_SHOWN);
    node.textContent = whole;
  }
  if (type.includes("json") && !type.includes("ndjson")) {
    try {
      node.textContent = JSON.stringify(JSON.parse(whole), null, 2);
    } catch {
      // Cut off, or none: as it came.
    }
  }
}
