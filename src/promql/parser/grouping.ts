import { isLabelName, quote } from '../../model/labels.ts';
import { unquoteString } from '../string-literal.ts';
import { IDENTIFIER, isReservedWord, METRIC_IDENTIFIER, STRING } from '../tokens.ts';
import type { TokenReader } from './token-reader.ts';

/** Reads label names in parentheses. */
export function readGroupingLabels(tokens: TokenReader): { labels: readonly string[]; end: number } {
  if (!tokens.is('(')) throw tokens.unexpected('grouping opts', '"("');
  tokens.skip();
  const labels: string[] = [];
  while (!tokens.is(')')) {
    const token = tokens.peek();
    if (!isLabelWord(token.type) && token.type !== STRING) throw tokens.unexpected('grouping opts', 'label');
    tokens.skip();
    const label = token.type === STRING ? unquoteString(token.text) : token.text;
    if (!isLabelName(label)) throw tokens.fail(token, `invalid label name for grouping: ${quote(label)}`);
    labels.push(label);
    if (tokens.is(',')) tokens.skip();
    else if (!tokens.is(')')) throw tokens.unexpected('grouping opts', '"," or ")"');
  }
  return { labels, end: tokens.take().end };
}

const isLabelWord = (type: string): boolean =>
  type === IDENTIFIER || type === METRIC_IDENTIFIER || (isReservedWord(type) && type !== 'without');
