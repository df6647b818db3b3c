import { isScalar, parseDocument, type Scalar, visit } from 'yaml';
import { compareStrings } from '../../model/labels.ts';
import type { Render } from '../notification.ts';

/** Renders every string in a tree of values, keys too, and lets `read` say what a rendered text stands for. */
export function renderDeep(
  value: unknown,
  render: Pick<Render, 'text'>,
  read: (text: string) => unknown,
): unknown {
  if (typeof value === 'string') return read(render.text(value));
  if (Array.isArray(value)) return value.map((one) => renderDeep(one, render, read));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => [
    render.text(key),
    renderDeep(one, render, read),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => compareStrings(a, b)));
}

/** Longest text that is read as YAML, characters: longer ones take too long, and are messages. */
const MAX_YAML = 32_768;

/**
 * What a text is as YAML 1.1, as upstream reads it: `5` a number, `yes` true, nothing at all null, `a: b` a map; a text that is no YAML, or
 * plain words, is itself.
 */
export function yamlValue(text: string): unknown {
  const json = jsonValue(text);
  if (json !== undefined) return json;
  if (text.length > MAX_YAML) return text;
  try {
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
    if (document.errors.length > 0) return text;
    if (document.contents === null) return null;
    visit(document, { Scalar: (_, node) => void resolvePlain(node) });
    // Words keep what YAML would fold away.
    if (isScalar(document.contents) && typeof document.contents.value === 'string') return text;
    visit(document, {
      Map: (_, map) => {
        map.items = map.items.filter(({ key }) => isScalar(key) && typeof key.value === 'string');
      },
    });
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return text;
  }
}

/** A list or a map written as JSON or as YAML in brackets; everything else is the text itself. */
export function containerValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  const value = yamlValue(text);
  return value !== null && typeof value === 'object' ? value : text;
}

/** JSON means the same in YAML, and is read a hundred times faster. */
function jsonValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function resolvePlain(node: Scalar): void {
  if (node.tag === undefined && node.type === 'PLAIN') node.value = plainValue(String(node.value));
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);

/** Bases as Go's parser of integers takes them; a leading zero alone is octal. */
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

function plainValue(text: string): string | number | boolean | null {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const digits = text.replaceAll('_', '');
  if (!/^[-+.\d]/.test(text)) return text;
  const integer = INTEGER.exec(digits);
  const number = integer ? integerOf(integer) : FLOAT.test(digits) ? Number(digits) : Number.NaN;
  // A number that JavaScript cannot hold stays as it is written.
  return Number.isFinite(number) && (!integer || Number.isSafeInteger(number)) ? number : text;
}

function integerOf([, sign, hex, binary, octal, decimal]: RegExpExecArray): number {
  const value =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : binary !== undefined
        ? Number.parseInt(binary, 2)
        : octal !== undefined
          ? Number.parseInt(octal, 8)
          : Number(decimal);
  return sign === '-' ? 0 - value : value;
}
