import { filterLabels, type Labels, labelsFromSorted, labelsKey, METRIC_NAME } from '../../model/labels.ts';
import { executionError } from '../errors.ts';
import type { EvalContext } from './context.ts';
import { ABSENT, type Column, copyStep, newColumn } from './value.ts';

const isMetadata = (name: string): boolean =>
  name === METRIC_NAME || name === '__type__' || name === '__unit__';

/** Without the metric name, type and unit: what a function or operator that changes the meaning drops. */
export function dropMetadata(labels: Labels): Labels {
  let found = 0;
  for (let i = 0; i < labels.length; i += 2) if (isMetadata(labels[i]!)) found++;
  if (found === 0) return labels;
  // The name alone, in front, is what nearly all have.
  if (found === 1 && isMetadata(labels[0]!)) return labelsFromSorted(labels.slice(2));
  return filterLabels(labels, (name) => !isMetadata(name));
}

export const DUPLICATE_LABELSET = 'vector cannot contain metrics with the same labelset';

/**
 * Joins series with equal label sets into one where they never meet at a step.
 * @throws PromqlError when two of them have a sample at the same step
 */
export function mergeSameLabels(
  { room }: Pick<EvalContext, 'room'>,
  columns: readonly Column[],
  steps: number,
): readonly Column[] {
  if (columns.length < 2) return columns;
  const byKey = new Map<string, number>();
  let merged: Column[] | undefined;
  const owned = new Set<number>();
  for (let c = 0; c < columns.length; c++) {
    const column = columns[c]!;
    const key = labelsKey(column.labels);
    const known = byKey.get(key);
    if (known === undefined) {
      byKey.set(key, merged === undefined ? c : merged.length);
      merged?.push(column);
      continue;
    }
    merged ??= columns.slice(0, c);
    let target = merged[known]!;
    if (!owned.has(known)) {
      owned.add(known);
      const copy = newColumn(room, target.labels, steps, target.dropName);
      for (let step = 0; step < steps; step++) copyStep(target, copy, step);
      merged[known] = copy;
      target = copy;
    }
    for (let step = 0; step < steps; step++) {
      if (column.present[step] === ABSENT) continue;
      if (target.present[step] !== ABSENT) throw executionError(DUPLICATE_LABELSET);
      copyStep(column, target, step);
    }
  }
  return merged ?? columns;
}

/** @throws PromqlError when two series have the same label set */
export function rejectSameLabels(columns: readonly Column[]): void {
  if (columns.length < 2) return;
  const keys = new Set<string>();
  for (const column of columns) {
    const key = labelsKey(column.labels);
    if (keys.has(key)) throw executionError(DUPLICATE_LABELSET);
    keys.add(key);
  }
}

/** Labels of a result that is no longer the metric it came from; names that are dropped at the end of the query stay until then. */
export function withoutName(context: EvalContext, labels: Labels): Labels {
  return context.options.delayedNameRemoval ? labels : dropMetadata(labels);
}

/** Series whose names were dropped at once may have become equal; with delayed removal that is settled at the end. */
export function settleNames(
  context: EvalContext,
  columns: readonly Column[],
  steps: number,
): readonly Column[] {
  return context.options.delayedNameRemoval ? columns : mergeSameLabels(context, columns, steps);
}
