import type { Matcher } from '../model/matcher.ts';
import type { Expr, VectorSelector } from './ast.ts';
import { type CheckOptions, checkTree } from './check.ts';
import { PromqlError } from './errors.ts';
import { parseSelectorTree, parseTree } from './parser.ts';

/**
 * Reads and checks a query.
 * @throws PromqlError of kind bad_data with upstream's text, `line:col: parse error: …`, and its position
 */
export function parseExpr(text: string, options?: CheckOptions): Expr {
  return checkTree(parseTree(text), text, options);
}

/** Reads and checks a series selector that stands alone: its matchers. @throws PromqlError as `parseExpr` */
export function parseSelector(text: string, options?: CheckOptions): readonly Matcher[] {
  return (checkTree(parseSelectorTree(text), text, options) as VectorSelector).matchers;
}

/** What is wrong with a query, if anything, and where: an offset in the text. For checks of configuration. */
export function checkExpr(text: string): { readonly message: string; readonly offset: number } | undefined {
  try {
    parseExpr(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return { message: error.message, offset: error.position?.start ?? 0 };
  }
}
