import type { Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import type { FakeServer } from './server.ts';

/** A graph, the i-th of three side by side. */
export const series = (expr: string, i: number): object => ({
  type: 'timeseries',
  title: `Panel ${i}`,
  gridPos: { x: (i % 3) * 8, y: Math.floor(i / 3) * 7, w: 8, h: 7 },
  targets: [{ expr, legendFormat: '{{device}}' }],
});

/** Imports a dashboard. @returns its address, without a refresh of its own */
export async function put(server: FakeServer, uid: string, dashboard: object): Promise<string> {
  const answer = await fetch(`${server.url}/api/dashboards`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uid, title: uid, refresh: '', ...dashboard }),
  });
  expect(answer.ok).toBe(true);
  return `/d/${uid}/x?refresh=off`;
}

/** The expressions of each batch asked since then. */
export function batches(page: Page): string[][] {
  const found: string[][] = [];
  page.on('request', (request: Request) => {
    if (!request.url().endsWith('/api/batch')) return;
    const { queries } = JSON.parse(request.postData() ?? '{}') as { queries: { query: string }[] };
    found.push(queries.map(({ query }) => query));
  });
  return found;
}
