import { expect, test } from 'vitest';
import { formatSeries, labelsFromSorted } from '../model/labels.ts';
import { METRIC_TYPES } from './parser.ts';
import { TextParser } from './text-parser.ts';

/** Every entry of a page, written out. */
function entries(page: string | Uint8Array): string[] {
  const parser = new TextParser(typeof page === 'string' ? new TextEncoder().encode(page) : page);
  const out: string[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'help') out.push(`help ${parser.family}: ${parser.text}`);
    else if (kind === 'type') out.push(`type ${parser.family}: ${METRIC_TYPES[parser.type]}`);
    else {
      const at = Number.isNaN(parser.timestamp) ? '' : ` @${parser.timestamp}`;
      out.push(`${formatSeries(labelsFromSorted(parser.labels()))} = ${parser.value}${at}`);
    }
  }
  return out;
}

test('a page of all the usual things', () => {
  const page = `# HELP http_requests_total Requests, with a \\\\ and a \\n in it.
# TYPE http_requests_total counter
http_requests_total{code="200",method="get"} 1027 1395066363000
http_requests_total{code="400", method="get",} 3
# a comment
#another
# HELPLESS comment

 no_labels 12.5
	empty_braces {} +Inf
ab{a="1" b="2"} -3e-2
# TYPE h histogram
# HELP h
h_bucket{le="1"} 1
h_bucket{le="0.5"} 0
h_bucket{le="+Inf"} 2
# TYPE s summary
s{quantile="1",le="1"} NaN
# TYPE u untyped
u{quote="\\"",backslash="\\\\",newline="\\n",other="\\d"}0`;
  expect(entries(page)).toEqual([
    'help http_requests_total: Requests, with a \\ and a \n in it.',
    'type http_requests_total: counter',
    'http_requests_total{code="200", method="get"} = 1027 @1395066363000',
    'http_requests_total{code="400", method="get"} = 3',
    'no_labels = 12.5',
    'empty_braces = Infinity',
    'ab{a="1", b="2"} = -0.03',
    'type h: histogram',
    'help h: ',
    'h_bucket{le="1.0"} = 1',
    'h_bucket{le="0.5"} = 0',
    'h_bucket{le="+Inf"} = 2',
    'type s: summary',
    's{quantile="1.0", le="1"} = NaN',
    'type u: unknown',
    'u{quote="\\"", backslash="\\\\", newline="\\n", other="\\\\d"} = 0',
  ]);
});

test('names outside the old alphabet stand in quotes', () => {
  const page = `# HELP "with.dots" Text
# TYPE "with.dots" gauge
{"with.dots"} 1
{"with.dots", "label.x"="v", plain="w"} 2
{plain="w", "höhe"} 3
`;
  expect(entries(page)).toEqual([
    'help with.dots: Text',
    'type with.dots: gauge',
    '{"with.dots"} = 1',
    '{"with.dots", "label.x"="v", plain="w"} = 2',
    '{"höhe", plain="w"} = 3',
  ]);
});

test('an empty page and one without its last newline are fine', () => {
  expect(entries('')).toEqual([]);
  expect(entries('\n \n')).toEqual([]);
  expect(entries('a 1')).toEqual(['a = 1']);
  expect(entries('# only a comment')).toEqual([]);
});

test('equal bytes are the key of a series', () => {
  const bytes = new TextEncoder().encode('x 1\n  a{b="c"}  2  3  \ny 1\n');
  const parser = new TextParser(bytes);
  parser.next();
  parser.next();
  const text = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  expect(text(parser.keyFrom, parser.keyTo)).toBe('a{b="c"}');
  expect(text(parser.valueFrom, parser.lineEnd)).toBe('2  3  ');
});

test.each([
  ['a', 'line 1, column 2: expected a value after the series, found the end of the page'],
  ['a 1\nb\n', 'line 2, column 2: expected a value after the series, found the end of the line'],
  ['a x', 'line 1, column 3: expected a value, found "x": not a number'],
  ['a 0x1f', 'line 1, column 3: expected a value, found "0x1f": not a number'],
  ['a 1e999', 'line 1, column 3: expected a value, found "1e999": a number out of range'],
  ['a 1 2 3', 'line 1, column 7: expected the end of the line after the timestamp, found "3"'],
  ['a 1 x', 'line 1, column 5: expected a timestamp or the end of the line, found "x"'],
  ['a 1 1.5', 'line 1, column 6: expected the end of the line after the timestamp, found ".5"'],
  ['9a 1', 'line 1, column 1: expected a metric name or "{", found "9a"'],
  ['a{b} 1', 'line 1, column 4: expected "=" after the label name, found "}"'],
  ['a{b=c} 1', 'line 1, column 5: expected a label value in quotes, found "c}"'],
  ['a{b="c} 1\nd 2', 'line 1, column 5: expected a closing quote, found the end of the page'],
  ['a{b="c",,} 1', 'line 1, column 9: expected a label name or "}", found ",}"'],
  ['a{', 'line 1, column 3: expected a label name or "}", found the end of the page'],
  ['{a="b"} 1', 'line 1, column 1: expected a metric name in quotes inside the braces, found none'],
  ['{"a","b"} 1', 'line 1, column 6: expected one metric name, found a second one'],
  ['a{"b"} 1', 'line 1, column 3: expected one metric name, found a second one'],
  [
    '# TYPE a meter',
    'line 1, column 10: expected a metric type (counter, gauge, histogram, summary, untyped), found "meter"',
  ],
  [
    '# TYPE a toString',
    'line 1, column 10: expected a metric type (counter, gauge, histogram, summary, untyped), found "toString"',
  ],
  [
    '# TYPE a counter\r',
    'line 1, column 10: expected a metric type (counter, gauge, histogram, summary, untyped), found "counter\\r"',
  ],
  ['# HELP 9 text', 'line 1, column 8: expected a metric name after HELP, found "9"'],
  ['a 1\r\n', 'line 1, column 3: expected a value, found "1": not a number'],
  ['a 1\n\0b 2', 'line 2, column 1: expected a metric name or "{", found a NUL byte'],
  ['a{"b\0"="c"} 2', 'line 1, column 5: unexpected NUL byte in a string'],
  ['{"a\0"} 2', 'line 1, column 4: unexpected NUL byte in a string'],
  ['# TYPE "a\0" gauge', 'line 1, column 10: unexpected NUL byte in a string'],
  ['a{b="\\\0"} 2', 'line 1, column 5: expected a closing quote, found the end of the page'],
  [
    'a 1 99999999999999999999',
    'line 1, column 5: expected a timestamp in milliseconds, found one out of range',
  ],
])('the page %j is refused', (page, message) => {
  expect(() => entries(page)).toThrow(message);
});

test('label values and help texts have to be UTF-8', () => {
  const bad = Uint8Array.from(
    [...new TextEncoder().encode('a{b="')].concat([0xff], [...new TextEncoder().encode('"} 1')]),
  );
  expect(() => entries(bad)).toThrow('line 1, column 6: expected UTF-8, found other bytes');
});

test('a line that never ends is refused before it is read', () => {
  const long = 'x'.repeat(70_000);
  const labels = Array.from({ length: 20_000 }, (_, i) => `l${i}="v"`).join(',');
  const problem = 'expected a series of at most 65536 bytes, found a longer one';
  for (const page of [
    `${long} 1`,
    `a{b="${long}"} 1`,
    `a{${labels}} 1`,
    `a{${long}="b"} 1`,
    `{"${long}"} 1`,
  ]) {
    expect(() => entries(page)).toThrow(problem);
  }
  expect(() => entries(`# HELP a ${long}`)).toThrow('expected a text of at most 65536 bytes, found 70000');
  expect(() => entries(`# HELP ${long}`)).toThrow(
    'line 1, column 8: expected a series of at most 65536 bytes',
  );
  expect(entries(`# ${long}`)).toEqual([]);
  expect(entries(`a{b="${'x'.repeat(60_000)}"} 1`)).toHaveLength(1);
});

test('values, help texts and comments may hold NUL bytes, as upstream', () => {
  const parser = new TextParser(new TextEncoder().encode('# x\0\n# HELP a b\0c\na{b="\0",c="d\0\0"} 2\n'));
  expect([parser.next(), parser.text]).toEqual(['help', 'b\0c']);
  expect([parser.next(), parser.labels()]).toEqual(['sample', ['__name__', 'a', 'b', '\0', 'c', 'd\0\0']]);
  expect(parser.hasNul).toBe(true);
});
