import { formatLabels, type Labels, labelsKey, labelValue } from '../../model/labels.ts';
import { type BinaryExpr, changesMetric, type VectorMatching } from '../ast.ts';
import { executionError } from '../errors.ts';
import { type Element, floatOperations, newResult, operate, StepNotes } from './binary-element.ts';
import type { EvalContext } from './context.ts';
import { DUPLICATE_LABELSET, dropMetadata, mergeSameLabels } from './labels.ts';
import { matchLabels, Signatures, withLabel } from './signatures.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  histogramBytes,
  isEmptyColumn,
  type MutableColumn,
  newColumn,
  setFloat,
  setHistogram,
} from './value.ts';

/**
 * Arithmetic and comparisons between two vectors. One side is the "one" of the match, its series unique per match group; the
 * other side's series are paired with it group by group, all steps of a pair at a time.
 */
export function evaluateVectorMatch(
  context: EvalContext,
  expr: BinaryExpr,
  matching: VectorMatching,
  left: readonly Column[],
  right: readonly Column[],
  grid: Grid,
): readonly Column[] {
  const hasFill = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (left.length === 0 && right.length === 0) return [];
  if (!hasFill && (left.length === 0 || right.length === 0)) return [];
  const isSwapped = matching.cardinality === 'one-to-many';
  const match = new Match(
    context,
    expr,
    matching,
    isSwapped ? right : left,
    isSwapped ? left : right,
    isSwapped,
    grid,
  );
  return match.evaluate();
}

/** Series of the result, and where each has been matched already. */
interface Output {
  readonly column: MutableColumn;
  /** Steps at which a pair was matched, kept or not; made when a second pair arrives. */
  matched: Uint8Array | undefined;
  isShared: boolean;
}

class Match {
  private readonly context: EvalContext;
  private readonly expr: BinaryExpr;
  private readonly matching: VectorMatching;
  private readonly isSwapped: boolean;
  private readonly grid: Grid;
  /** `many` is the side on the left after a swap, `one` the side whose series are unique per group. */
  private readonly many: readonly Column[];
  private readonly one: readonly Column[];
  private readonly manyGroups: Int32Array;
  private readonly oneGroups: Int32Array;
  private readonly groupCount: number;
  private readonly outputs = new Map<string, Output>();
  /** Per group and step, whether the group was matched: for one-to-one uniqueness and for filling the left side. */
  private readonly matchedGroups: Uint8Array;
  private readonly isOneToOne: boolean;
  private readonly a: Element = { value: 0, histogram: undefined };
  private readonly b: Element = { value: 0, histogram: undefined };
  private readonly result = newResult();
  private readonly notes = new StepNotes();

  constructor(
    context: EvalContext,
    expr: BinaryExpr,
    matching: VectorMatching,
    many: readonly Column[],
    one: readonly Column[],
    isSwapped: boolean,
    grid: Grid,
  ) {
    this.context = context;
    this.expr = expr;
    this.matching = matching;
    this.isSwapped = isSwapped;
    this.grid = grid;
    this.many = many;
    this.one = one;
    this.isOneToOne = matching.cardinality === 'one-to-one';
    const signatures = new Signatures(matching);
    this.manyGroups = signatures.of(many);
    this.oneGroups = signatures.of(one);
    this.groupCount = signatures.count;
    context.budget.bytes(this.groupCount * grid.count + many.length * columnBytes(grid.count));
    this.matchedGroups = new Uint8Array(this.groupCount * grid.count);
  }

  evaluate(): readonly Column[] {
    const { many, one, manyGroups, oneGroups } = this;
    const oneOf = this.groupOne();
    let checked = 0;
    for (let i = 0; i < many.length; i++) {
      if (++checked % 64 === 0) this.context.budget.check();
      const group = manyGroups[i]!;
      const partners = oneOf[group];
      for (const j of partners ?? []) this.pair(many[i]!, one[j]!, group);
      if (this.matching.fillRight !== undefined) this.fillOne(many[i]!, partners ?? [], group);
    }
    if (this.matching.fillLeft !== undefined) {
      for (let j = 0; j < one.length; j++) this.fillMany(one[j]!, oneGroups[j]!);
    }
    this.notes.tell(this.context.annotations, this.expr.position);
    const columns: Column[] = [];
    for (const { column } of this.outputs.values()) if (!isEmptyColumn(column)) columns.push(column);
    return mergeSameLabels(this.context, columns, this.grid.count);
  }

  /** Indexes of the "one" side by group. */
  private groupOne(): (number[] | undefined)[] {
    const oneOf: (number[] | undefined)[] = [];
    let hasDuplicates = false;
    for (let j = 0; j < this.one.length; j++) {
      const group = this.oneGroups[j]!;
      const known = oneOf[group];
      if (known === undefined) oneOf[group] = [j];
      else {
        known.push(j);
        hasDuplicates = true;
      }
    }
    if (hasDuplicates) this.rejectDuplicates(oneOf);
    return oneOf;
  }

  private rejectDuplicates(oneOf: readonly (readonly number[] | undefined)[]): void {
    const { one, many, matching, grid } = this;
    const hasFill = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    for (let step = 0; step < grid.count; step++) {
      for (const group of oneOf) {
        if (group === undefined || group.length < 2) continue;
        const present = group.filter((j) => one[j]!.present[step] !== ABSENT);
        if (present.length < 2) continue;
        if (!hasFill && !many.some((column) => column.present[step] !== ABSENT)) continue;
        const first = formatLabels(one[present[0]!]!.labels);
        const second = formatLabels(one[present[1]!]!.labels);
        const [low, high] = first > second ? [second, first] : [first, second];
        const labels = formatLabels(matchLabels(one[present[1]!]!.labels, matching));
        const side = this.isSwapped ? 'left' : 'right';
        throw executionError(
          `found duplicate series for the match group ${labels} on the ${side} hand-side of the operation: [${low}, ${high}];many-to-many matching not allowed: matching labels must be unique on one side`,
        );
      }
    }
  }

  private pair(many: Column, one: Column, group: number): void {
    const { op, returnBool } = this.expr;
    const output = this.outputFor(many.labels, one.labels, group);
    const operation = floatOperations[op];
    const { column } = output;
    // The first pair of an output cannot collide with another one, unless within its group.
    const isPlain = changesMetric(op) && !output.isShared;
    for (let step = 0; step < this.grid.count; step++) {
      const manyKind = many.present[step]!;
      const oneKind = one.present[step]!;
      if (manyKind === ABSENT || oneKind === ABSENT) continue;
      if (isPlain && manyKind === FLOAT && oneKind === FLOAT) {
        const at = group * this.grid.count + step;
        if (!this.isOneToOne || this.matchedGroups[at] === 0) {
          const x = many.values[step]!;
          const y = one.values[step]!;
          setFloat(column, step, this.isSwapped ? operation!(y, x) : operation!(x, y));
          this.matchedGroups[at] = 1;
          continue;
        }
      }
      this.a.value = many.values[step]!;
      this.a.histogram = manyKind === FLOAT ? undefined : many.histograms![step];
      this.b.value = one.values[step]!;
      this.b.histogram = oneKind === FLOAT ? undefined : one.histograms![step];
      this.operateAt(output, group, step, returnBool);
    }
  }

  private operateAt(output: Output, group: number, step: number, returnBool: boolean): void {
    const { op } = this.expr;
    const [left, right] = this.isSwapped ? [this.b, this.a] : [this.a, this.b];
    const outcome = operate(op, left, right, this.result);
    this.notes.set(step, this.result.note);
    if (outcome === 'none') return;
    this.claim(output, group, step);
    if (returnBool) setFloat(output.column, step, outcome === 'keep' ? 1 : 0);
    else if (outcome === 'drop') return;
    else if (this.result.histogram) {
      this.context.budget.bytes(histogramBytes(this.result.histogram));
      setHistogram(output.column, step, this.result.histogram);
    } else setFloat(output.column, step, this.result.value);
  }

  /** Notes a match at a step and refuses a second one. */
  private claim(output: Output, group: number, step: number): void {
    const at = group * this.grid.count + step;
    if (this.isOneToOne) {
      if (this.matchedGroups[at] === 1) {
        throw executionError(
          'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
        );
      }
    } else {
      output.matched ??= new Uint8Array(this.grid.count);
      if (output.matched[step] === 1 || output.column.present[step] !== ABSENT) {
        throw executionError('multiple matches for labels: grouping labels must ensure unique matches');
      }
      output.matched[step] = 1;
    }
    this.matchedGroups[at] = 1;
    if (output.column.present[step] !== ABSENT) throw executionError(DUPLICATE_LABELSET);
  }

  /** Matches a series with the fill value where its group has nothing on the other side. */
  private fillOne(many: Column, partners: readonly number[], group: number): void {
    const labels = matchLabels(many.labels, this.matching);
    let output: Output | undefined;
    for (let step = 0; step < this.grid.count; step++) {
      if (many.present[step] === ABSENT) continue;
      if (partners.some((j) => this.one[j]!.present[step] !== ABSENT)) continue;
      output ??= this.outputFor(many.labels, labels, group);
      this.a.value = many.values[step]!;
      this.a.histogram = many.histograms?.[step];
      this.b.value = this.matching.fillRight!;
      this.b.histogram = undefined;
      this.operateAt(output, group, step, this.expr.returnBool);
    }
  }

  /** Matches a series of the "one" side with the fill value where nothing matched its group. */
  private fillMany(one: Column, group: number): void {
    const labels = matchLabels(one.labels, this.matching);
    let output: Output | undefined;
    for (let step = 0; step < this.grid.count; step++) {
      if (one.present[step] === ABSENT || this.matchedGroups[group * this.grid.count + step] === 1) continue;
      output ??= this.outputFor(labels, one.labels, group);
      this.a.value = this.matching.fillLeft!;
      this.a.histogram = undefined;
      this.b.value = one.values[step]!;
      this.b.histogram = one.histograms?.[step];
      this.operateAt(output, group, step, this.expr.returnBool);
    }
  }

  private outputFor(many: Labels, one: Labels, group: number): Output {
    const labels = this.resultLabels(many, one);
    const key = `${group}\u0000${labelsKey(labels)}`;
    let output = this.outputs.get(key);
    if (output === undefined) {
      const column = newColumn(this.context.room, labels, this.grid.count, this.expr.returnBool);
      output = { column, matched: undefined, isShared: false };
      this.outputs.set(key, output);
    } else output.isShared = true;
    return output;
  }

  private resultLabels(many: Labels, one: Labels): Labels {
    const { op, returnBool } = this.expr;
    const { matching } = this;
    const dropsName = changesMetric(op) || (returnBool && !this.context.options.delayedNameRemoval);
    let labels = dropsName ? dropMetadata(many) : many;
    if (this.isOneToOne) {
      labels = matching.on
        ? matchLabels(labels, matching)
        : labels.length === 0 || matching.labels.length === 0
          ? labels
          : withoutAll(labels, matching.labels);
    }
    for (const name of matching.include) labels = withLabel(labels, name, labelValue(one, name));
    return labels;
  }
}

function withoutAll(labels: Labels, names: readonly string[]): Labels {
  let rest = labels;
  for (const name of names) rest = withLabel(rest, name, '');
  return rest;
}
