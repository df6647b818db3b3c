import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import { type ExpositionParser, METRIC_TYPES } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';
import { labelsFromSorted, labelsKey } from '../model/labels.ts';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { PageParser, type PageReader } from './page.ts';

interface Sample {
  readonly series: string;
  readonly value: number;
  readonly timestamp: number;
}

/** Names series by their labels, as a scrape loop does. */
function collectingReader(): PageReader & { names: string[] } {
  const names: string[] = [];
  return {
    names,
    series(parser) {
      const key = labelsKey(labelsFromSorted(parser.labels()));
      const known = names.indexOf(key);
      return known >= 0 ? known : names.push(key) - 1;
    },
    help() {},
    type() {},
    unit() {},
    exemplar() {},
  };
}

type MakeParser = (page: Uint8Array) => ExpositionParser;
const asText: MakeParser = (page) => new TextParser(page);
const asOpenMetrics: MakeParser = (page) => new OpenMetricsParser(page);

function parseWith(
  page: PageParser,
  reader: ReturnType<typeof collectingReader>,
  text: string,
  make: MakeParser = asText,
): Sample[] {
  const bytes = new TextEncoder().encode(text);
  for (const _ of page.parse(bytes, make(bytes), reader, () => false));
  const { columns } = page;
  const samples: Sample[] = [];
  for (let i = 0; i < columns.count; i++) {
    samples.push({
      series: reader.names[columns.series[i]!]!,
      value: columns.value[i]!,
      timestamp: columns.timestamp?.[i] ?? Number.NaN,
    });
  }
  return samples;
}

function parseAlone(text: string, make: MakeParser = asText): Sample[] {
  const parser = make(new TextEncoder().encode(text));
  const samples: Sample[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind !== 'sample') continue;
    const series = labelsKey(labelsFromSorted(parser.labels()));
    samples.push({ series, value: parser.value, timestamp: parser.timestamp });
  }
  return samples;
}

test('an unchanged page is not parsed again', () => {
  const page = new PageParser(1);
  const reader = collectingReader();
  const text = '# TYPE a counter\na{x="1"} 1\na{x="2"} 2\n\n# a comment\nb 3\n';
  parseWith(page, reader, text);
  expect(page.stats).toEqual({ unchanged: 0, changed: 0, parsed: 3 });
  expect(parseWith(page, reader, text)).toEqual(parseAlone(text));
  expect(page.stats).toEqual({ unchanged: 3, changed: 0, parsed: 0 });
});

test('new values are read without parsing the series', () => {
  const page = new PageParser(1);
  const reader = collectingReader();
  parseWith(page, reader, 'a 1\nb 15\nc NaN\nd 4\n');
  const next = 'a 100.5\nb 1\nc 7\nd -4e3\n';
  expect(parseWith(page, reader, next)).toEqual(parseAlone(next));
  expect(page.stats).toEqual({ unchanged: 0, changed: 4, parsed: 0 });
});

test('prediction goes on behind lines that come and go', () => {
  const page = new PageParser(1);
  const reader = collectingReader();
  const lines = Array.from({ length: 20 }, (_, i) => `m{i="${i}"} ${i}`);
  parseWith(page, reader, `${lines.join('\n')}\n`);
  const without = [...lines.slice(0, 4), ...lines.slice(6)];
  parseWith(page, reader, `${without.join('\n')}\n`);
  expect(page.stats).toEqual({ unchanged: 17, changed: 0, parsed: 1 });
  parseWith(page, reader, `${lines.join('\n')}\n`);
  expect(page.stats).toEqual({ unchanged: 18, changed: 0, parsed: 2 });
});

test('a new line gets the type that is in effect, whatever the page before said of the lines around it', () => {
  const page = new PageParser(1);
  const reader = collectingReader();
  parseWith(page, reader, '# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\n');
  const next = '# TYPE a summary\na{x="1"} 1\na{x="2"} 2\na{quantile="1"} 3\n';
  expect(parseWith(page, reader, next)).toEqual(parseAlone(next));
  parseWith(page, reader, next);
  expect(page.columns.typeOf(1)).toBe(METRIC_TYPES.indexOf('summary'));
  expect(page.stats.unchanged).toBe(3);
});

test('a page that cannot be parsed leaves nothing behind', () => {
  const page = new PageParser(1);
  const reader = collectingReader();
  parseWith(page, reader, 'a 1\nb 2\n');
  expect(() => parseWith(page, reader, 'a 7\nb x\n')).toThrow('line 2, column 3');
  expect(page.columns.count).toBe(0);
  expect(parseWith(page, reader, 'a 1\nb 2\n')).toEqual(parseAlone('a 1\nb 2\n'));
});

test('a line whose exemplar moves is read alone: the lines around it stay predicted', () => {
  const page = new PageParser(1);
  const told: [line: number, trace: string, value: number, timestamp: number][] = [];
  const reader = collectingReader();
  reader.exemplar = (line, parser) => {
    const { labels, value, timestamp } = parser.exemplar();
    told.push([line, labels.join('='), value, timestamp]);
  };
  const text = (moving: string, counts: readonly number[]): string =>
    `# TYPE h histogram\nh_bucket{le="1.0"} ${counts[0]} # {trace_id="a"} 0.5 1.5\nh_bucket{le="2.0"} ${counts[1]} # ${moving}\nh_bucket{le="+Inf"} ${counts[2]}\nh_count ${counts[2]}\n# EOF\n`;
  parseWith(page, reader, text('{trace_id="b"} 1.5 2.5', [1, 2, 2]), asOpenMetrics);
  expect(page.stats.parsed).toBe(4);
  expect(told.splice(0)).toEqual([
    [0, 'trace_id=a', 0.5, 1500],
    [1, 'trace_id=b', 1.5, 2500],
  ]);
  const next = text('{trace_id="ccc"} 1.25', [10, 31, 31]);
  expect(parseWith(page, reader, next, asOpenMetrics)).toEqual(parseAlone(next, asOpenMetrics));
  expect(page.stats).toEqual({ unchanged: 0, changed: 3, parsed: 1 });
  expect(told.splice(0)).toEqual([[1, 'trace_id=ccc', 1.25, Number.NaN]]);
  parseWith(page, reader, next, asOpenMetrics);
  expect(page.stats).toEqual({ unchanged: 4, changed: 0, parsed: 0 });
  expect(told).toEqual([]);
});

test('parsing stops to let others run when the slice is over', () => {
  const text = Array.from({ length: 5000 }, (_, i) => `m{i="${i}"} ${i}\n`).join('');
  const bytes = new TextEncoder().encode(text);
  const reader: PageReader = { series: () => 0, help() {}, type() {}, unit() {}, exemplar() {} };
  let slices = 0;
  for (const _ of new PageParser(1).parse(bytes, new TextParser(bytes), reader, () => true)) slices++;
  expect(slices).toBeGreaterThan(50);
});

const key = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((i) => `metric_${i % 5}{i="${i}"}`),
  fc.constantFrom(
    'plain',
    'spaced ',
    ' led',
    '{"quoted.name"}',
    'h_bucket{le="1"}',
    'esc{a="\\"\\n"}',
    'u{ü="é"}'.replace('ü', 'u'),
  ),
);
const value = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '12',
    '123',
    '1.5',
    'NaN',
    '+Inf',
    '-0',
    '1e5',
    '0.30000000000000004',
    '5 1000',
    '5 2000',
    '7 ',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const comment = fc.constantFrom(
  '',
  '# TYPE h histogram\n',
  '# TYPE h gauge\n',
  '# HELP x text\n',
  '\n',
  '# note\n',
);
const pageLine = fc.record({ comment, key, value });
const pageText = (
  lines: readonly { comment: string; key: string; value: string }[],
  newline: boolean,
): string =>
  lines.map((line) => `${line.comment}${line.key} ${line.value}`).join('\n') + (newline ? '\n' : '');

type Mutation =
  | { kind: 'value'; at: number; value: string }
  | { kind: 'remove'; at: number; count: number }
  | { kind: 'insert'; at: number; line: { comment: string; key: string; value: string } }
  | { kind: 'swap'; at: number; other: number };
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('value' as const), at: fc.nat(), value }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), line: pageLine }),
  fc.record({ kind: fc.constant('swap' as const), at: fc.nat(), other: fc.nat() }),
);

test('a predicted page is what the parser alone reads, whatever changed', () => {
  fc.assert(
    fc.property(
      fc.array(pageLine, { maxLength: 30 }),
      fc.array(fc.tuple(fc.array(mutation, { maxLength: 6 }), fc.boolean()), { minLength: 1, maxLength: 6 }),
      (first, scrapes) => {
        const page = new PageParser(7);
        // The type in effect at first sight names a bucket for as long as it is there, so names are compared, not spellings.
        const reader = collectingReader();
        let lines = first;
        for (const [mutations, newline] of scrapes) {
          for (const change of mutations) lines = mutate(lines, change);
          const text = pageText(lines, newline);
          const spelled = (samples: Sample[]): Sample[] =>
            samples.map((sample) => ({ ...sample, series: sample.series.replace('1.0', '1') }));
          expect(spelled(parseWith(page, reader, text))).toEqual(spelled(parseAlone(text)));
        }
      },
    ),
    { numRuns: fuzzCases(800) },
  );
});

test.each([
  [
    'text',
    asText,
    '# HELP a A counter.\n# TYPE a counter\na{x="1"} 1\na{x="2"} 2\nb 3.5\nc{le="0.5"} 7 1000\nd NaN\n',
  ],
  [
    'OpenMetrics',
    asOpenMetrics,
    '# HELP a A.\n# TYPE a counter\na_total{x="1"} 1\na_total{x="2"} 2 # {t="1"} 3\nb 3.5 12.5\nd NaN\n# EOF\n',
  ],
] as const)(
  'a %s page broken anywhere is refused or read the same as by the parser alone',
  (_, make, base) => {
    const outcome = (read: () => Sample[]): Sample[] | string => {
      try {
        return read();
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(fc.nat(base.length), fc.nat(4), fc.string({ maxLength: 4 }), (at, cut, insert) => {
        const page = new PageParser(7);
        const reader = collectingReader();
        parseWith(page, reader, base, make);
        const text = base.slice(0, at) + insert + base.slice(at + cut);
        expect(outcome(() => parseWith(page, reader, text, make))).toEqual(
          outcome(() => parseAlone(text, make)),
        );
      }),
      { numRuns: fuzzCases(800) },
    );
  },
);

function mutate<T extends { value: string }>(lines: readonly T[], change: Mutation): T[] {
  const copy = [...lines];
  const at = copy.length === 0 ? 0 : change.at % copy.length;
  if (change.kind === 'insert') copy.splice(at, 0, change.line as unknown as T);
  else if (copy.length === 0) return copy;
  else if (change.kind === 'value') copy[at] = { ...copy[at]!, value: change.value };
  else if (change.kind === 'remove') copy.splice(at, change.count);
  else {
    const other = change.other % copy.length;
    [copy[at], copy[other]] = [copy[other]!, copy[at]!];
  }
  return copy;
}
