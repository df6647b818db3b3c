import type { SetOp, VectorMatching } from '../ast.ts';
import type { EvalContext } from './context.ts';
import { mergeSameLabels } from './labels.ts';
import { Signatures } from './signatures.ts';
import { ABSENT, type Column, columnBytes, copyStep, type Grid, newColumn } from './value.ts';

/** and, or, unless: series of one side kept by what the other has at the same step. */
export function evaluateSetOperator(
  context: EvalContext,
  op: SetOp,
  matching: VectorMatching,
  left: readonly Column[],
  right: readonly Column[],
  grid: Grid,
): readonly Column[] {
  const signatures = new Signatures(matching);
  const leftGroups = signatures.of(left);
  const rightGroups = signatures.of(right);
  context.budget.bytes(
    signatures.count * grid.count + (left.length + right.length) * columnBytes(grid.count),
  );
  if (op === 'or') {
    if (left.length === 0) return right;
    if (right.length === 0) return left;
    const taken = presence(left, leftGroups, signatures.count, grid.count);
    const added = masked(context, right, rightGroups, taken, false, grid.count);
    return mergeSameLabels(context, [...left, ...added], grid.count);
  }
  const matched = presence(right, rightGroups, signatures.count, grid.count);
  return masked(context, left, leftGroups, matched, op === 'and', grid.count);
}

/** Per group and step, whether any series of the group is there. */
function presence(columns: readonly Column[], groups: Int32Array, count: number, steps: number): Uint8Array {
  const present = new Uint8Array(count * steps);
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!.present;
    const base = groups[i]! * steps;
    for (let step = 0; step < steps; step++) if (column[step] !== ABSENT) present[base + step] = 1;
  }
  return present;
}

/** The steps of each series where its group's presence is as wanted. */
function masked(
  { room }: EvalContext,
  columns: readonly Column[],
  groups: Int32Array,
  present: Uint8Array,
  wanted: boolean,
  steps: number,
): Column[] {
  const kept: Column[] = [];
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    const base = groups[i]! * steps;
    let all = true;
    let any = false;
    for (let step = 0; step < steps; step++) {
      if (column.present[step] === ABSENT) continue;
      if ((present[base + step] === 1) === wanted) any = true;
      else all = false;
    }
    if (!any) continue;
    if (all) {
      kept.push(column);
      continue;
    }
    const out = newColumn(room, column.labels, steps, column.dropName);
    for (let step = 0; step < steps; step++) {
      if (column.present[step] !== ABSENT && (present[base + step] === 1) === wanted)
        copyStep(column, out, step);
    }
    kept.push(out);
  }
  return kept;
}
