import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSnappy } from '../src/exposition/remote/snappy.ts';
import { type SentSeries, writeRequestV1 } from '../src/exposition/remote/write-request.fixture.ts';
import { startAppliance, temporaryFolder } from './harness/appliance.ts';
import { peer, prometheusReceiver } from './harness/peers.ts';

/** The same requests to a real Prometheus 2.42 and here: status, envelope, error type and text. */
const prometheusProgram = peer('prometheus');

const now = Math.floor(Date.now() / 60_000) * 60_000;
const T = now / 1000;

/** Method, path below /api/v1 and, after a bar, a form. */
const SAME: readonly string[] = [
  'GET /query',
  'GET /query?query=',
  'GET /query?query=up&timeout=x',
  `GET /query?query=gauge_1&time=${T}`,
  `GET /query?query=gauge_1[5m]&time=${T}`,
  `GET /query?query="a"&time=${T}`,
  'GET /query?query=sum(',
  `POST /query | query=count(gauge_1)&time=${T}`,
  'GET /query_range',
  'GET /query_range?query=up&start=1&end=x&step=1',
  'GET /query_range?query=up&start=1&end=2',
  'GET /query_range?query=up&start=1&end=2&step=x',
  'GET /query_range?query=up&start=1&end=2&step=-1',
  'GET /query_range?query=up&start=2&end=1&step=1',
  'GET /query_range?query=up&start=1&end=2&step=1&timeout=x',
  `GET /query_range?query=gauge_1&start=${T}&end=${T}&step=1`,
  'GET /query_exemplars',
  'GET /query_exemplars?query=1',
  'GET /query_exemplars?query=up',
  'GET /query_exemplars?query=sum(',
  'GET /query_exemplars?query=up&start=2&end=1',
  'GET /query_exemplars?query=up&start=1&end=1',
  'POST /query_exemplars | query=1',
  'GET /labels',
  'GET /labels?match[]=sum(',
  'GET /labels?match[]={}',
  'GET /labels?match[]=1',
  'GET /labels?match[]=gauge_1[5m]',
  'GET /labels?match[]=(gauge_1)',
  'GET /labels?match[]=gauge_1 offset 5m',
  'GET /labels?start=2&end=1',
  'POST /labels | match[]=gauge_1',
  'GET /label/i/values',
  'GET /label/i/values?match[]=gauge_2',
  'GET /label/i/values?match[]={}',
  'GET /label/i/values?match[]=sum(',
  'GET /series',
  'GET /series?match[]=',
  'GET /series?match[]=sum(',
  'GET /series?match[]={}',
  'GET /series?match[]=gauge_1',
  'GET /series?match[]=gauge_1&start=2&end=1',
  'POST /series | match[]=gauge_3',
  'GET /metadata?limit=x',
  'GET /targets/metadata?limit=x',
  'GET /targets/metadata?match_target=x(',
  'GET /rules?type=bad',
  'GET /rules',
  'GET /alerts',
  'GET /alertmanagers',
  'GET /format_query',
  'GET /format_query?query=sum(rate(x[5m]))by(a)',
  'GET /format_query?query=sum(',
  'OPTIONS /query',
];

/** Where 3.14 says it in lower case. */
const TIMES: readonly string[] = [
  'GET /query?query=up&time=noon',
  'GET /query_exemplars?query=up&start=x',
  'GET /labels?start=x',
  'GET /label/i/values?end=x',
  'GET /series?match[]=gauge_1&start=x',
];

describe.skipIf(!prometheusProgram.isThere)('beside Prometheus', () => {
  const stack = new AsyncDisposableStack();
  let folder: string;
  let theirs: string;
  let ours: string;

  beforeAll(async () => {
    folder = temporaryFolder('query-peer');
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(config, '{}\n');
    const [prometheus, belfry] = await Promise.all([
      prometheusReceiver(stack, folder, prometheusProgram),
      startAppliance(stack, { config, data: path.join(folder, 'data') }),
    ]);
    await prometheus.start();
    theirs = prometheus.url;
    ours = belfry.url;
    const series = [1, 2, 3].map(
      (i): SentSeries => ({
        labels: [
          ['__name__', `gauge_${i}`],
          ['i', `${i}`],
        ],
        samples: [
          [now - 60_000, i],
          [now, i + 1],
        ],
      }),
    );
    for (const url of [theirs, ours]) {
      const { status } = await fetch(`${url}/api/v1/write`, {
        method: 'POST',
        body: new Uint8Array(encodeSnappy(writeRequestV1(series))),
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
      });
      expect(status).toBe(204);
    }
  });
  afterAll(async () => {
    await stack.disposeAsync();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (url: string, request: string) => {
    const [head = '', form] = request.split(' | ');
    const space = head.indexOf(' ');
    const response = await fetch(`${url}/api/v1${head.slice(space + 1)}`, {
      method: head.slice(0, space),
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? '' : (JSON.parse(text) as { error?: string }) };
  };

  test.each(SAME)('%s', async (request) => {
    expect(await ask(ours, request)).toEqual(await ask(theirs, request));
  });

  test.each(TIMES)('%s', async (request) => {
    const { status, body } = await ask(theirs, request);
    const error = (body as { error: string }).error.replace('Invalid time value', 'invalid time value');
    expect(await ask(ours, request)).toEqual({ status, body: { ...(body as object), error } });
  });

  test('what both tell of themselves has the same names', async () => {
    for (const what of ['runtimeinfo', 'buildinfo', 'walreplay', 'config', 'tsdb']) {
      const dataOf = async (url: string) =>
        ((await ask(url, `GET /status/${what}`)).body as unknown as { data: object }).data;
      expect(Object.keys(await dataOf(ours)), what).toEqual(
        expect.arrayContaining(Object.keys(await dataOf(theirs))),
      );
    }
  });

  test('targets of a state that there is none of', async () => {
    const { body } = await ask(ours, 'GET /targets?state=bad');
    expect(body).toEqual({
      status: 'success',
      data: { activeTargets: [], droppedTargets: [], droppedTargetCounts: null },
    });
  });
});
