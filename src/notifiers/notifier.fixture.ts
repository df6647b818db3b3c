import { Registry } from 'prom-client';
import type { HttpClientConfig } from '../config/http-client.ts';
import type { ReceiverConfig } from '../config/receivers/receiver.ts';
import type { WebhookConfig } from '../config/receivers/webhook.ts';
import type { RouteConfig } from '../config/route.ts';
import type { Alert } from '../model/alert.ts';
import { labelsFromObject } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { openDatabase, type SqliteDatabase } from '../sqlite/database.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { parseMatchers } from './matcher-syntax.ts';
import { createNotifier, type Notifier, type NotifierConfig, type NotifierOptions } from './notifier.ts';

/** Builders for the tests of this package. */

export type RouteInput = Partial<Omit<RouteConfig, 'routes' | 'matchers'>> & {
  readonly matchers?: string;
  readonly routes?: readonly RouteInput[];
};

/** A route with upstream's inheritance; matchers as text. */
export function route(input: RouteInput, parent?: RouteConfig): RouteConfig {
  const base = parent ?? {
    receiver: 'w',
    group_by: [],
    group_by_all: false,
    group_wait: 1000,
    group_interval: 2000,
    repeat_interval: 3_600_000,
    labels: {},
  };
  const own: RouteConfig = {
    ...base,
    ...input,
    matchers: matchers(input.matchers ?? ''),
    mute_time_intervals: input.mute_time_intervals ?? [],
    active_time_intervals: input.active_time_intervals ?? [],
    continue: input.continue ?? false,
    routes: [],
  };
  return { ...own, routes: (input.routes ?? []).map((child) => route(child, own)) };
}

export const matchers = (text: string): readonly Matcher[] => parseMatchers(text);

export const plainHttp: HttpClientConfig = {
  follow_redirects: true,
  enable_http2: true,
  proxy_from_environment: false,
  tls_config: { insecure_skip_verify: false },
};

export function webhook(url: string, more: Partial<WebhookConfig> = {}): WebhookConfig {
  return { url, max_alerts: 0, timeout: 0, send_resolved: true, http_config: plainHttp, ...more };
}

export function receiver(name: string, more: Partial<ReceiverConfig> = {}): ReceiverConfig {
  return {
    name,
    labels: { name },
    webhook_configs: [],
    email_configs: [],
    slack_configs: [],
    pagerduty_configs: [],
    ...more,
  };
}

/** A receiver whose only integration posts to a path named like it. */
export function hook(name: string, more: Partial<WebhookConfig> = {}): ReceiverConfig {
  return receiver(name, { webhook_configs: [webhook(`http://sink/${name}`, more)] });
}

/** Templates that are plain text. */
export const plainTemplates: NotifierOptions['templates'] = {
  renderText: (template) => template,
  renderHtml: (template) => template,
};

export interface Post {
  /** Seconds since the start. */
  readonly t: number;
  readonly to: string;
  readonly status: string;
  readonly groupKey: string;
  readonly reason: string;
  /** Each alert as `name` or `name resolved`; the name is `alertname` and the label `i`. */
  readonly alerts: readonly string[];
  readonly body: Record<string, unknown>;
}

export interface Bench {
  readonly clock: FakeClock;
  readonly db: SqliteDatabase;
  readonly notifier: Notifier;
  readonly posts: Post[];
  /** What the sink answers to each path, one after the other; a number is a status, then 200. */
  readonly script: Map<string, (number | 'reset' | 'hang')[]>;
  /** Posts alerts as a client of the API does. */
  post(...alerts: readonly AlertInput[]): Promise<readonly string[]>;
  /** Moves on to a number of seconds after the start. */
  at(seconds: number): Promise<void>;
  /** What was posted to a path: seconds and alerts. */
  seen(to: string): readonly (readonly [number, readonly string[]])[];
  /** Ends the process without telling the notifier, and starts another on the same database or the one given. */
  crash(more?: Partial<NotifierOptions>): Bench;
}

export interface AlertInput {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Seconds since the start. */
  readonly starts?: number;
  readonly ends?: number;
  readonly generatorURL?: string;
}

export function bench(config: Partial<NotifierConfig>, more: Partial<NotifierOptions> = {}): Bench {
  const clock = (more.clock as FakeClock | undefined) ?? fakeClock();
  const db = more.db ?? openDatabase(':memory:', { addon: undefined });
  const posts: Post[] = [];
  const script = new Map<string, (number | 'reset' | 'hang')[]>();
  const origin = Date.UTC(2026, 0, 1);
  let isDead = false;
  const full: NotifierConfig = {
    route: undefined,
    receivers: [],
    inhibit_rules: [],
    time_intervals: [],
    global: { resolve_timeout: 300_000 },
    ...config,
  };
  const notifier = createNotifier({
    config: full,
    templates: plainTemplates,
    db,
    clock,
    log: silentLog(),
    registry: new Registry(),
    externalUrl: 'http://belfry.test',
    random: () => 0.5,
    async http(request, _, signal) {
      if (isDead) return new Promise(() => {});
      const to = new URL(request.url).pathname.slice(1);
      const act = script.get(to)?.shift() ?? 200;
      const body = JSON.parse(request.body);
      const name = (one: { status: string; labels: Record<string, string> }): string =>
        [one.labels.alertname, one.labels.i, one.status === 'resolved' ? 'resolved' : '']
          .filter(Boolean)
          .join(' ');
      posts.push({
        t: (clock.now() - origin) / 1000,
        to,
        status: body.status,
        groupKey: body.groupKey,
        reason: body.notification_reason,
        alerts: body.alerts.map(name),
        body,
      });
      if (act === 'reset') throw new Error('socket hang up');
      if (act === 'hang') {
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      }
      return { status: act, headers: {}, body: '' };
    },
    ...more,
  });
  const self: Bench = {
    clock,
    db,
    notifier,
    posts,
    script,
    post: (...alerts) => notifier.post(alerts.map((input) => alert(input, origin))),
    at: (seconds) => clock.advance(origin + seconds * 1000 - clock.now()),
    seen: (to) => posts.filter((post) => post.to === to).map((post) => [post.t, post.alerts]),
    crash(again = {}) {
      isDead = true;
      // Its timers still fire on our clock; a dead process must not write.
      if (again.db) db.close();
      const next = bench(config, { ...more, clock, db, ...again });
      next.posts.unshift(...posts);
      return next;
    },
  };
  return self;
}

export function alert(input: AlertInput, origin = Date.UTC(2026, 0, 1)): Alert {
  return {
    labels: labelsFromObject(input.labels),
    annotations: labelsFromObject(input.annotations ?? {}),
    startsAt: input.starts === undefined ? 0 : origin + input.starts * 1000,
    endsAt: input.ends === undefined ? 0 : origin + input.ends * 1000,
    updatedAt: 0,
    generatorURL: input.generatorURL ?? '',
  };
}
