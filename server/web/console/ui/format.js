// In: numbers, bytes, times as the server gives them. Out: what a person reads, in the language of the page.

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function number(tag, value, digits = 0) {
  return new Intl.NumberFormat(tag, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
}

export function percent(tag, share) {
  return new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function bytes(tag, count) {
  const step = Math.min(UNITS.length - 1, count > 0 ? Math.floor(Math.log(count) / Math.log(1000)) : 0);
  const value = count / 1000 ** step;
  return new Intl.NumberFormat(tag, { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "narrow", maximumFractionDigits: value < 10 && step ? 1 : 0 }).format(value);
}

export function dateTime(tag, text) {
  return text ? new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text)) : null;
}

export function date(tag, text) {
  return text ? new Intl.DateTimeFormat(tag, { dateStyle: "medium" }).format(new Date(text)) : null;
}

/** "3 minutes ago", "in 2 hours". */
export function ago(tag, text, now = Date.now()) {
  if (!text) return null;
  const seconds = (new Date(text).getTime() - now) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  const value = Math.round(seconds / size);
  return new Intl.RelativeTimeFormat(tag, { numeric: "auto" }).format(unit === "second" && Math.abs(value) < 20 ? 0 : value, unit);
}

/** "5 min", "2 h": a span of seconds. */
export function span(tag, seconds) {
  const [unit, size] = STEPS.slice(2).find(([, length]) => seconds >= length) ?? ["second", 1];
  return new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(seconds / size);
}

/** The part of a media type that people know: `PDF`, `Markdown`. */
export function mediaType(type) {
  const known = {
    "application/pdf": "PDF",
    "text/markdown": "Markdown",
    "text/plain": "Text",
    "text/html": "HTML",
    "text/csv": "CSV",
    "message/rfc822": "Mail",
    "application/json": "JSON",
    "application/epub+zip": "EPUB",
    "application/rtf": "RTF",
    "application/msword": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
  };
  return known[type] ?? type.split("/").pop().replace(/^(x-|vnd\.)/, "").split(/[.+]/).pop();
}
