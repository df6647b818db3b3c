import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { PromqlError } from './errors.ts';
import { checkExpr, parseExpr } from './parse.ts';
import { formatExpr } from './print.ts';

function errorOf(text: string): PromqlError {
  try {
    parseExpr(text);
  } catch (error) {
    if (error instanceof PromqlError) return error;
    throw error;
  }
  throw new Error(`expected ${text} not to parse`);
}

test.each([
  ['', '1:1: parse error: no expression found in input'],
  ['foo bar', '1:5: parse error: unexpected identifier "bar"'],
  ['sum(foo bar)', '1:9: parse error: unexpected identifier "bar" in aggregation'],
  ['sum(foo', '1:8: parse error: unclosed left parenthesis'],
  ['foo)', "1:5: parse error: unexpected right parenthesis ')'"],
  ['foo[5m', '1:7: parse error: unexpected end of input in duration expression'],
  ['foo[(5m', '1:8: parse error: unexpected end of input in duration expression'],
  ['foo["5m"]', "1:5: parse error: unexpected character in duration expression: '\"'"],
  ["foo['5m']", "1:5: parse error: unexpected character in duration expression: '\\''"],
  ['foo[{}]', "1:5: parse error: unexpected character in duration expression: '{'"],
  ['foo[5y1hs]', '1:5: parse error: unknown unit "hs" in duration "5y1hs"'],
  ['foo[5m1h]', '1:5: parse error: not a valid duration string: "5m1h"'],
  [
    'foo[]',
    '1:5: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  ],
  ['foo[0]', '1:5: parse error: duration must be greater than 0'],
  [
    'foo[5m] offset',
    '1:15: parse error: unexpected end of input in offset, expected number, duration, step(), or range()',
  ],
  ['foo offset 5m offset 5m', '1:1: parse error: offset may not be set multiple times'],
  ['foo offset 5m [5m]', '1:15: parse error: no offset modifiers allowed before range'],
  ['sum(foo)[5m]', '1:9: parse error: ranges only allowed for vector selectors'],
  ['foo @ bar', '1:7: parse error: unexpected identifier "bar" in @, expected timestamp'],
  [
    '1 offset 5m',
    '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  ],
  ['foo{bar}', '1:8: parse error: unexpected "}" in label matching, expected label matching operator'],
  ['foo{bar=baz}', '1:9: parse error: unexpected identifier "baz" in label matching, expected string'],
  ['foo{,}', '1:5: parse error: unexpected "," in label matching, expected identifier or "}"'],
  ['foo{a="b"', '1:10: parse error: unexpected end of input inside braces'],
  ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['{x=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
  ['foo{a=~"("}', '1:5: parse error: error parsing regexp: missing closing ): `^(?s:()$`'],
  ['unknown(foo)', '1:1: parse error: unknown function with name "unknown"'],
  ['constructor(foo)', '1:1: parse error: unknown function with name "constructor"'],
  [
    'rate(foo)',
    '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
  ],
  ['rate(foo[5m], 1)', '1:1: parse error: expected 1 argument(s) in call to "rate", got 2'],
  ['round(foo, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
  ['label_join(foo)', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'],
  ['abs(foo,)', '1:8: parse error: trailing commas not allowed in function call args'],
  ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
  [
    'topk(foo)',
    '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1',
  ],
  ['topk(foo, bar)', '1:6: parse error: expected type scalar in aggregation parameter, got instant vector'],
  ['1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
  ['foo + bool bar', '1:5: parse error: bool modifier can only be used on comparison operators'],
  ['1 or 2', '1:1: parse error: set operator "or" not allowed in binary scalar expression'],
  ['foo and on(a) group_left(b) bar', '1:1: parse error: no grouping allowed for "and" operation'],
  [
    'foo + on(a) group_left(a) bar',
    '1:5: parse error: label "a" must not occur in ON and GROUP clause at once',
  ],
  ['1 + on(a) foo', '1:1: parse error: vector matching only allowed between instant vectors'],
  ['foo[5m] + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
  [
    '-"foo"',
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  ],
  ['foo[5m][5m:]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead'],
  ['sum by foo (bar)', '1:8: parse error: unexpected identifier "foo" in grouping opts, expected "("'],
  ['"unterminated', '1:1: parse error: unterminated quoted string'],
  ['foo{a="\\xZZ"}', "1:7: parse error: illegal character U+005A 'Z' in escape sequence"],
  ['1.2.3', '1:1: parse error: bad number or duration syntax: "1.2."'],
  ['5ms5', '1:1: parse error: bad number or duration syntax: "5ms5"'],
  ['foo\n  + sum(bar', '2:12: parse error: unclosed left parenthesis'],
  ['"é" + é', "1:8: parse error: unexpected character: 'é'"],
  ['info(foo, bar)', '1:11: parse error: expected label selectors only, got vector selector instead'],
  ['foo[5m] smoothed anchored', '1:1: parse error: anchored and smoothed modifiers cannot be used together'],
  ['foo !~ bar', "1:5: parse error: unexpected character after '!': '~'"],
])('%j: %s', (text, message) => {
  expect(errorOf(text).message).toBe(message);
});

test('an error tells its position in the text and its kind', () => {
  const error = errorOf('foo\n  + sum by (x) (rate(bar))');
  expect(error.kind).toBe('bad_data');
  expect({ line: error.line, column: error.column }).toEqual({ line: 2, column: 22 });
  expect('foo\n  + sum by (x) (rate(bar))'.slice(error.position!.start, error.position!.end)).toBe('bar');
});

test('checkExpr tells message and offset, or nothing', () => {
  expect(checkExpr('up == 0')).toBeUndefined();
  expect(checkExpr('up ==')).toEqual({ message: '1:6: parse error: unexpected end of input', offset: 5 });
});

test.each([
  ['sum(rate(x[5m]))by(job)', 'sum by (job) (rate(x[5m]))'],
  ['a+b*c^d', 'a + b * c ^ d'],
  ['-a^2', '-a ^ 2'],
  ['a  or\nb # comment', 'a or b'],
  ['x{b="2",a=~"1"}', 'x{a=~"1",b="2"}'],
  ['{"a b",c="d"}', '{"__name__"="a b",c="d"}'],
  ['x offset 1h30m @ 10', 'x @ 10.000 offset 1h30m'],
  ['x[300] offset -60', 'x[5m] offset -1m'],
  ['x[1h:5m] @ end()', 'x[1h:5m] @ end()'],
  ['x[1h:]', 'x[1h:]'],
  ['a*on(x)group_left(y)b', 'a * on (x) group_left (y) b'],
  ['a+fill(0)b', 'a + fill (0) b'],
  ['a>bool 1', 'a > bool 1'],
  ['x[5m+step()]', 'x[5m + step()]'],
  ['x[(5m)]', 'x[(5m)]'],
  ['1e3 + 0x1f + 017 + 5m + .5', '1000 + 31 + 15 + 5m + 0.5'],
  ['count_values("v",x)', 'count_values("v", x)'],
  ['sum without()(x)', 'sum without () (x)'],
  ['x smoothed', 'x smoothed'],
  ['rate(x[5m] anchored)', 'rate(x[5m] anchored)'],
  ['a </ 5', 'a </ 5'],
])('%j is written %s', (text, written) => {
  const plain = written.replace('"__name__"=', '__name__=');
  expect(formatExpr(parseExpr(text))).toBe(plain);
  expect(formatExpr(parseExpr(plain))).toBe(plain);
});

test('the pretty printer breaks lines beyond 100 characters', () => {
  const text =
    'sum by (job) (rate(http_requests_total{status=~"5..",job="api"}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05';
  expect(formatExpr(parseExpr(text), { pretty: true })).toBe(
    [
      '    sum by (job) (rate(http_requests_total{job="api",status=~"5.."}[5m]))',
      '  /',
      '    sum by (job) (rate(http_requests_total[5m]))',
      '>',
      '  0.05',
    ].join('\n'),
  );
});

describe('hostile input ends soon', () => {
  test.each([
    ['100,000 signs before a metric', `${'-'.repeat(100_000)}a`],
    ['a chain of 250,000 additions', `a${'+a'.repeat(250_000)}`],
    ['a chain of 250,000 powers', `a${'^a'.repeat(250_000)}`],
    ['100,000 parentheses', `${'('.repeat(100_000)}a${')'.repeat(100_000)}`],
    ['50,000 calls', `${'abs('.repeat(50_000)}a${')'.repeat(50_000)}`],
    ['a duration of 250,000 terms', `a[5m${'+5m'.repeat(250_000)}]`],
    ['10,000 subqueries', `a${'[5m:]'.repeat(10_000)}`],
  ])('%s', (_name, text) => {
    expect(errorOf(text).message).toMatch(
      /too deeply|unexpected left bracket|only allowed on instant vector/,
    );
  });

  test('100,000 signs before a number are a number', () => {
    expect(parseExpr(`${'-'.repeat(100_001)}5`)).toMatchObject({ kind: 'number', value: -5 });
  });
});

const SHARED = path.resolve(import.meta.dirname, '../../../shared');
const hasShared = fs.existsSync(SHARED);
if (!hasShared) console.warn(`no rules and dashboards at ${SHARED}: skipped`);

/** Every file below a folder. */
const filesBelow = (folder: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

/** Values of all `key` properties anywhere in a document. */
function collect(node: unknown, key: string, into: string[]): void {
  if (Array.isArray(node)) for (const item of node) collect(item, key, into);
  else if (typeof node === 'object' && node !== null) {
    for (const [name, value] of Object.entries(node)) {
      if (name === key && typeof value === 'string') into.push(value);
      else collect(value, key, into);
    }
  }
}

test.skipIf(!hasShared)('every rule of other people parses, and prints as it parses', () => {
  const exprs: string[] = [];
  const unread: string[] = [];
  let read = 0;
  for (const file of [
    ...filesBelow(path.join(SHARED, 'rules')),
    ...filesBelow(path.join(SHARED, 'guide/files')),
  ]) {
    if (!/\.ya?ml$/.test(file)) continue;
    try {
      collect(parseYaml(fs.readFileSync(file, 'utf8')), 'expr', exprs);
      read++;
    } catch {
      unread.push(path.basename(file));
    }
  }
  console.log(`${exprs.length} expressions in ${read} files; not YAML: ${unread.join(', ') || 'none'}`);
  expect(unread).toEqual([]);
  expect(exprs.length).toBeGreaterThan(50);
  for (const expr of exprs) {
    expect([expr, checkExpr(expr)]).toEqual([expr, undefined]);
    const printed = formatExpr(parseExpr(expr));
    expect(formatExpr(parseExpr(printed))).toBe(printed);
    expect(formatExpr(parseExpr(formatExpr(parseExpr(expr), { pretty: true })))).toBe(printed);
  }
});

/** Puts a value that fits in place of each dashboard variable, as a data source does before it asks. */
function withoutVariables(expr: string): string {
  const variable = /\$\{(\w+)(?:[:.][^}]*)?\}|\[\[(\w+)(?::[^\]]*)?\]\]|\$(\w+)/g;
  return expr.replace(variable, (_all, braced?: string, bracketed?: string, plain?: string, at?: number) => {
    const name = (braced ?? bracketed ?? plain)!;
    if (/[[:]\s*$/.test(expr.slice(0, at))) return '5m';
    if (/interval|range|resolution|period|window|rate/i.test(name)) return '5m';
    return /^(__)?(top|limit|quantile|percentile|value|number|offset|max|min)/i.test(name) ? '5' : 'x';
  });
}

test.skipIf(!hasShared)("the queries of other people's dashboards parse", () => {
  const failures: string[] = [];
  let parsed = 0;
  for (const file of filesBelow(path.join(SHARED, 'dashboards'))) {
    if (!file.endsWith('.json')) continue;
    const exprs: string[] = [];
    collect(JSON.parse(fs.readFileSync(file, 'utf8')), 'expr', exprs);
    for (const expr of exprs) {
      if (expr.trim() === '') continue;
      const problem = checkExpr(withoutVariables(expr));
      if (problem) failures.push(`${path.basename(file)}: ${expr}: ${problem.message}`);
      else parsed++;
    }
  }
  // What is left is wrong in upstream's eyes too: slips, a function of old, another system's dialect.
  expect(countBy(failures, (failure) => failure.split(':')[0]!)).toEqual({
    'micrometer-metrics__micrometer__latency-dashboard.json': 2,
    'percona__grafana-dashboards__Memory_Details.json': 1,
    'percona__grafana-dashboards__MongoDB_ReplSet_Summary.json': 10,
    'percona__grafana-dashboards__MySQL_InnoDB_Details.json': 2,
    'supabase__supabase-grafana__dashboard.json': 1,
  });
  expect(parsed).toBeGreaterThan(1000);
});

function countBy(items: readonly string[], keyOf: (item: string) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

/** As upstream's printer has it: a literal infinity has a sign, which binds less than `^`. The value stays, the tree does not. */
test.each([
  ['Inf^4', '+Inf ^ 4', '++Inf ^ 4'],
  ['-Inf^4', '-+Inf ^ 4', '-++Inf ^ 4'],
  ['(-Inf)^4', '(-Inf) ^ 4', '(-Inf) ^ 4'],
  ['topk(Inf, a)', 'topk(+Inf, a)', 'topk(+Inf, a)'],
])('%j is printed as %j, and that as %j', (text, once, twice) => {
  expect(formatExpr(parseExpr(text))).toBe(once);
  expect(formatExpr(parseExpr(once))).toBe(twice);
});

test('a text of any length may hold bytes that are no UTF-8', () => {
  const expr = parseExpr(`"${'x'.repeat(300_000)}\\xff"`);
  expect(expr.kind === 'string' && [expr.value.length, expr.value.isWellFormed()]).toEqual([300_001, false]);
});
