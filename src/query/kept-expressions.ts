import type { Expr } from '../promql/ast.ts';
import { parseExpr } from '../promql/parse.ts';

/** Reads a query. @throws PromqlError as `parseExpr` */
export type ReadExpr = (text: string) => Expr;

/**
 * Reads queries and keeps what it read, for those who ask the same every few seconds: to a selector of the newest samples, reading is
 * a fifth of the whole. What was not asked for longest goes first.
 * @param maxCharacters of the texts whose trees are kept; a tree takes some 25 bytes a character, of sums of single digits 120
 */
export function keptExpressions(maxCharacters: number): ReadExpr {
  const kept = new Map<string, Expr>();
  let characters = 0;
  return (text) => {
    const known = kept.get(text);
    if (known) {
      kept.delete(text);
      kept.set(text, known);
      return known;
    }
    const expr = parseExpr(text);
    if (text.length > maxCharacters / 8) return expr;
    kept.set(text, expr);
    characters += text.length;
    for (const oldest of kept.keys()) {
      if (characters <= maxCharacters) break;
      kept.delete(oldest);
      characters -= oldest.length;
    }
    return expr;
  };
}
