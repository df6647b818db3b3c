import type { RuleEvaluationResult, RuleSample } from '../model/evaluation.ts';
import type { Histogram } from '../model/histogram.ts';
import { type Labels, labelsFromSorted } from '../model/labels.ts';

/**
 * A rule's result on its way between threads: columns, and each distinct text once. A thousand series cost a third of what an object
 * for each does, and the main thread least of it.
 */
export interface RuleColumns {
  readonly texts: readonly string[];
  /**
   * Per sample its labels and, with templates, its expanded labels and annotations: each a count of entries and then the places of names
   * and values in `texts`, in turn.
   */
  readonly entries: Uint32Array;
  readonly values: Float64Array;
  /** Those samples that are histograms, by their place. */
  readonly histograms: ReadonlyMap<number, Histogram> | undefined;
  readonly hasTemplates: boolean;
  readonly warnings: readonly string[];
}

export function ruleColumns({ samples, warnings }: RuleEvaluationResult): RuleColumns {
  const texts: string[] = [];
  const places = new Map<string, number>();
  const entries: number[] = [];
  const placeOf = (text: string): number => {
    let place = places.get(text);
    if (place === undefined) {
      place = texts.length;
      places.set(text, place);
      texts.push(text);
    }
    return place;
  };
  const add = (flat: readonly string[]): void => {
    entries.push(flat.length / 2);
    for (const text of flat) entries.push(placeOf(text));
  };
  const hasTemplates = samples.some((sample) => sample.expandedLabels !== undefined);
  const values = new Float64Array(samples.length);
  let histograms: Map<number, Histogram> | undefined;
  for (const [i, { labels, value, histogram, expandedLabels, expandedAnnotations }] of samples.entries()) {
    values[i] = value;
    if (histogram) (histograms ??= new Map()).set(i, histogram);
    add(labels);
    if (!hasTemplates) continue;
    add(Object.entries(expandedLabels ?? {}).flat());
    add(Object.entries(expandedAnnotations ?? {}).flat());
  }
  return { texts, entries: Uint32Array.from(entries), values, histograms, hasTemplates, warnings };
}

export function ruleResult(columns: RuleColumns): RuleEvaluationResult {
  const { texts, entries, values, histograms, hasTemplates, warnings } = columns;
  let at = 0;
  const flat = (): string[] => {
    const end = at + 1 + 2 * entries[at]!;
    const taken: string[] = [];
    for (at++; at < end; at++) taken.push(texts[entries[at]!]!);
    return taken;
  };
  const record = (): Readonly<Record<string, string>> => {
    const pairs = flat();
    const found: [string, string][] = [];
    for (let i = 0; i < pairs.length; i += 2) found.push([pairs[i]!, pairs[i + 1]!]);
    return Object.fromEntries(found);
  };
  const samples: RuleSample[] = [];
  for (const [i, value] of values.entries()) {
    const labels: Labels = labelsFromSorted(flat());
    const histogram = histograms?.get(i);
    samples.push({
      labels,
      value,
      ...(histogram && { histogram }),
      ...(hasTemplates && { expandedLabels: record(), expandedAnnotations: record() }),
    });
  }
  return { samples, warnings };
}
