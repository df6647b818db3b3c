import { test } from 'vitest';
import { systemClock } from '../clock.ts';
import { createHttpClient } from '../net/client.ts';
import { httpTarget } from '../testing/http-target.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { createDirectPages, directRequest } from './direct-pages.ts';
import { PageBuffers } from './page-buffers.ts';

const PAGE = Buffer.from(
  'metric_with_a_name_of_usual_length{label="value",other="another"} 12345\n'.repeat(900),
);

/** One run is a page of 64 KiB over loopback, its server in the same thread included. */
test('a page is fetched', async ({ bench }) => {
  await using target = await httpTarget((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': PAGE.length }).end(PAGE);
  });
  const url = `http://${target.address}/metrics`;
  const buffers = new PageBuffers();
  const direct = createDirectPages(buffers);
  const asked = directRequest(new URL(url), { accept: 'text/plain' })!;
  const full = createHttpClient(scrapeJob(), { clock: systemClock, environment: {} });
  const headers = { accept: 'text/plain', 'user-agent': 'belfry', 'accept-encoding': 'identity' };
  const signal = new AbortController().signal;
  const request = { url, headers, compressed: false, bodyLimitBytes: 1 << 20, expectedBytes: 0, signal };
  await bench.compare(
    bench('direct connection', async () => {
      const page = await direct.fetch(asked, request);
      buffers.give(page!.body);
    }),
    bench("Node's client", async () => {
      const response = await full.get({ url, headers, signal });
      let bytes = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
      if (bytes !== PAGE.length) throw new Error(`expected ${PAGE.length} bytes, got ${bytes}`);
    }),
  );
  direct.close();
  full.close();
});
