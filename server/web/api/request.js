// One request that somebody tries.
// In: an operation and what the fields of its form hold. Out: a request, and the same as a command line.

/** Values of the fields, by where they go. */
export function requestOf(operation, fields, key) {
  let path = operation.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, value } of fields.parameters) {
    if (value === "") continue;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "query") query.append(parameter.name, value);
    else headers[parameter.name] = value;
  }
  if (key) headers.authorization = `Bearer ${key}`;
  let body;
  if (fields.form) {
    body = fields.form;
  } else if (fields.text !== undefined) {
    headers["content-type"] = fields.type;
    body = fields.text;
  }
  const search = query.size > 0 ? `?${query}` : "";
  return { url: `${path.slice(1)}${search}`, method: operation.method.toUpperCase(), headers, body };
}

/** The key is left out: command lines are pasted to others. */
export function commandLine({ url, method, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = [`curl -X ${method} ${quoted(new URL(url, document.baseURI).href)}`];
  for (const [name, value] of Object.entries(headers)) {
    lines.push(`-H ${name === "authorization" ? '"authorization: Bearer $TAPROOT_KEY"' : quoted(`${name}: ${value}`)}`);
  }
  if (body instanceof FormData) {
    for (const [name, value] of body) lines.push(`-F ${quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`)}`);
  } else if (body !== undefined) {
    lines.push(`-d ${quoted(body)}`);
  }
  return lines.join(" \\\n  ");
}
