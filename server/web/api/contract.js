// The description of the API, as this page needs it.
// In: openapi.json. Out: operations in groups, schemas with their references followed, and an example of each body.

const METHODS = ["get", "post", "put", "patch", "delete"];
/** An example goes no deeper: schemas may hold themselves. */
const MAX_DEPTH = 6;

export class Contract {
  constructor(description) {
    this.description = description;
  }

  static async read() {
    const response = await fetch("openapi.json");
    if (!response.ok) throw new Error(`${response.status}`);
    return new Contract(await response.json());
  }

  get lead() {
    return this.description.info.description;
  }

  /** Operations by their first tag, in the order of the description's tags. */
  groups() {
    const groups = new Map((this.description.tags ?? []).map(({ name }) => [name, []]));
    for (const [path, item] of Object.entries(this.description.paths)) {
      for (const method of METHODS.filter((method) => item[method])) {
        const operation = { path, method, ...item[method] };
        const tag = operation.tags?.[0] ?? "";
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push(operation);
      }
    }
    return [...groups].filter(([, operations]) => operations.length > 0);
  }

  /** A schema, or what it refers to; `name` where it has one. */
  follow(schema) {
    const name = schema?.$ref?.split("/").pop();
    return name ? { name, ...this.description.components.schemas[name] } : (schema ?? {});
  }

  /** A value that the schema describes: its own example, or one of the required fields. */
  example(schema, depth = 0) {
    const known = this.follow(schema);
    if (known.example !== undefined) return known.example;
    if (known.examples?.length > 0) return known.examples[0];
    if (known.enum) return known.enum[0];
    if (depth > MAX_DEPTH) return null;
    const choice = known.oneOf ?? known.anyOf;
    if (choice) return this.example(choice.find((one) => one.type !== "null"), depth + 1);
    const type = [known.type].flat().find((type) => type !== "null");
    if (type === "object" || known.properties) {
      const fields = (known.required ?? []).map((name) => [name, this.example(known.properties[name], depth + 1)]);
      return Object.fromEntries(fields);
    }
    if (type === "array") return [];
    if (type === "boolean") return false;
    if (type === "integer" || type === "number") return known.minimum ?? 0;
    return type === "string" ? "" : null;
  }
}
