import { expect, test } from 'vitest';
import { wantsProtobuf } from './federate.ts';

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

test.each([
  ['', false],
  ['*/*', false],
  ['text/plain;version=0.0.4', false],
  [PROTOBUF, true],
  [
    `${PROTOBUF};q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`,
    true,
  ],
  [
    `application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,${PROTOBUF};q=0.4`,
    false,
  ],
  [PROTOBUF.replaceAll(';', ' ; '), true],
  [PROTOBUF.replace('delimited', 'text'), false],
  ['application/vnd.google.protobuf', false],
])('Accept %j asks for protobuf: %j', (accept, expected) => {
  expect(wantsProtobuf(accept)).toBe(expected);
});
