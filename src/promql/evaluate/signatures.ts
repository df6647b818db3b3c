import {
  compareStrings,
  filterLabels,
  type Labels,
  labelsFromSorted,
  labelsKey,
  METRIC_NAME,
} from '../../model/labels.ts';
import type { VectorMatching } from '../ast.ts';
import type { Column } from './value.ts';

/** The labels two sides are matched on. */
export function matchLabels(labels: Labels, matching: VectorMatching): Labels {
  return matching.on
    ? filterLabels(labels, (name) => matching.labels.includes(name))
    : filterLabels(labels, (name) => name !== METRIC_NAME && !matching.labels.includes(name));
}

/** Numbers match groups: equal labels, equal number. */
export class Signatures {
  private readonly numbers = new Map<string, number>();
  private readonly matching: VectorMatching;

  constructor(matching: VectorMatching) {
    this.matching = matching;
  }

  /** The group of each series, computed once for all steps. */
  of(columns: readonly Column[]): Int32Array {
    const groups = new Int32Array(columns.length);
    for (let i = 0; i < columns.length; i++) {
      const key = labelsKey(matchLabels(columns[i]!.labels, this.matching));
      let group = this.numbers.get(key);
      if (group === undefined) {
        group = this.numbers.size;
        this.numbers.set(key, group);
      }
      groups[i] = group;
    }
    return groups;
  }

  get count(): number {
    return this.numbers.size;
  }
}

/** Labels with one set or, for an empty value, removed. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const flat: string[] = [];
  let isPlaced = value === '';
  for (let i = 0; i < labels.length; i += 2) {
    const here = labels[i]!;
    if (!isPlaced && compareStrings(name, here) <= 0) {
      flat.push(name, value);
      isPlaced = true;
    }
    if (here !== name) flat.push(here, labels[i + 1]!);
  }
  if (!isPlaced) flat.push(name, value);
  return labelsFromSorted(flat);
}

/** The labels of an aggregation's group: those named, or all but those named and the metric name. */
export function groupLabels(labels: Labels, names: ReadonlySet<string>, without: boolean): Labels {
  return without
    ? filterLabels(labels, (name) => name !== METRIC_NAME && !names.has(name))
    : filterLabels(labels, (name) => names.has(name));
}
