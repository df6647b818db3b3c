import type { Filter } from './filters.ts';

/** The chosen values of a variable; `isAll` when "All" is chosen. */
export interface Chosen {
  readonly values: readonly string[];
  readonly texts: readonly string[];
  readonly isAll: boolean;
  /** Inserted raw in place of all values. */
  readonly allValue: string;
  readonly isMulti: boolean;
  /** Of an ad hoc variable: what is added to every selector. */
  readonly filters?: readonly Filter[];
}

export type Choices = ReadonlyMap<string, Chosen>;

/** `$__interval` and its like, ready to insert. */
export type Macros = Readonly<Record<string, string>>;

const REFERENCE = /\$(\w+)|\$\{([\w.]+)(?::([\w]+))?\}|\[\[([\w.]+)(?::([\w]+))?\]\]/g;

/**
 * Puts variables and macros into a PromQL expression or a title. A variable of many values becomes a regular expression's
 * alternation, a single one is inserted as it is, `allValue` raw; names that are no variable stay as written.
 */
export function substitute(
  text: string,
  choices: Choices,
  macros: Macros,
  target: 'query' | 'text' = 'query',
): string {
  return text.replace(REFERENCE, (whole, plain, braced, bracedFormat, bracketed, bracketedFormat) => {
    const name: string = plain ?? braced ?? bracketed;
    const format: string | undefined = bracedFormat ?? bracketedFormat;
    const macro = macros[name];
    if (macro !== undefined) return macro;
    const chosen = choices.get(name);
    if (!chosen) return whole;
    if (format !== undefined) return formatted(chosen, format);
    if (target === 'text') return chosen.isAll ? 'All' : chosen.texts.join(' + ');
    if (chosen.isAll && chosen.allValue !== '') return chosen.allValue;
    if (!chosen.isMulti && !chosen.isAll) return chosen.values[0] ?? '';
    return alternation(chosen.values);
  });
}

function alternation(values: readonly string[]): string {
  const escaped = values.map(escapeRegex);
  return escaped.length === 1 ? escaped[0]! : `(${escaped.join('|')})`;
}

/** Escaped once for the regular expression and once for the quoted PromQL string around it. */
function escapeRegex(value: string): string {
  return value.replaceAll('\\', '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
}

function formatted({ values, texts }: Chosen, format: string): string {
  switch (format) {
    case 'pipe':
      return values.join('|');
    case 'regex':
      return alternation(values);
    case 'csv':
      return values.join(',');
    case 'json':
      return JSON.stringify(values);
    case 'text':
      return texts.join(' + ');
    case 'doublequote':
      return values.map((value) => JSON.stringify(value)).join(',');
    case 'singlequote':
      return values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(',');
    case 'percentencode':
      return encodeURIComponent(values.join(','));
    case 'raw':
      return values.join(',');
    default:
      return values.length === 1 ? values[0]! : `{${values.join(',')}}`;
  }
}
