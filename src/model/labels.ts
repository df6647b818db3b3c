declare const brand: unique symbol;

/**
 * A label set: names and values in turn (`[n0, v0, n1, v1, …]`), names unique and sorted by code point, no value empty.
 * Flat, so that it costs one array and crosses threads as it is. The metric name is the label `__name__`.
 * Made only by the functions here.
 */
export type Labels = readonly string[] & { readonly [brand]: 'Labels' };

export const METRIC_NAME = '__name__';

export const NO_LABELS = [] as unknown as Labels;

const SURROGATE = /[\ud800-\udfff]/;

/** Orders by Unicode code point, which is also the order of the UTF-8 bytes; JavaScript's own order differs above U+FFFF. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

/** Builds a label set from pairs in any order; of a name given twice the last wins, empty values are left out. */
export function labelsOf(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const byName = new Map<string, string>();
  for (const [name, value] of pairs) byName.set(name, value);
  const names = [...byName.keys()].filter((name) => byName.get(name) !== '').sort(compareStrings);
  const flat: string[] = [];
  for (const name of names) flat.push(name, byName.get(name)!);
  return flat as unknown as Labels;
}

export function labelsFromObject(object: Readonly<Record<string, string>>): Labels {
  return labelsOf(Object.entries(object));
}

/** Trusts that `flat` is sorted, unique and free of empty values, as when it comes from storage. */
export function labelsFromSorted(flat: readonly string[]): Labels {
  return flat as unknown as Labels;
}

export function labelsToObject(labels: Labels): Record<string, string> {
  const object: Record<string, string> = Object.create(null);
  for (let i = 0; i < labels.length; i += 2) object[labels[i]!] = labels[i + 1]!;
  return object;
}

/** The value of a label, or the empty string when there is none: the two mean the same. */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return '';
}

export function* eachLabel(labels: Labels): Generator<readonly [name: string, value: string]> {
  for (let i = 0; i < labels.length; i += 2) yield [labels[i]!, labels[i + 1]!];
}

/** The set with some labels replaced; an empty value removes the label. */
export function withLabels(labels: Labels, changes: Readonly<Record<string, string>>): Labels {
  return labelsOf([...eachLabel(labels), ...Object.entries(changes)]);
}

export function withoutLabels(labels: Labels, ...names: readonly string[]): Labels {
  return filterLabels(labels, (name) => !names.includes(name));
}

export function filterLabels(labels: Labels, keep: (name: string) => boolean): Labels {
  const flat: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (keep(labels[i]!)) flat.push(labels[i]!, labels[i + 1]!);
  return flat as unknown as Labels;
}

/** A string equal for equal label sets and different for different ones; for use as a Map key, not for show. */
export const labelsKey = (labels: Labels): string => textsKey(labels);

const SEPARATOR = '\xff';
/** Half a letter: no text begins with it that was ever UTF-8. */
const NO_TEXT = '\ud800';

/** The same for any texts in their order; none at all has the key of one empty text. */
export function textsKey(texts: readonly string[]): string {
  for (let i = 0; i < texts.length; i++) {
    if (texts[i]!.includes(SEPARATOR)) return NO_TEXT + JSON.stringify(texts);
  }
  return texts.join(SEPARATOR);
}

export function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Orders label sets pair by pair, then fewer labels first, as upstream sorts results. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return compareStrings(a[i]!, b[i]!);
  return a.length - b.length;
}

const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Whether a label may have this name: any text that is valid UTF-8, but for the empty one. */
export const isLabelName = (text: string): boolean => text !== '' && text.isWellFormed();

/** Whether a name needs no quotes in PromQL's braces. */
export const isLegacyLabelName = (name: string): boolean => LEGACY_LABEL.test(name);
/** Whether a metric name may stand before the braces, unquoted. */
export const isLegacyMetricName = (name: string): boolean => LEGACY_METRIC.test(name);

/** What quotes leave as it is, which is nearly all there is. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** What Go takes for printable; a half of a pair, which no UTF-8 has, is left to the caller. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cs} ]$/u;

/** Quotes as Go's `%q` does for text that is valid UTF-8. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === '"' || char === '\\') out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\t') out += '\\t';
    else if (char === '\r') out += '\\r';
    else if (char === '\x07') out += '\\a';
    else if (char === '\b') out += '\\b';
    else if (char === '\f') out += '\\f';
    else if (char === '\v') out += '\\v';
    else if (PRINTABLE.test(char)) out += char;
    else if (code < 0x80) out += `\\x${hex(code, 2)}`;
    else out += code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  }
  return `${out}"`;
}

/** Escapes as the exposition formats and Alertmanager do: backslash, double quote and newline, nothing else. */
export const escapeText = (text: string): string =>
  /["\\\n]/.test(text) ? text.replace(/["\\\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`)) : text;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** A label's name as PromQL has it: in quotes where it needs them. */
export const labelNameText = (name: string): string => (isLegacyLabelName(name) ? name : quote(name));

/** Writes a label set as upstream does: `{a="b", c="d"}`, the metric name among the labels. */
export function formatLabels(labels: Labels): string {
  const parts: string[] = [];
  for (const [name, value] of eachLabel(labels)) {
    parts.push(`${labelNameText(name)}=${quote(value)}`);
  }
  return `{${parts.join(', ')}}`;
}

/** Writes a series as people do: `name{a="b", c="d"}`; a name that needs quotes goes first inside the braces. */
export function formatSeries(labels: Labels): string {
  const name = labelValue(labels, METRIC_NAME);
  if (name === '') return formatLabels(labels);
  const rest = withoutLabels(labels, METRIC_NAME);
  if (isLegacyMetricName(name)) return rest.length === 0 ? name : name + formatLabels(rest);
  return rest.length === 0 ? `{${quote(name)}}` : `{${quote(name)}, ${formatLabels(rest).slice(1)}`;
}
