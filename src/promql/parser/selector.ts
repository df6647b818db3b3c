import { METRIC_NAME } from '../../model/labels.ts';
import type { Matcher, MatchOp } from '../../model/matcher.ts';
import { compilePattern } from '../../model/pattern.ts';
import type { VectorSelector } from '../ast.ts';
import { unquoteString } from '../string-literal.ts';
import { IDENTIFIER, isReservedWord, METRIC_IDENTIFIER, STRING, type Token } from '../tokens.ts';
import { positionOf, type TokenReader } from './token-reader.ts';

/** Reads what is in braces, if anything is. @param name the metric name before it, already taken */
export function readSelector(tokens: TokenReader, name: Token | undefined): VectorSelector {
  const matchers: Matcher[] = [];
  let position = name === undefined ? positionOf(tokens.peek()) : positionOf(name);
  if (tokens.is('{')) {
    tokens.skip();
    while (!tokens.is('}')) {
      matchers.push(readMatcher(tokens));
      if (tokens.is(',')) tokens.skip();
      else if (!tokens.is('}')) throw tokens.unexpected('label matching', '"," or "}"');
    }
    position = { start: position.start, end: tokens.take().end };
  }
  if (name !== undefined) matchers.push({ name: METRIC_NAME, op: '=', value: name.text });
  return {
    kind: 'vector',
    name: name?.text ?? '',
    matchers,
    offset: 0,
    at: undefined,
    extension: undefined,
    position,
    height: 1,
  };
}

function readMatcher(tokens: TokenReader): Matcher {
  const label = tokens.peek();
  if (label.type !== IDENTIFIER && label.type !== STRING) {
    throw tokens.unexpected('label matching', 'identifier or "}"');
  }
  tokens.skip();
  const name = label.type === STRING ? unquoteString(label.text) : label.text;
  const op = tokens.peek().type;
  if (op !== '=' && op !== '!=' && op !== '=~' && op !== '!~') {
    if (label.type === STRING) return { name: METRIC_NAME, op: '=', value: name };
    throw tokens.unexpected('label matching', 'label matching operator');
  }
  tokens.skip();
  const literal = tokens.peek();
  if (literal.type !== STRING) throw tokens.unexpected('label matching', 'string');
  tokens.skip();
  const value = unquoteString(literal.text);
  if (op === '=~' || op === '!~') {
    try {
      compilePattern(value);
    } catch (error) {
      throw tokens.fail({ start: label.start, end: literal.end }, (error as Error).message);
    }
  }
  return { name, op: op as MatchOp, value };
}

const NOT_METRIC_WORDS: ReadonlySet<string> = new Set([
  'bool',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'atan2',
]);

/** Whether a token may name a metric. */
export const isMetricWord = (type: string): boolean =>
  type === IDENTIFIER || type === METRIC_IDENTIFIER || (isReservedWord(type) && !NOT_METRIC_WORDS.has(type));
