import { expect, test } from 'vitest';
import { acceptHeader, formatOf } from './exposition-format.ts';

test('formats are asked for in the order wanted, with the weights that upstream gives them', () => {
  const wanted = [
    'OpenMetricsText1.0.0',
    'OpenMetricsText0.0.1',
    'PrometheusText1.0.0',
    'PrometheusText0.0.4',
  ] as const;
  expect(acceptHeader(wanted, 'allow-utf-8')).toBe(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  );
  expect(acceptHeader(['PrometheusProto', 'PrometheusText0.0.4'], 'underscores')).toBe(
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4',
  );
});

test.each([
  ['text/plain; version=0.0.4; charset=utf-8', undefined, 'text'],
  ['Text/Plain', undefined, 'text'],
  ['text/plain ; charset = "utf-8" ;', undefined, 'text'],
  ['text/plain; charset=utf-8;  ', undefined, 'text'],
  [
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    undefined,
    'protobuf',
  ],
  ['text/plain; charset', 'PrometheusText0.0.4', 'text'],
  ['', 'PrometheusProto', 'protobuf'],
  ['application/openmetrics-text; version=1.0.0', undefined, 'openmetrics'],
  ['', 'PrometheusText0.0.4', 'text'],
  ['text/html', 'OpenMetricsText1.0.0', 'openmetrics'],
] as const)('a page of type %j with fallback %s is %s', (contentType, fallback, format) => {
  expect(formatOf(contentType, fallback)).toBe(format);
});

test.each([
  [
    '',
    undefined,
    'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
  ],
  ['text/html', undefined, 'received unsupported Content-Type "text/html" and no fallback_scrape_protocol'],
  [
    'constructor',
    undefined,
    'received unsupported Content-Type "constructor" and no fallback_scrape_protocol',
  ],
  [
    'text/plain; charset',
    undefined,
    'cannot parse Content-Type "text/plain; charset" and no fallback_scrape_protocol for target',
  ],
  [
    'application/vnd.google.protobuf; encoding=text',
    'PrometheusProto',
    'expected protobuf with encoding=delimited',
  ],
] as const)('a page of type %j with fallback %s is refused', (contentType, fallback, problem) => {
  expect(() => formatOf(contentType, fallback)).toThrow(problem);
});
