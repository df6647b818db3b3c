import { METRIC_TYPES } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';

/** Labels in the order in which they are written. */
export type PageLabels = readonly (readonly [name: string, value: string])[];

export interface PageSeries {
  /** Name of the series, with the family's ending. */
  readonly name: string;
  readonly labels: PageLabels;
  readonly value: number;
  /** Unix ms, NaN without. */
  readonly timestamp: number;
}

/** What has the same labels: one series, or all of a histogram's or summary's. */
export interface PageMetric {
  /** Without `le` and `quantile` where the type has them. */
  readonly labels: PageLabels;
  readonly series: PageSeries[];
}

export interface PageFamily {
  readonly name: string;
  readonly type: 'untyped' | 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string | undefined;
  readonly metrics: readonly PageMetric[];
}

type Family = { -readonly [Key in keyof PageFamily]: PageFamily[Key] } & {
  readonly metrics: PageMetric[];
  readonly byLabels: Map<string, PageMetric>;
  isTyped: boolean;
};

/**
 * Reads a page of the text format as whole families, in the order in which they begin; those without series are left out.
 * @throws Error saying where the page breaks the format, which includes a second HELP or TYPE
 */
export function pageFamilies(page: Uint8Array): PageFamily[] {
  const parser = new TextParser(page);
  const families = new Map<string, Family>();
  /** A histogram's or summary's series have its name with an ending. */
  const known = (name: string): Family | undefined => {
    const exact = families.get(name);
    if (exact) return exact;
    const [, stem = '', ending] = /^(.+)_(bucket|count|sum)$/.exec(name) ?? [];
    const family = families.get(stem);
    const isOne = family?.type === 'histogram' || (family?.type === 'summary' && ending !== 'bucket');
    return isOne ? family : undefined;
  };
  const familyOf = (name: string): Family => {
    let family = known(name);
    if (!family) {
      family = { name, type: 'untyped', help: undefined, metrics: [], byLabels: new Map(), isTyped: false };
      families.set(name, family);
    }
    return family;
  };
  for (;;) {
    const kind = parser.next();
    if (kind === 'end') break;
    if (kind === 'help') {
      const family = familyOf(parser.family);
      if (family.help !== undefined)
        throw new Error(`second HELP line for metric name ${JSON.stringify(family.name)}`);
      family.help = parser.text;
    } else if (kind === 'type') {
      const family = familyOf(parser.family);
      if (family.isTyped || family.metrics.length > 0) {
        throw new Error(
          `second TYPE line for metric name ${JSON.stringify(family.name)}, or TYPE reported after samples`,
        );
      }
      const type = METRIC_TYPES[parser.type]!;
      family.type = type === 'unknown' ? 'untyped' : (type as PageFamily['type']);
      family.isTyped = true;
    } else if (kind === 'sample') {
      const { value, timestamp } = parser;
      const flat = parser.labels();
      const pairs: [string, string][] = [];
      for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!]);
      const name = pairs.find(([label]) => label === '__name__')?.[1] ?? '';
      const labels = pairs.filter(([label]) => label !== '__name__');
      add(familyOf(name), { name, labels, value, timestamp });
    }
  }
  return [...families.values()].filter(({ metrics }) => metrics.length > 0);
}

function add(family: Family, series: PageSeries): void {
  const own = family.type === 'histogram' ? 'le' : family.type === 'summary' ? 'quantile' : undefined;
  if (own === undefined) {
    family.metrics.push({ labels: series.labels, series: [series] });
    return;
  }
  const labels = series.labels.filter(([name]) => name !== own);
  const key = JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
  const metric = family.byLabels.get(key);
  if (metric) {
    metric.series.push(series);
    return;
  }
  const made = { labels, series: [series] };
  family.byLabels.set(key, made);
  family.metrics.push(made);
}
