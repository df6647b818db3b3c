import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { notificationRoutes } from '../http/api-v2/notifications.ts';
import { apiV2Routes } from '../http/api-v2/routes.ts';
import { type Bench, bench, hook, matchers, receiver, route } from '../notifiers/notifier.fixture.ts';
import type { Command } from './io.ts';
import { type Ran, ran } from './ran.fixture.ts';

/** A notifier in virtual time behind the real API, and commands that talk to it. */
export interface World extends Bench {
  readonly url: string;
  /** Requests so far, as `GET /path?query`. */
  readonly asked: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Runs a command against it. */
  run(command: Pick<Command, 'run'> | Command['run'], ...argv: readonly string[]): Promise<Ran>;
  close(): void;
}

/** What the API shows as the running config. */
const CONFIG = `
route:
  receiver: ops
  routes:
    - { receiver: db, matchers: ['team="db"'], continue: true, routes: [{ receiver: low, match_re: { shard: '[0-4]' } }] }
    - { receiver: web, matchers: ['team=~"db|web"'] }
receivers: [{ name: ops }, { name: db }, { name: low }, { name: web }]
`;

export async function world(): Promise<World> {
  const made = bench({
    route: route({
      receiver: 'ops',
      group_by: ['alertname'],
      group_interval: 3000,
      repeat_interval: 10_000,
      routes: [
        { receiver: 'muted', matchers: 'to="muted"', mute_time_intervals: ['always'] },
        { receiver: 'inactive', matchers: 'to="inactive"', active_time_intervals: ['never'] },
        { receiver: 'refusing', matchers: 'to="refusing"' },
      ],
    }),
    receivers: [hook('ops'), hook('muted'), hook('inactive'), hook('refusing'), receiver('silent')],
    time_intervals: [
      { name: 'always', time_intervals: [{}] },
      { name: 'never', time_intervals: [{ years: [{ from: 1999, to: 1999 }] }] },
    ] as never,
    inhibit_rules: [
      {
        name: 'crit',
        source_matchers: matchers('sev="crit"'),
        target_matchers: matchers('sev="warn"'),
        equal: [],
      },
    ],
  });
  const { notifier, clock } = made;
  const asked: string[] = [];
  let headers: Record<string, string> = {};
  const app = new Hono();
  app.use(async (c, next) => {
    const { pathname, search } = new URL(c.req.url);
    asked.push(`${c.req.method} ${pathname}${search}`);
    headers = c.req.header();
    await next();
  });
  const version = { version: '0', revision: '' };
  app.route('/api/v2', apiV2Routes({ notifier, clock, configText: () => CONFIG, version }));
  app.route('/api', notificationRoutes({ notifier }));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...made,
    url,
    asked,
    get headers() {
      return headers;
    },
    run: (command, ...argv) => ran(command, [...argv, '--url', url], { env: { USER: 'tester' } }),
    close: () => void server.close(),
  };
}
