import { expect, test } from 'vitest';
import { acceptHeader, formatOf } from './exposition-format.ts';

test('what can be read is asked for in the order wanted', () => {
  const wanted = [
    'OpenMetricsText1.0.0',
    'OpenMetricsText0.0.1',
    'PrometheusText1.0.0',
    'PrometheusText0.0.4',
  ] as const;
  expect(acceptHeader(wanted, 'allow-utf-8')).toBe(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  );
  expect(acceptHeader(['PrometheusProto', 'PrometheusText0.0.4'], 'underscores')).toBe(
    'text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  );
});

test.each([
  ['text/plain; version=0.0.4; charset=utf-8', undefined, 'text'],
  ['Text/Plain', undefined, 'text'],
  ['application/openmetrics-text; version=1.0.0', undefined, 'openmetrics'],
  ['', 'PrometheusText0.0.4', 'text'],
  ['text/html', 'OpenMetricsText1.0.0', 'openmetrics'],
] as const)('a page of type %j with fallback %s is %s', (contentType, fallback, format) => {
  expect(formatOf(contentType, fallback)).toBe(format);
});

test.each([
  ['', undefined, 'got none'],
  ['text/html', undefined, 'got "text/html"'],
  ['application/vnd.google.protobuf', 'PrometheusProto', 'got "application/vnd.google.protobuf"'],
] as const)('a page of type %j with fallback %s is refused', (contentType, fallback, problem) => {
  expect(() => formatOf(contentType, fallback)).toThrow(problem);
});
