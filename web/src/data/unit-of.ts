import { splitComparison } from './threshold.ts';

/** Endings of metric names by what they measure, as the naming conventions of exporters have it. */
const ENDINGS: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/_seconds(?:_bucket|_sum)?$/, 's'],
  [/_milliseconds$/, 'ms'],
  [/_bytes$/, 'bytes'],
  [/_ratio$/, 'percentunit'],
  [/_percent$/, 'percent'],
  [/_celsius$/, 'celsius'],
  [/_volts$/, 'volt'],
  [/_amperes$/, 'amp'],
  [/_watts$/, 'watt'],
];

const RATES = /\b(?:rate|irate|deriv)\s*\(/;

/** What an alert's value is measured in, told from its rule's expression; undefined when it cannot be told. */
export function unitOfExpr(expr: string): string | undefined {
  const measured = splitComparison(expr)?.measured ?? expr;
  const plain = measured.replace(/"(?:[^"\\]|\\.)*"|\{[^}]*\}|\[[^\]]*\]/g, '').trim();
  if (/\*\s*100\s*\)*$|^\(*\s*100\s*(?:-|\*)/.test(plain)) return 'percent';
  if (/^\(*\s*time\(\)\s*-/.test(plain)) return 's';
  if (/^\(*\s*(?:count|absent|changes|resets)\w*\b/.test(plain)) return undefined;
  const quotient = topDivision(plain);
  if (quotient) {
    const [over, under] = quotient.map(kindOf);
    return over !== undefined && over === under ? 'percentunit' : undefined;
  }
  return unitOf(plain);
}

function unitOf(plain: string): string | undefined {
  const units = new Set(namesIn(plain).map((name) => ENDINGS.find(([ending]) => ending.test(name))?.[1]));
  if (units.size !== 1) return rateUnit(plain);
  const [unit] = units;
  const isRate = RATES.test(plain) && !/\bhistogram_quantile\s*\(/.test(plain);
  return isRate ? rateUnit(plain) : unit;
}

function rateUnit(plain: string): string | undefined {
  return RATES.test(plain) && namesIn(plain).every((name) => /_bytes(?:_total)?$/.test(name))
    ? 'Bps'
    : undefined;
}

/** What a side of a quotient counts, so that two equal ones make a share. */
function kindOf(side: string): string | undefined {
  const kinds = new Set(
    namesIn(side).map((name) => /_(total|count|bytes|seconds|sum|connections|files)$/.exec(name)?.[1] ?? ''),
  );
  if (kinds.size !== 1) return undefined;
  const [kind] = kinds;
  const isRate = RATES.test(side) || /\bincrease\s*\(/.test(side);
  return kind === 'count' ? 'total rate' : `${kind} ${isRate ? 'rate' : ''}`;
}

/** Both sides of a division at the top of an expression that has one and only it. */
function topDivision(plain: string): [string, string] | undefined {
  let depth = 0;
  let at = -1;
  const body = plain.startsWith('(') && plain.endsWith(')') && isWrapped(plain) ? plain.slice(1, -1) : plain;
  for (let i = 0; i < body.length; i++) {
    if (body[i] === '(') depth++;
    else if (body[i] === ')') depth--;
    else if (depth === 0 && /[+*-]/.test(body[i]!)) return undefined;
    else if (depth === 0 && body[i] === '/') {
      if (at >= 0) return undefined;
      at = i;
    }
  }
  return at < 0 ? undefined : [body.slice(0, at), body.slice(at + 1)];
}

function isWrapped(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i === text.length - 1;
  }
  return false;
}

/** Metric names: words with an underscore or a colon that are neither called nor part of a grouping. */
function namesIn(plain: string): string[] {
  const body = plain.replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  return [...body.matchAll(/[a-zA-Z_:][\w:]*/g)]
    .filter(({ 0: word, index }) => /[_:]/.test(word) && !/^\s*\(/.test(body.slice(index + word.length)))
    .map((match) => match[0]);
}
