import type { PageFamily, PageMetric } from './page-families.ts';

/** Something about a metric that is valid and against the conventions. */
export interface PageProblem {
  readonly metric: string;
  readonly text: string;
}

/** Units and the base unit of each, as promlint of client_golang 1.24.1 knows them. */
const BASE_UNITS: Readonly<Record<string, string>> = {
  amperes: 'amperes',
  bytes: 'bytes',
  celsius: 'celsius',
  grams: 'grams',
  joules: 'joules',
  kelvin: 'kelvin',
  meters: 'meters',
  metres: 'metres',
  seconds: 'seconds',
  volts: 'volts',
  minutes: 'seconds',
  hours: 'seconds',
  days: 'seconds',
  weeks: 'seconds',
  kelvins: 'kelvin',
  fahrenheit: 'celsius',
  rankine: 'celsius',
  inches: 'meters',
  yards: 'meters',
  miles: 'meters',
  bits: 'bytes',
  calories: 'joules',
  pounds: 'grams',
  ounces: 'grams',
};
const PREFIXES =
  'pico nano micro milli centi deci deca hecto kilo kibi mega mibi giga gibi tera tebi peta pebi'.split(' ');
const ABBREVIATIONS = 's ms us ns sec b kb mb gb tb pb m h d'.split(' ');
const CAMEL_CASE = /[a-z][A-Z]/;

/** What promtool's `check metrics` finds, in its words and its order: by metric, then by text. */
export function lintPage(families: readonly PageFamily[]): PageProblem[] {
  return families
    .flatMap((family) => textsOf(family).map((text): PageProblem => ({ metric: family.name, text })))
    .sort((a, b) => compare(a.metric, b.metric) || compare(a.text, b.text));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function textsOf({ name, type, help, metrics }: PageFamily): string[] {
  const texts: string[] = [];
  const say = (isSo: boolean, text: string): void => {
    if (isSo) texts.push(text);
  };
  const lower = name.toLowerCase();
  const hasPart = (part: string): boolean => lower.includes(`_${part}_`) || lower.endsWith(`_${part}`);
  const isTyped = type !== 'untyped';
  const isHistogram = type === 'histogram';
  const isSummary = type === 'summary';
  const isPlain = isTyped && !isHistogram && !isSummary;

  say(help === undefined, 'no help text');
  const unit = unitIn(name);
  if (unit && unit !== BASE_UNITS[unit]) texts.push(`use base unit "${baseOf(unit)}" instead of "${unit}"`);
  if (type === 'counter') say(!name.endsWith('_total'), 'counter metrics should have "_total" suffix');
  else say(isTyped && name.endsWith('_total'), 'non-counter metrics should not have "_total" suffix');
  say(
    isTyped && !isHistogram && name.endsWith('_bucket'),
    'non-histogram metrics should not have "_bucket" suffix',
  );
  for (const ending of ['_count', '_sum'])
    say(
      isPlain && name.endsWith(ending),
      `non-histogram and non-summary metrics should not have "${ending}" suffix`,
    );
  say(isTyped && hasPart(type), `metric name should not include type '${type}'`);
  say(name.includes(':'), "metric names should not contain ':'");
  say(CAMEL_CASE.test(name), "metric names should be written in 'snake_case' not 'camelCase'");
  for (const { labels } of metrics) {
    for (const [label] of labels) {
      say(isTyped && !isHistogram && label === 'le', 'non-histogram metrics should not have "le" label');
      say(
        isTyped && !isSummary && label === 'quantile',
        'non-summary metrics should not have "quantile" label',
      );
      say(CAMEL_CASE.test(label), "label names should be written in 'snake_case' not 'camelCase'");
    }
  }
  for (const part of ABBREVIATIONS) say(hasPart(part), 'metric names should not contain abbreviated units');
  for (let i = copiesIn(metrics); i > 0; i--) texts.push('metric not unique');
  return texts;
}

/** How many have a later one with the same labels in the same order. */
function copiesIn(metrics: readonly PageMetric[]): number {
  return metrics.length - new Set(metrics.map(({ labels }) => JSON.stringify(labels))).size;
}

/** The first part of a name that is a unit, with or without a prefix. */
const unitIn = (name: string): string | undefined =>
  name.split('_').find((part) => baseOf(part) !== undefined);

function baseOf(part: string): string | undefined {
  if (Object.hasOwn(BASE_UNITS, part)) return BASE_UNITS[part];
  for (const prefix of PREFIXES) {
    const rest = part.slice(prefix.length);
    if (part.startsWith(prefix) && Object.hasOwn(BASE_UNITS, rest)) return BASE_UNITS[rest];
  }
  return undefined;
}
