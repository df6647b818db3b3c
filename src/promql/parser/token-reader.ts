import type { Expr } from '../ast.ts';
import { type Position, parseError } from '../errors.ts';
import { tokenize } from '../lexer.ts';
import { parseDurationToken, parseNumber } from '../numbers.ts';
import { DURATION, describeToken, ERROR, type Token } from '../tokens.ts';

/** Levels a tree may have and brackets may nest: deep enough for people, shallow enough for recursion. */
export const MAX_DEPTH = 1000;

/** Where in a query its parser stands: the tokens, what is open, and the errors that say where. */
export class TokenReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;
  /** How many aggregations are open: a syntax error inside one says so. */
  #openAggregations = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  /** The token at hand, or one after it; at the end always the last one. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.peek();
    if (this.#index < this.#tokens.length) this.#index++;
    return token;
  }

  skip(count = 1): void {
    this.#index += count;
  }

  is(type: string): boolean {
    return this.peek().type === type;
  }

  /** Where the token before this one ends. */
  lastEnd(): number {
    return this.#tokens[this.#index - 1]!.end;
  }

  /** Reads a number or duration, the latter as seconds. */
  number(): Expr & { kind: 'number' } {
    const token = this.take();
    const position = positionOf(token);
    if (token.type === DURATION) {
      const milliseconds = parseDurationToken(token.text, (message) => this.fail(position, message));
      return { kind: 'number', value: milliseconds / 1000, isDuration: true, position, height: 1 };
    }
    const value = parseNumber(token.text, (message) => this.fail(position, message));
    return { kind: 'number', value, isDuration: false, position, height: 1 };
  }

  beginAggregation(): void {
    this.#openAggregations++;
  }

  endAggregation(): void {
    this.#openAggregations--;
  }

  /** To be called where the parser calls itself; `ascend` where it comes back. @throws PromqlError beyond MAX_DEPTH */
  descend(): void {
    if (++this.#depth > MAX_DEPTH) throw this.tooDeep(this.peek());
  }

  ascend(): void {
    this.#depth--;
  }

  /** Levels of a tree with these children. @throws PromqlError beyond MAX_DEPTH */
  heightAbove(position: Position, ...children: readonly Expr[]): number {
    let height = 1;
    for (const child of children) height = Math.max(height, child.height + 1);
    if (height > MAX_DEPTH) throw this.tooDeep(position);
    return height;
  }

  fail(position: Position, message: string): Error {
    return parseError(this.#text, position, message);
  }

  /** The error for the token at hand, in upstream's words. */
  unexpected(context = this.#openAggregations > 0 ? 'aggregation' : '', expected = ''): Error {
    const token = this.peek();
    if (token.type === ERROR) return this.fail(token, token.text);
    const where = context === '' ? '' : ` in ${context}`;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    return this.fail(token, `unexpected ${describeToken(token)}${where}${wanted}`);
  }

  tooDeep(position: Position): Error {
    return this.fail(position, `expression is nested too deeply, at most ${MAX_DEPTH} levels are allowed`);
  }
}

export const positionOf = (token: Token): Position => ({ start: token.start, end: token.end });
