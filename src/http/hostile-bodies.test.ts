import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DashboardError, parseDashboard } from '../dashboards/parse.ts';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import { parseReadRequest } from '../exposition/remote/read-request.ts';
import { decodeSnappy, encodeSnappy } from '../exposition/remote/snappy.ts';
import { WireError } from '../exposition/remote/wire-error.ts';
import { readWriteRequestV1, readWriteRequestV2 } from '../exposition/remote/write-request.ts';
import { TextParser } from '../exposition/text-parser.ts';
import { compilePattern } from '../model/pattern.ts';
import { parseMatchers } from '../notifiers/matcher-syntax.ts';
import { PromqlError } from '../promql/errors.ts';
import { parseExpr } from '../promql/parse.ts';
import { formatExpr } from '../promql/print.ts';
import { fuzzCases } from '../testing/fuzz-cases.ts';

const CASES = fuzzCases(300);
const holds = (property: fc.IRawProperty<[unknown]>): void =>
  void fc.assert(property as fc.IProperty<[unknown]>, { numRuns: CASES });

/** Pieces that parsers take, so that a random row of them gets deep into each. */
const PIECES = [
  ...'{}[]()"\'`,=~!<>+-*/%^@:#\\ \n0123456789',
  ...['sum', 'by', 'rate', 'up', 'offset', 'on', 'group_left', 'bool', '5m', 'NaN', 'Inf', '=~', '!~', '.*'],
  ...['(a+)+', '\u0000', '\ud800', 'é', '𝔘', '1e309', '__name__', 'and', 'unless', 'histogram_quantile'],
];
const text = fc
  .array(fc.oneof({ arbitrary: fc.constantFrom(...PIECES), weight: 9 }, fc.string({ maxLength: 5 })), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''));

/** @returns the result, or undefined where the one error that is allowed was thrown */
function orError<T>(run: () => T, isAllowed: (error: unknown) => boolean): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isAllowed(error)) return undefined;
    throw error;
  }
}

test('PromQL: any text is an expression or an error with a place; what parses prints and parses again', () => {
  holds(
    fc.property(text, (input) => {
      const isPromql = (error: unknown): boolean => error instanceof PromqlError;
      const expr = orError(() => parseExpr(input), isPromql);
      if (!expr) return;
      const printed = formatExpr(expr);
      // Upstream prints infinity with a sign, which reads as an operator: `+Inf ^ 4`.
      if (printed.includes('+Inf')) return;
      expect(formatExpr(parseExpr(printed))).toBe(printed);
    }),
  );
});

test('matchers: any text is matchers or an error', () => {
  holds(
    fc.property(text, (input) => {
      orError(
        () => parseMatchers(input),
        (error) => error instanceof Error && !(error instanceof TypeError || error instanceof RangeError),
      );
    }),
  );
});

const isWire = (error: unknown): boolean => error instanceof WireError;

test('exposition: any bytes, and any damage of a page, are entries or an ExpositionError', () => {
  const page =
    '# HELP a A \\\\ b.\n# TYPE a histogram\na_bucket{le="0.5",x="\\n\\""} 1 5\n{"q.r",y="z"} NaN # {t="1"} 3 4.5\n# EOF\n';
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(fc.nat(page.length), fc.nat(6), fc.uint8Array({ maxLength: 6 }))
      .map(([at, cut, insert]) =>
        Buffer.concat([Buffer.from(page.slice(0, at)), insert, Buffer.from(page.slice(at + cut))]),
      ),
  );
  fc.assert(
    fc.property(bytes, fc.boolean(), (input, isOpenMetrics) => {
      const parser = isOpenMetrics ? new OpenMetricsParser(input) : new TextParser(input);
      try {
        for (let entries = 0; ; entries++) {
          expect(entries).toBeLessThanOrEqual(input.length);
          const kind = parser.next();
          if (kind === 'end') break;
          if (kind === 'sample') parser.labels();
          if (kind === 'sample' && parser.hasExemplar) parser.exemplar();
          expect(parser.position).toBeLessThanOrEqual(input.length);
        }
      } catch (error) {
        if ((error as Error).name !== 'ExpositionError') throw error;
      }
    }),
    { numRuns: fuzzCases(3000) },
  );
});

test('snappy: any bytes unpack within the bound or are refused; what was packed comes back', () => {
  holds(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const out = orError(() => decodeSnappy(bytes, 4096), isWire);
      if (out) expect(out.length).toBeLessThanOrEqual(4096);
      expect(decodeSnappy(encodeSnappy(bytes), 4096)).toEqual(bytes);
    }),
  );
});

test('remote write 1 and 2 and remote read: any bytes are a request or a WireError', () => {
  holds(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      orError(() => [...readWriteRequestV1(bytes)], isWire);
      orError(() => [...readWriteRequestV2(bytes)], isWire);
      orError(() => parseReadRequest(bytes), isWire);
    }),
  );
});

/** JSON of the keys that dashboards have, with values of any kind under them. */
const grafana = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, -1, 1e308, '', '__proto__', '<img onerror=alert(1)>', '$a', '[[b]]'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(
        ...['panels', 'targets', 'expr', 'gridPos', 'fieldConfig', 'overrides', 'templating', 'list', 'type'],
        ...['rows', 'datasource', 'options', 'legend', 'repeat', 'title', 'uid', 'annotations', '__proto__'],
        ...[
          'transformations',
          'mappings',
          'thresholds',
          'steps',
          'defaults',
          'id',
          'query',
          'current',
          'x',
          'w',
        ],
      ),
      tie('value'),
      { maxKeys: 6 },
    ),
  ),
})).value;

test('dashboards: any JSON is a dashboard or a DashboardError', () => {
  holds(
    fc.property(grafana, (json) => {
      orError(
        () => parseDashboard({ title: 'x', panels: [], ...(json as object) }, 'x.json'),
        (error) => error instanceof DashboardError,
      );
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      expect(({} as Record<string, unknown>).panels).toBeUndefined();
    }),
  );
});

test.each([
  ['(a+)+$', 'a'.repeat(30_000)],
  ['(a|aa)+$', `${'a'.repeat(30_000)}b`],
  ['(.*a){12}', 'a'.repeat(5000)],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(30_000)],
  ['(x+x+)+y', 'x'.repeat(30_000)],
  ['([^"\\\\]|\\\\.)*"', '\\'.repeat(30_000)],
])('the pattern %s, which makes other engines hang, ends soon', (pattern, input) => {
  const before = process.cpuUsage();
  compilePattern(pattern).matches(input);
  const { user } = process.cpuUsage(before);
  expect(user / 1e6).toBeLessThan(3);
});
