import type { Cardinality, VectorMatching } from '../ast.ts';
import { DURATION, NUMBER } from '../tokens.ts';
import { readGroupingLabels } from './grouping.ts';
import type { TokenReader } from './token-reader.ts';

/** What may stand between a binary operator and its right side. */
export interface BinaryModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

export function readBinaryModifiers(tokens: TokenReader): BinaryModifiers {
  const returnBool = tokens.is('bool');
  if (returnBool) tokens.skip();
  let cardinality: Cardinality = 'one-to-one';
  let labels: readonly string[] = [];
  let include: readonly string[] = [];
  let on = false;
  if (tokens.is('on') || tokens.is('ignoring')) {
    on = tokens.take().type === 'on';
    labels = readGroupingLabels(tokens).labels;
    if (tokens.is('group_left') || tokens.is('group_right')) {
      cardinality = tokens.take().type === 'group_left' ? 'many-to-one' : 'one-to-many';
      if (tokens.is('(')) include = readGroupingLabels(tokens).labels;
    }
  }
  let fillLeft: number | undefined;
  let fillRight: number | undefined;
  if (tokens.is('fill')) {
    fillLeft = fillRight = readFillValue(tokens);
  } else {
    if (tokens.is('fill_left')) fillLeft = readFillValue(tokens);
    if (tokens.is('fill_right')) fillRight = readFillValue(tokens);
    if (fillLeft === undefined && tokens.is('fill_left')) fillLeft = readFillValue(tokens);
  }
  return { returnBool, matching: { cardinality, labels, on, include, fillLeft, fillRight } };
}

function readFillValue(tokens: TokenReader): number {
  tokens.skip();
  if (!tokens.is('(')) throw tokens.unexpected();
  tokens.skip();
  const isNegative = tokens.is('-');
  if (isNegative || tokens.is('+')) tokens.skip();
  if (!tokens.is(NUMBER) && !tokens.is(DURATION)) throw tokens.unexpected();
  const value = tokens.number().value;
  if (!tokens.is(')')) throw tokens.unexpected();
  tokens.skip();
  return isNegative ? -value : value;
}
