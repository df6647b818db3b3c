import type { AggregateExpr, AggregateOp, CallExpr, Expr } from '../ast.ts';
import { readGroupingLabels } from './grouping.ts';
import type { TokenReader } from './token-reader.ts';

/** Reads an expression of any kind, for an argument. */
export type ReadExpression = (tokens: TokenReader) => Expr;

/** Reads the call of a function. */
export function readCall(tokens: TokenReader, readExpression: ReadExpression): CallExpr {
  const name = tokens.take();
  const body = readArguments(tokens, readExpression);
  const position = { start: name.start, end: body.end };
  const height = tokens.heightAbove(position, ...body.args);
  return { kind: 'call', name: name.text, args: body.args, position, height };
}

/** Reads an aggregation; its labels may stand before or after what is aggregated. */
export function readAggregate(tokens: TokenReader, readExpression: ReadExpression): AggregateExpr {
  const op = tokens.take();
  tokens.beginAggregation();
  let modifier = readAggregateModifier(tokens);
  const body = readArguments(tokens, readExpression);
  let end = body.end;
  if (modifier === undefined) {
    modifier = readAggregateModifier(tokens);
    if (modifier !== undefined) end = modifier.end;
  }
  tokens.endAggregation();
  const position = { start: op.start, end };
  const wanted = op.type in PARAMETER_COUNT ? 2 : 1;
  if (body.args.length === 0) throw tokens.fail(position, 'no arguments for aggregate expression provided');
  if (body.args.length !== wanted) {
    throw tokens.fail(
      position,
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${body.args.length}`,
    );
  }
  return {
    kind: 'aggregate',
    op: op.type as AggregateOp,
    expr: body.args[wanted - 1]!,
    param: wanted === 2 ? body.args[0] : undefined,
    grouping: modifier?.labels ?? [],
    without: modifier?.without ?? false,
    position,
    height: tokens.heightAbove(position, ...body.args),
  };
}

function readArguments(
  tokens: TokenReader,
  readExpression: ReadExpression,
): { readonly args: readonly Expr[]; readonly end: number } {
  if (!tokens.is('(')) throw tokens.unexpected();
  tokens.skip();
  const args: Expr[] = [];
  while (!tokens.is(')')) {
    args.push(readExpression(tokens));
    if (tokens.is(',')) {
      const comma = tokens.take();
      if (tokens.is(')')) throw tokens.fail(comma, 'trailing commas not allowed in function call args');
    } else if (!tokens.is(')')) throw tokens.unexpected();
  }
  return { args, end: tokens.take().end };
}

function readAggregateModifier(
  tokens: TokenReader,
): { labels: readonly string[]; without: boolean; end: number } | undefined {
  if (!tokens.is('by') && !tokens.is('without')) return undefined;
  const without = tokens.take().type === 'without';
  const { labels, end } = readGroupingLabels(tokens);
  return { labels, without, end };
}

const PARAMETER_COUNT = { topk: 1, bottomk: 1, count_values: 1, quantile: 1, limitk: 1, limit_ratio: 1 };
