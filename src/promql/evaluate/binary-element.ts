import type { Histogram } from '../../model/histogram.ts';
import type { Annotations } from '../annotations.ts';
import { texts } from '../annotations.ts';
import { type BinaryOp, isComparison } from '../ast.ts';
import type { Position } from '../errors.ts';
import { goMod, goPow } from '../go-math.ts';
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

export type FloatOperation = (left: number, right: number) => number;

/** Comparisons give 1 or 0 here. */
export const floatOperations: Readonly<Partial<Record<BinaryOp, FloatOperation>>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': goMod,
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
export function operate(
  op: BinaryOp,
  left: Element,
  right: Element,
  result: Element,
  annotations: Annotations,
  position: Position,
): Outcome {
  result.histogram = undefined;
  if (left.histogram === undefined && right.histogram === undefined) {
    const operation = floatOperations[op];
    if (operation === undefined) return incompatible('float', op, 'float', annotations, position);
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
    if (op !== '*') return incompatible('float', op, 'histogram', annotations, position);
    result.histogram = compactHistogram(scaleHistogram(right.histogram!, left.value));
    return 'keep';
  }
  if (right.histogram === undefined) {
    const histogram = withNumber(op, left.histogram, right.value);
    if (histogram === undefined) return incompatible('histogram', op, 'float', annotations, position);
    result.histogram = histogram;
    return 'keep';
  }
  return twoHistograms(op, left.histogram, right.histogram, result, annotations, position);
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

function twoHistograms(
  op: BinaryOp,
  left: Histogram,
  right: Histogram,
  result: Element,
  annotations: Annotations,
  position: Position,
): Outcome {
  if (op === '==' || op === '!=') {
    result.histogram = left;
    return equalHistograms(left, right) === (op === '==') ? 'keep' : 'drop';
  }
  if (op !== '+' && op !== '-') return incompatible('histogram', op, 'histogram', annotations, position);
  const operation = op === '+' ? 'addition' : 'subtraction';
  try {
    const combined = op === '+' ? addHistograms(left, right) : subtractHistograms(left, right);
    if (combined.isCollision) annotations.warn(texts.resetCollision(operation), position);
    if (combined.isReconciled) annotations.info(texts.mismatchedCustomBuckets(operation), position);
    result.histogram = op === '+' ? combined.histogram : { ...combined.histogram, counterResetHint: 'gauge' };
    return 'keep';
  } catch (error) {
    if (!(error instanceof IncompatibleSchemasError)) throw error;
    annotations.warn(texts.incompatibleBucketLayout(op), position);
    return 'none';
  }
}

function incompatible(
  left: string,
  op: BinaryOp,
  right: string,
  annotations: Annotations,
  position: Position,
): Outcome {
  annotations.info(texts.incompatibleTypes(left, op, right), position);
  return 'none';
}
