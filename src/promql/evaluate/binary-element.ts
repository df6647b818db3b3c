import type { Histogram } from '../../model/histogram.ts';
import { type AnnotationKind, type Annotations, texts } from '../annotations.ts';
import { type BinaryOp, isComparison } from '../ast.ts';
import type { Position } from '../errors.ts';
import { goPow } from '../go-math.ts';
import { IncompatibleSchemasError } from '../histogram/accumulator.ts';
import {
  addHistograms,
  compactHistogram,
  divideHistogram,
  equalHistograms,
  scaleHistogram,
  subtractHistograms,
} from '../histogram/arithmetic.ts';
import { trimHistogram } from '../histogram/trim.ts';

/** A sample on one side of an operator. */
export interface Element {
  value: number;
  histogram: Histogram | undefined;
}

/** Something to tell about an operation. */
export interface Note {
  readonly kind: AnnotationKind;
  readonly text: string;
}

/** What an operation leaves behind; made once, used for every element. */
export interface OperationResult extends Element {
  note: Note | undefined;
}

export const newResult = (): OperationResult => ({ value: 0, histogram: undefined, note: undefined });

/** The notes of an operator between vectors: of those of one step only the last is told, as upstream does. */
export class StepNotes {
  private readonly notes: (Note | undefined)[] = [];

  set(step: number, note: Note | undefined): void {
    if (note) this.notes[step] = note;
  }

  tell(annotations: Annotations, position: Position): void {
    this.notes.forEach((note) => {
      if (note) annotations.add(note.kind, note.text, position);
    });
  }
}

export type FloatOperation = (left: number, right: number) => number;

/** Comparisons give 1 or 0 here. */
export const floatOperations: Readonly<Partial<Record<BinaryOp, FloatOperation>>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': goPow,
  atan2: Math.atan2,
  '==': (left, right) => Number(left === right),
  '!=': (left, right) => Number(left !== right),
  '<': (left, right) => Number(left < right),
  '>': (left, right) => Number(left > right),
  '<=': (left, right) => Number(left <= right),
  '>=': (left, right) => Number(left >= right),
};

/** What became of two elements: nothing (an annotation tells why), or a result that a filter keeps or drops. */
export type Outcome = 'none' | 'keep' | 'drop';

/** Applies an operator to two samples of either kind and leaves the result in `result`. */
export function operate(op: BinaryOp, left: Element, right: Element, result: OperationResult): Outcome {
  result.histogram = undefined;
  result.note = undefined;
  if (left.histogram === undefined && right.histogram === undefined) {
    const operation = floatOperations[op];
    if (operation === undefined) return incompatible('float', op, 'float', result);
    const value = operation(left.value, right.value);
    if (!isComparison(op)) {
      result.value = value;
      return 'keep';
    }
    result.value = left.value;
    return value === 1 ? 'keep' : 'drop';
  }
  result.value = 0;
  if (left.histogram === undefined) {
    if (op !== '*') return incompatible('float', op, 'histogram', result);
    result.histogram = compactHistogram(scaleHistogram(right.histogram!, left.value));
    return 'keep';
  }
  if (right.histogram === undefined) {
    const histogram = withNumber(op, left.histogram, right.value);
    if (histogram === undefined) return incompatible('histogram', op, 'float', result);
    result.histogram = histogram;
    return 'keep';
  }
  return twoHistograms(op, left.histogram, right.histogram, result);
}

function withNumber(op: BinaryOp, histogram: Histogram, number: number): Histogram | undefined {
  switch (op) {
    case '*':
      return compactHistogram(scaleHistogram(histogram, number));
    case '/':
      return compactHistogram(divideHistogram(histogram, number));
    case '</':
      return trimHistogram(histogram, number, 'upper');
    case '>/':
      return trimHistogram(histogram, number, 'lower');
    default:
      return undefined;
  }
}

function twoHistograms(op: BinaryOp, left: Histogram, right: Histogram, result: OperationResult): Outcome {
  if (op === '==' || op === '!=') {
    result.histogram = left;
    return equalHistograms(left, right) === (op === '==') ? 'keep' : 'drop';
  }
  if (op !== '+' && op !== '-') return incompatible('histogram', op, 'histogram', result);
  const operation = op === '+' ? 'addition' : 'subtraction';
  try {
    const combined = op === '+' ? addHistograms(left, right) : subtractHistograms(left, right);
    if (combined.isCollision) {
      result.note = { kind: 'warning', text: texts.resetCollision(operation) };
      return 'none';
    }
    if (combined.isReconciled) result.note = { kind: 'info', text: texts.mismatchedCustomBuckets(operation) };
    result.histogram = op === '+' ? combined.histogram : { ...combined.histogram, counterResetHint: 'gauge' };
    return 'keep';
  } catch (error) {
    if (!(error instanceof IncompatibleSchemasError)) throw error;
    result.note = { kind: 'warning', text: texts.incompatibleBucketLayout(op) };
    return 'none';
  }
}

function incompatible(left: string, op: BinaryOp, right: string, result: OperationResult): Outcome {
  result.note = { kind: 'info', text: texts.incompatibleTypes(left, op, right) };
  return 'none';
}
