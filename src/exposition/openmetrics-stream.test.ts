import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { OpenMetricsParser } from './open-metrics-parser.ts';
import { OpenMetricsStream } from './openmetrics-stream.ts';

type Sample = readonly [series: string, timestamp: number, value: number];

/** Reads a text in windows of some bytes, as from a file. */
function streamed(text: string, windowBytes = 4096): { samples: Sample[]; meta: string[]; lines: number } {
  const names: string[] = [];
  const samples: Sample[] = [];
  const meta: string[] = [];
  const stream = new OpenMetricsStream({
    series(labels) {
      names.push(labels.join('|'));
      return names.length - 1;
    },
    samples(series, timestamps, values, count) {
      for (let i = 0; i < count; i++) samples.push([names[series]!, timestamps[i]!, values[i]!]);
    },
    type: (family, type) => void meta.push(`type ${family} ${type}`),
    help: (family, help) => void meta.push(`help ${family} ${help}`),
    unit: (family, unit) => void meta.push(`unit ${family} ${unit}`),
  });
  const source = Buffer.from(text);
  const window = new Uint8Array(windowBytes);
  let kept = 0;
  let at = 0;
  for (let isLast = false; !isLast; ) {
    const count = source.copy(window, kept, at, at + windowBytes - kept);
    at += count;
    isLast = count === 0;
    const used = stream.read(window, kept + count, isLast);
    window.copyWithin(0, used, kept + count);
    kept = kept + count - used;
  }
  return { samples, meta, lines: stream.line };
}

/** The same by the parser of whole pages. */
function parsed(text: string): Sample[] {
  const parser = new OpenMetricsParser(Buffer.from(text));
  const samples: Sample[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'sample') samples.push([parser.labels().join('|'), parser.timestamp, parser.value]);
  }
  return samples;
}

const number = fc.oneof(
  fc.integer({ min: -1e9, max: 1e9 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 22n }).map(String),
  fc.tuple(fc.nat(99_999_999), fc.nat(999_999_999)).map(([a, b]) => `${a}.${String(b).padStart(9, '0')}`),
  fc.constantFrom(
    'NaN',
    '+Inf',
    '-Inf',
    '5.',
    '.5',
    '-0',
    '+3',
    '1e3',
    '007',
    '123456789',
    '1234567890123456',
  ),
);
const timestamp = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1_767_225_600, max: 1_767_225_900 }), fc.nat(999))
    .map(([s, ms]) => `${s}.${String(ms).padStart(3, '0')}`),
  fc.integer({ min: -2_000_000_000, max: 12_000_000_000 }).map(String),
  fc.constantFrom('0001767225600.5', '1767225600.1234567', '1.7672256e9', '-0.001', '1767225600.12', '0'),
);
const series = fc.constantFrom(
  'a',
  'up{job="x"}',
  'http_requests_total{job="load",instance="h0:9100",code="200"}',
  'http_requests_total{job="load",instance="h0:9100",code="503"}',
  'http_requests_total{job="load",instance="h1:9100",code="200"}',
  'b{c="q\\"uo\\\\te"}',
  '{"ütf",l="ä"}',
);
const line = fc.tuple(series, number, timestamp, fc.constantFrom('', '', '', ' # {trace="1"} 2 3'));

test('a stream reads what the parser of whole pages reads, wherever its windows end', () => {
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 60 }),
      fc.integer({ min: 160, max: 700 }),
      fc.boolean(),
      (lines, windowBytes, newline) => {
        const body = lines
          .map(([key, value, time, exemplar]) => `${key} ${value} ${time}${exemplar}\n`)
          .join('');
        const text = `# TYPE a gauge\n# HELP a text\n${body}# EOF${newline ? '\n' : ''}`;
        const { samples, lines: read } = streamed(text, windowBytes);
        expect(samples).toEqual(parsed(text));
        expect(read).toBe(lines.length + 3);
      },
    ),
    { numRuns: fuzzCases(300, 0.25) },
  );
});

test('values and times of lines that come as expected are exact', () => {
  const times = [
    '1767225600.101',
    '1767225600.116',
    '1767225615.101',
    '1767225700',
    '1767225715.1',
    '9999999999.999',
  ];
  const values = ['1', '0.1', '123456789', '1234567890.12345', '0.013423423423423423', '-2.5'];
  const text = values.map((value, i) => `m{a="b"} ${value} ${times[i]}\n`).join('');
  expect(streamed(`${text}# EOF\n`).samples.map(([, time, value]) => [time, value])).toEqual(
    values.map((value, i) => [Math.trunc(Number(times[i]) * 1000), Number(value)]),
  );
});

test('metadata comes through', () => {
  const { meta } = streamed(
    '# TYPE s_seconds counter\n# HELP s_seconds a\\nb\n# UNIT s_seconds seconds\n# EOF\n',
  );
  expect(meta).toEqual(['type s_seconds 1', 'help s_seconds a\nb', 'unit s_seconds seconds']);
});

test.each([
  ['no value', 'a\n# EOF\n', 1, 'expected a blank and a value, found the end of the line'],
  ['no time', 'a 1 1\na 1\n# EOF\n', 2, 'expected a timestamp, found the end of the line'],
  ['no number', 'a 1 1\na x 2\n# EOF\n', 2, 'expected a value, found "x": not a number'],
  ['no time in seconds', 'a 1 1\na 2 noon\n# EOF\n', 2, 'expected a timestamp, found "noon": not a number'],
  ['an empty line', 'a 1 1\n\na 1 2\n# EOF\n', 2, 'expected a metric name or "{", found the end of the line'],
  ['a comment', 'a 1 1\n# hello\n# EOF\n', 2, 'expected # HELP, # TYPE, # UNIT or # EOF, found "#"'],
  ['two blanks', 'a 1 1\na  1 2\n# EOF\n', 2, 'expected a value, found " ": not a number'],
  ['an open quote', 'a{b="c} 1 1\n# EOF\n', 1, 'expected a closing quote, found the end of the line'],
  ['no end', 'a 1 1\na 1 2\n', 3, 'expected "# EOF", found the end of the file'],
  ['half a last line', 'a 1 1\na 1', 2, 'data does not end with # EOF'],
  ['more after the end', 'a 1 1\n# EOF\na 1 2\n', 3, 'expected nothing after "# EOF", found "a"'],
  ['Windows line ends', 'a 1 1\r\n# EOF\n', 1, 'expected a timestamp, found "1": not a number'],
])('%s is refused with its line', (_, text, line, problem) => {
  expect(() => streamed(text)).toThrow(expect.objectContaining({ line, problem }));
});

test('lines are counted over windows', () => {
  const text = `${Array.from({ length: 100 }, (_, i) => `a{b="c"} ${i} ${i}\n`).join('')}a{b="c"} oops 100\n# EOF\n`;
  expect(() => streamed(text, 64)).toThrow(expect.objectContaining({ line: 101 }));
  expect(() => streamed(`a 1 1\n# EOF\n${'b 1 2\n'.repeat(50)}`, 12)).toThrow(
    expect.objectContaining({ line: 3 }),
  );
});

test('a line longer than the window is refused', () => {
  expect(() => streamed(`a 1 1\na{b="${'x'.repeat(200)}"} 1 2\n# EOF\n`, 64)).toThrow(
    expect.objectContaining({
      line: 2,
      problem: 'expected a line of less than 64 bytes, found a longer one',
    }),
  );
});
