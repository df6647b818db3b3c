import { expect, test } from 'vitest';
import { formatSeries, labelsFromSorted } from '../model/labels.ts';
import { OpenMetricsParser } from './open-metrics-parser.ts';
import { METRIC_TYPES } from './parser.ts';

function entries(page: string): string[] {
  const parser = new OpenMetricsParser(new TextEncoder().encode(page));
  const out: string[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'help' || kind === 'unit') out.push(`${kind} ${parser.family}: ${parser.text}`);
    else if (kind === 'type') out.push(`type ${parser.family}: ${METRIC_TYPES[parser.type]}`);
    else {
      const at = Number.isNaN(parser.timestamp) ? '' : ` @${parser.timestamp}`;
      out.push(`${formatSeries(labelsFromSorted(parser.labels()))} = ${parser.value}${at}`);
    }
  }
  return out;
}

test('a page of all the usual things', () => {
  const page = `# HELP go_gc_duration_seconds A \\"summary\\".
# TYPE go_gc_duration_seconds summary
# UNIT go_gc_duration_seconds seconds
go_gc_duration_seconds{quantile="0"} 4.9351e-05
go_gc_duration_seconds{quantile="0.25"} 7.424100000000001e-05 1520879607.789
# TYPE foo counter
foo_total 17.0 1520879607.789 # {id="counter-test"} 5 1520879607.5
foo_created 1520872607.123
# TYPE hh histogram
hh_bucket{le="1"} 8 # {id="histogram-bucket-test"} 5
hh_bucket{le="+Inf",} 9
# TYPE ii info
ii{foo="bar"} 1
# TYPE ss stateset
ss{ss="foo"} 1
# TYPE gh gaugehistogram
{"quoted.name","label.x"="v"} NaN
# UNIT x 
# EOF
`;
  expect(entries(page)).toEqual([
    'help go_gc_duration_seconds: A "summary".',
    'type go_gc_duration_seconds: summary',
    'unit go_gc_duration_seconds: seconds',
    'go_gc_duration_seconds{quantile="0.0"} = 0.000049351',
    'go_gc_duration_seconds{quantile="0.25"} = 0.00007424100000000001 @1520879607789',
    'type foo: counter',
    'foo_total = 17 @1520879607789',
    'foo_created = 1520872607.123',
    'type hh: histogram',
    'hh_bucket{le="1.0"} = 8',
    'hh_bucket{le="+Inf"} = 9',
    'type ii: info',
    'ii{foo="bar"} = 1',
    'type ss: stateset',
    'ss{ss="foo"} = 1',
    'type gh: gaugehistogram',
    '{"quoted.name", "label.x"="v"} = NaN',
    'unit x: ',
  ]);
});

test('the end may lack its newline', () => {
  expect(entries('# EOF')).toEqual([]);
  expect(entries('a 1\n# EOF')).toEqual(['a = 1']);
});

test.each([
  ['', 'line 1, column 1: data does not end with # EOF'],
  ['a 1\n', 'line 2, column 1: data does not end with # EOF'],
  ['a 1', 'line 1, column 4: data does not end with # EOF'],
  ['# HELP a b', 'line 1, column 11: data does not end with # EOF'],
  ['# EOF\na 1\n', 'line 2, column 1: expected nothing after "# EOF", found "a"'],
  ['# EOF\n\n', 'line 2, column 1: expected nothing after "# EOF", found the end of the line'],
  ['\n# EOF\n', 'line 1, column 1: expected a metric name or "{", found the end of the line'],
  [' a 1\n# EOF\n', 'line 1, column 1: expected a metric name or "{", found " "'],
  ['a  1\n# EOF\n', 'line 1, column 3: expected a value, found " "'],
  ['a\t1\n# EOF\n', 'line 1, column 2: expected a blank and a value, found'],
  ['a 1 \n# EOF\n', 'line 1, column 5: expected a timestamp, found the end of the line'],
  ['a{b="c"}1\n# EOF\n', 'line 1, column 9: expected a blank and a value, found "1"'],
  ['a{b="c" ,d="e"} 1\n# EOF\n', 'line 1, column 8: expected "," or "}" after the label value, found " "'],
  [
    'a{b="c"d="e"} 1\n# EOF\n',
    'line 1, column 8: expected "," or "}" after the label value, found "d=\\"e\\"}"',
  ],
  ['a{b="c\nd"} 1\n# EOF\n', 'line 1, column 7: expected a closing quote, found the end of the line'],
  ['a 1 NaN\n# EOF\n', 'line 1, column 5: expected a timestamp in seconds, found "NaN"'],
  ['a 1 2 3\n# EOF\n', 'line 1, column 7: expected an exemplar or the end of the line, found "3"'],
  ['a 1 # x\n# EOF\n', 'line 1, column 5: expected an exemplar or the end of the line, found "#"'],
  ['a 1 # {"x"} 1\n# EOF\n', 'line 1, column 8: expected one metric name, found a second one'],
  [
    'a 1 # {x="y"}\n# EOF\n',
    'line 1, column 14: expected a blank and the value of the exemplar, found the end of the line',
  ],
  [
    'a 1 # {x="y"} z\n# EOF\n',
    'line 1, column 15: expected the value of the exemplar, found "z": not a number',
  ],
  ['a 1 # {x="y"} 1 Inf\n# EOF\n', 'line 1, column 17: expected a timestamp in seconds, found "Inf"'],
  ['# comment\n# EOF\n', 'line 1, column 1: expected # HELP, # TYPE, # UNIT or # EOF, found "#"'],
  ['# TYPE a untyped\n# EOF\n', 'line 1, column 10: expected a metric type'],
  ['# TYPE a\n# EOF\n', 'line 1, column 9: expected a blank and the text, found the end of the line'],
  [
    '# UNIT a_seconds meters\n# EOF\n',
    'line 1, column 18: expected a unit that ends the metric name "a_seconds", found "meters"',
  ],
  ['a 1 # {x="\0"} 1\n# EOF\n', 'line 1, column 11: unexpected NUL byte in a string'],
])('the page %j is refused', (page, message) => {
  expect(() => entries(page)).toThrow(message);
});

test('values and help texts may hold NUL bytes, as upstream', () => {
  const parser = new OpenMetricsParser(new TextEncoder().encode('# HELP a b\0c\na{b="d\0"} 2\n# EOF\n'));
  expect([parser.next(), parser.text, parser.hasNul]).toEqual(['help', 'b\0c', true]);
  expect([parser.next(), parser.labels()]).toEqual(['sample', ['__name__', 'a', 'b', 'd\0']]);
});
