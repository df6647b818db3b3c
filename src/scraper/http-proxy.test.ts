import { expect, test } from 'vitest';
import { proxyChoice } from '../net/proxy.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, sendPage } from '../testing/http-target.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient } from './page-client.ts';

const deps = { clock: fakeClock(), environment: {} };
const proxy = 'http://proxy:3128';

test.each([
  ['', 'http://127.0.0.1/', proxy],
  ['other', 'http://127.0.0.1/', undefined],
  ['other', 'http://localhost:9100/', undefined],
  ['other', 'http://[::1]:9100/', undefined],
  ['other', 'http://host/', proxy],
  ['example.com', 'http://example.com:9100/', undefined],
  ['example.com', 'http://a.example.com/', undefined],
  ['example.com', 'http://badexample.com/', proxy],
  ['.example.com', 'http://example.com/', proxy],
  ['.example.com', 'http://a.example.com/', undefined],
  ['*.example.com', 'http://a.example.com/', undefined],
  ['Example.COM:81, x', 'http://example.com:81/', undefined],
  ['example.com:81', 'http://example.com/', proxy],
  ['example.com:443', 'https://example.com/', undefined],
  ['10.0.0.0/8', 'http://10.1.2.3:9100/', undefined],
  ['10.0.0.0/8', 'http://11.1.2.3:9100/', proxy],
  ['fd00::/8,10.1.2.3', 'http://[fd00::1]/', undefined],
  ['fd00::/8,10.1.2.3', 'http://10.1.2.3/', undefined],
  ['fd00::1', 'http://[fd00::1]/', undefined],
  ['*', 'http://anything/', undefined],
])('with no_proxy %j, %s goes through %s', (no_proxy, url, expected) => {
  const choice = proxyChoice({ proxy_url: proxy, no_proxy, proxy_from_environment: false }, {});
  expect(choice(new URL(url))).toBe(expected);
});

test('proxies of the environment', () => {
  const choice = proxyChoice(
    { proxy_from_environment: true },
    { HTTP_PROXY: 'http://one:1', https_proxy: 'http://two:2', no_proxy: 'inside' },
  );
  expect(choice(new URL('http://host/'))).toBe('http://one:1');
  expect(choice(new URL('https://host/'))).toBe('http://two:2');
  expect(choice(new URL('http://inside/'))).toBeUndefined();
  expect(proxyChoice({ proxy_from_environment: true }, {})(new URL('http://host/'))).toBeUndefined();
});

test('a page comes through the proxy, which is told its own credentials', async () => {
  await using server = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const keys = {
    proxy_url: `http://me:secret@${server.address}`,
    basic_auth: { username: 'u', password: 'p' },
  };
  const client = createPageClient(scrapeJob(keys), new PageBuffers(), deps);
  const page = await client.fetch({
    url: 'http://exporter.example:9100/metrics',
    headers: {},
    compressed: false,
    bodyLimitBytes: 1000,
    expectedBytes: 0,
    signal: new AbortController().signal,
  });
  client.close();
  expect(new TextDecoder().decode(page.body)).toBe('a 1\n');
  expect(server.requests[0]!.url).toBe('http://exporter.example:9100/metrics');
  expect(server.requests[0]!.headers).toMatchObject({
    host: 'exporter.example:9100',
    authorization: `Basic ${btoa('u:p')}`,
    'proxy-authorization': `Basic ${btoa('me:secret')}`,
  });
});
