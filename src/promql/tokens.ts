import { quote } from '../model/labels.ts';

/** Operators and punctuation are named by themselves, keywords by their lower-case word. */
export type TokenType = string;

export interface Token {
  readonly type: TokenType;
  /** The text as written; for ERROR the message. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export const EOF = 'EOF';
export const ERROR = 'ERROR';
export const NUMBER = 'NUMBER';
export const DURATION = 'DURATION';
export const STRING = 'STRING';
export const IDENTIFIER = 'IDENTIFIER';
export const METRIC_IDENTIFIER = 'METRIC_IDENTIFIER';

export const AGGREGATORS: ReadonlySet<string> = new Set(
  'sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio'.split(
    ' ',
  ),
);
const KEYWORDS: ReadonlySet<string> = new Set(
  'offset smoothed anchored by without on ignoring group_left group_right fill fill_left fill_right bool'.split(
    ' ',
  ),
);
const WORD_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'atan2']);
const PREPROCESSORS: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'max_of', 'min_of']);
const SYMBOL_OPERATORS: ReadonlySet<string> = new Set('+ - * / % ^ == != <= < >= > </ >/ =~ !~ @'.split(' '));
export const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'max_of', 'min_of']);

/** Whether the token is a word the language gives a meaning to, outside of braces. */
export const isReservedWord = (type: TokenType): boolean =>
  AGGREGATORS.has(type) || KEYWORDS.has(type) || WORD_OPERATORS.has(type) || PREPROCESSORS.has(type);

/** How an error message speaks of a token. */
export function describeToken(token: Token): string {
  switch (token.type) {
    case EOF:
      return 'end of input';
    case IDENTIFIER:
      return `identifier ${quote(token.text)}`;
    case METRIC_IDENTIFIER:
      return `metric identifier ${quote(token.text)}`;
    case STRING:
      return `string ${shortQuote(token.text)}`;
    case NUMBER:
      return `number ${shortQuote(token.text)}`;
    case DURATION:
      return `duration ${shortQuote(token.text)}`;
  }
  if (KEYWORDS.has(token.type)) return `<${token.text}>`;
  if (WORD_OPERATORS.has(token.type) || SYMBOL_OPERATORS.has(token.type)) return `<op:${token.text}>`;
  if (AGGREGATORS.has(token.type)) return `<aggr:${token.text}>`;
  return quote(token.text);
}

function shortQuote(text: string): string {
  return text.length > 10 ? `${quote(text.slice(0, 10))}...` : quote(text);
}
