import { labelsFromObject } from '../model/labels.ts';
import type { Element } from '../testing/rules.ts';
import type { RangeEvaluate } from './rehearse.ts';

/** Evaluates a range from what holds at each instant. */
export function rangeOf(instant: (timestamp: number) => readonly Element[]): RangeEvaluate {
  return async ({ start, end, stepMs }) => {
    const series = new Map<string, { labels: Element['labels']; timestamps: number[]; values: number[] }>();
    for (let at = start; at <= end; at += stepMs) {
      for (const { labels, value } of instant(at)) {
        const key = JSON.stringify(labels);
        const known = series.get(key) ?? { labels, timestamps: [], values: [] };
        series.set(key, known);
        known.timestamps.push(at);
        known.values.push(value);
      }
    }
    return [...series.values()].map((each) => ({ ...each, labels: labelsFromObject(each.labels) }));
  };
}
