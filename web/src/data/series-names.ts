import type { LabelMap } from './api-types.ts';
import { seriesText } from './matrix.ts';

export interface SeriesNames {
  /** One for each series: the labels in which it differs from the others. */
  readonly names: readonly string[];
  /** What all of them have, as a selector; empty when there is nothing, or only one series. */
  readonly common: string;
}

/** Names series by what tells them apart, so that a legend can be read. */
export function seriesNames(series: readonly LabelMap[]): SeriesNames {
  const [first] = series;
  if (!first || series.length === 1) return { names: series.map(seriesText), common: '' };
  const shared = Object.entries(first).filter(([name, value]) => series.every((one) => one[name] === value));
  const names = series.map((one) =>
    seriesText(
      Object.fromEntries(Object.entries(one).filter(([name]) => !shared.some(([own]) => own === name))),
    ),
  );
  return { names, common: shared.length === 0 ? '' : seriesText(Object.fromEntries(shared)) };
}
