import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { statusPageConfig } from '../config/status-page.ts';
import type { Incident } from '../incidents/incident.ts';
import { DAY_MS, type ServiceDay, type ServiceState } from '../incidents/service-days.ts';
import { type StatusView, statusView } from '../incidents/status-view.ts';
import { filesIn } from '../program-files.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { statusPageHtml, statusPageJson, statusPageRoutes } from './status-page.ts';

const TODAY = Date.UTC(2026, 0, 8);
const NOW = TODAY + 12 * 3_600_000;

const incident = (more: Partial<Incident>): Incident => ({
  id: 1,
  title: 'Slow',
  services: ['Shop'],
  matchers: '{secret="x"}',
  isPublic: true,
  startedAt: NOW,
  endedAt: undefined,
  updates: [{ id: 1, at: NOW, status: 'investigating', text: 'We look.', author: 'kim' }],
  ...more,
});

function view(
  services: Record<string, ServiceState>,
  { days = {}, incidents = [] }: { days?: Record<string, ServiceDay[]>; incidents?: Incident[] } = {},
): StatusView {
  const config = statusPageConfig.parse({
    title: 'Example',
    services: Object.keys(services).map((name) => ({ name, expr: 'secret_metric' })),
  });
  return statusView({
    config,
    services: config.services.map((service) => ({ service, state: services[service.name]!, since: NOW })),
    days: { since: () => new Map(Object.entries(days)) },
    incidents: { list: () => incidents },
    now: NOW,
  });
}

test.each<[states: Record<string, ServiceState>, state: string, sentence: string]>([
  [{}, 'unknown', 'No service is listed.'],
  [{ Shop: 'up' }, 'up', 'The service is up.'],
  [{ Shop: 'up', Mail: 'up' }, 'up', 'All services are up.'],
  [{ Shop: 'up', Mail: 'degraded' }, 'degraded', 'Mail is degraded.'],
  [{ Shop: 'down', Mail: 'degraded' }, 'down', 'Shop is down.'],
  [{ Shop: 'down', Mail: 'down' }, 'down', 'Shop and Mail are down.'],
  [{ a: 'down', b: 'down', c: 'down', d: 'down' }, 'down', '4 services are down.'],
  [{ Shop: 'unknown', Mail: 'up' }, 'unknown', 'Nothing is known of Shop now.'],
])('services %j: the page is %s and says %s', (states, state, sentence) => {
  const shown = view(states);
  expect(shown.state).toBe(state);
  expect(statusPageHtml(shown)).toContain(`<span>${sentence}</span>`);
});

test('ninety days stand as bars, each with its state and what happened; availability is never rounded up', () => {
  const days = [
    { day: TODAY - 89 * DAY_MS, up: DAY_MS, degraded: 0, down: 0 },
    { day: TODAY - 2 * DAY_MS, up: DAY_MS - 4000, degraded: 0, down: 4000 },
    { day: TODAY - DAY_MS, up: DAY_MS - 5_400_000, degraded: 5_400_000, down: 0 },
  ];
  const shown = view({ Shop: 'up' }, { days: { Shop: days } });
  const html = statusPageHtml(shown);
  const bars = [...html.matchAll(/<rect class="is-(\w+)"[^>]*><title>([^<]*)<\/title>/g)].map(
    ([, state, text]) => [state, text],
  );
  expect(bars).toHaveLength(90);
  expect(bars[0]).toEqual(['up', '11 Oct 2025: up']);
  expect(bars[1]).toEqual(['unknown', '12 Oct 2025: nothing known']);
  expect(bars.slice(-3)).toEqual([
    ['down', '6 Jan 2026: down 1 min'],
    ['degraded', '7 Jan 2026: degraded 1 h 30 min'],
    ['unknown', '8 Jan 2026: nothing known'],
  ]);
  expect(html).toContain('99.99 % up');
  expect(html).toContain('down on 1 day of the last 90');
});

test('public incidents only: those that go on above, those that are over below; nobody is named', () => {
  const over = incident({ id: 2, title: 'Was down', endedAt: NOW });
  const hidden = incident({ id: 3, title: 'Of no concern', isPublic: false });
  const shown = view({ Shop: 'up' }, { incidents: [over, hidden, incident({})] });
  const html = statusPageHtml(shown);
  expect(html.indexOf('Slow')).toBeLessThan(html.indexOf('The last two weeks'));
  expect(html.indexOf('Was down')).toBeGreaterThan(html.indexOf('The last two weeks'));
  for (const page of [html, JSON.stringify(statusPageJson(shown))])
    for (const secret of ['Of no concern', 'kim', 'secret']) expect(page).not.toContain(secret);
});

test('what people wrote is text and nothing else', () => {
  const evil = `<script>alert(1)</script>"'&`;
  const shown = {
    ...view(
      { [evil]: 'up' },
      {
        incidents: [
          incident({
            title: evil,
            services: [evil],
            updates: [{ id: 1, at: NOW, status: 'monitoring', text: evil, author: '' }],
          }),
        ],
      },
    ),
    title: evil,
    description: evil,
  };
  const html = statusPageHtml(shown);
  expect(html).not.toContain('<script');
  expect(html.split('&lt;script&gt;')).toHaveLength(7);
});

test('it is made once for all who ask within fifteen seconds, is known again by its tag, and 404 when there is none', async () => {
  const webDir = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-status-'));
  onTestFinished(() => fs.rmSync(webDir, { recursive: true }));
  fs.writeFileSync(
    path.join(webDir, 'status-page.html'),
    '<title>Status</title><link href="/assets/x.css"><div id="status-page"></div>',
  );
  const clock = fakeClock(NOW);
  let made = 0;
  let current: StatusView | undefined = view({ Shop: 'up' });
  const app = statusPageRoutes({
    view() {
      made++;
      return current;
    },
    clock,
    web: filesIn(webDir),
    prefix: () => '/belfry',
  });
  const first = await app.request('/status-page');
  const text = await first.text();
  expect(text).toContain(
    '<title>Example</title><link href="/belfry/assets/x.css"><main class="status-page">',
  );
  expect(first.headers.get('cache-control')).toBe('public, max-age=15');
  current = undefined;
  const tag = first.headers.get('etag')!;
  expect((await app.request('/status-page', { headers: { 'if-none-match': tag } })).status).toBe(304);
  expect([await (await app.request('/status-page')).text(), made]).toEqual([text, 1]);
  await clock.advance('15s');
  expect([
    (await app.request('/status-page')).status,
    (await app.request('/status-page.json')).status,
  ]).toEqual([404, 404]);
});

test('programs get the same as JSON', () => {
  const days = { Shop: [{ day: TODAY, up: 3000, degraded: 0, down: 1000 }] };
  expect(statusPageJson(view({ Shop: 'down' }, { days, incidents: [incident({})] }))).toEqual({
    title: 'Example',
    description: '',
    state: 'down',
    at: '2026-01-08T12:00:00.000Z',
    services: [
      {
        name: 'Shop',
        group: '',
        description: '',
        state: 'down',
        availability: 0.75,
        days: [{ day: '2026-01-08', up: 3, degraded: 0, down: 1 }],
      },
    ],
    incidents: [
      {
        id: 1,
        title: 'Slow',
        services: ['Shop'],
        status: 'investigating',
        startedAt: '2026-01-08T12:00:00.000Z',
        endedAt: null,
        updates: [{ at: '2026-01-08T12:00:00.000Z', status: 'investigating', text: 'We look.' }],
      },
    ],
  });
});
