import type { Matcher, MatchOp } from '../model/matcher.ts';
import { type Expr, walkExpr } from '../promql/ast.ts';
import { parseExpr } from '../promql/parse.ts';
import { formatExpr } from '../promql/print.ts';
import { type ParsedArgs, UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { CommandError } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

const OPERATORS: readonly string[] = ['=', '!=', '=~', '!~'] satisfies MatchOp[];

const format: Word = {
  usage: 'promql format EXPR',
  summary: 'prints an expression in its normal form',
  flags: [],
  async run(args, io) {
    const [expr] = given(args, 'format', ['EXPR']);
    io.stdout(`${pretty(parsed(expr!))}\n`);
    return EXIT.ok;
  },
};

const set: Word = {
  usage: 'promql set EXPR LABEL VALUE',
  summary:
    'prints an expression with this condition in each of its selectors, in place of others on the label',
  flags: [
    {
      names: ['type', 't'],
      kind: 'value',
      placeholder: 'OPERATOR',
      help: `${OPERATORS.join(', ')} (=)`,
    },
  ],
  async run(args, io) {
    const [expr, name, value] = given(args, 'set', ['EXPR', 'LABEL', 'VALUE']);
    const op = args.values.get('type') ?? '=';
    if (!OPERATORS.includes(op))
      throw new UsageError(`--type: expected one of ${OPERATORS.join(' ')}, got ${JSON.stringify(op)}`);
    const made: Matcher = { name: name!, op: op as MatchOp, value: value! };
    const tree = parsed(expr!);
    changeSelectors(tree, (matchers) =>
      matchers.some((one) => one.name === name)
        ? matchers.map((one) => (one.name === name ? made : one))
        : [...matchers, made],
    );
    io.stdout(`${pretty(tree)}\n`);
    return EXIT.ok;
  },
};

const remove: Word = {
  usage: 'promql delete EXPR LABEL',
  summary: 'prints an expression without the conditions on a label',
  flags: [],
  async run(args, io) {
    const [expr, name] = given(args, 'delete', ['EXPR', 'LABEL']);
    const tree = parsed(expr!);
    changeSelectors(tree, (matchers) => matchers.filter((one) => one.name !== name));
    io.stdout(`${pretty(tree)}\n`);
    return EXIT.ok;
  },
};

/** `belfry promql`: writes expressions anew, without a monitor. */
export const promqlCommand: Command = commandOfWords('promql', 'formats and edits PromQL expressions', {
  format,
  set,
  delete: remove,
});

const pretty = (expr: Expr): string => formatExpr(expr, { pretty: true });

function given(args: ParsedArgs, word: string, names: readonly string[]): readonly string[] {
  if (args.positional.length !== names.length)
    throw new UsageError(`promql ${word}: expected ${names.join(' ')}`);
  return args.positional;
}

function parsed(text: string): Expr {
  try {
    return parseExpr(text);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

/** The tree was parsed for this alone, so it is changed where it stands. */
function changeSelectors(tree: Expr, change: (matchers: readonly Matcher[]) => readonly Matcher[]): void {
  walkExpr(tree, (expr) => {
    if (expr.kind === 'vector') (expr as { matchers: readonly Matcher[] }).matchers = change(expr.matchers);
  });
}
