import { encodeSnappy } from '../../src/exposition/remote/snappy.ts';
import { writeRequestV1 } from '../../src/exposition/remote/write-request.fixture.ts';
import { ask as request } from './process.ts';
import { ALERTS } from './site.ts';

/** Who comes to the process under test, and how it is reached. */
export interface VisitorDeps {
  readonly url: string;
  /** Its own time, Unix ms. */
  readonly now: () => number;
  readonly count: (what: string) => void;
  readonly reload: (n: number) => Promise<void>;
}

/** Something that is done again and again. */
export interface Visitor {
  readonly name: string;
  /** Own seconds between the end of one visit and the next. */
  readonly everySeconds: number;
  visit(n: number): Promise<void>;
}

const PANELS = [
  'sum by (instance) (rate(steady_events_total_0[5m]))',
  'rate(process_cpu_seconds_total[5m])',
  'topk(5, pod_cpu{instance="pods-a"})',
  'count by (job) (up)',
  'max_over_time(sum(steady_state_1)[1h:1m])',
  'label_replace(up, "host", "$1", "instance", "(.*)")',
  'avg(job:events:rate5m) by (job)',
  'ALERTS',
];
const PAGES = [
  '/api/status',
  '/api/v1/rules',
  '/api/v2/alerts',
  '/api/v2/alerts/groups',
  '/api/v2/silences',
  '/api/v1/targets',
  '/api/notifications',
  '/api/alerts/history',
  '/metrics',
  '/api/v1/labels',
  '/api/v1/label/pod/values',
  '/api/v1/metadata',
  '/api/dashboards',
  '/',
];

/** A person with a dashboard open, one with a terminal, an agent, another alerter, an administrator. For ten minutes of each hour nobody looks at anything. */
export function createVisitors({ url, now, count, reload }: VisitorDeps): readonly Visitor[] {
  const seconds = (ms: number): number => Math.round(ms / 1000);
  const isQuiet = (): boolean => now() % 3_600_000 > 3_000_000;
  const ask = async (what: string, pathname: string, init: RequestInit = {}): Promise<string> => {
    const answer = await request(url + pathname, init);
    const text = await answer.text();
    count(`${what}: ${answer.status}`);
    return text;
  };
  const post = (what: string, pathname: string, body: unknown): Promise<string> =>
    ask(what, pathname, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const silences: string[] = [];

  return [
    {
      name: 'dashboard',
      everySeconds: 10,
      async visit(n) {
        if (isQuiet()) return;
        const end = seconds(now());
        const ranges = [1, 3][n % 2]! * 3600;
        const queries = PANELS.map((query, i) =>
          i % 4 === 3
            ? { query, time: end }
            : { query, start: end - ranges, end, step: ranges / 120, columns: i % 2 ? true : undefined },
        );
        await post('batch', '/api/batch', { queries });
        await ask('page', PAGES[n % PAGES.length]!);
      },
    },
    {
      name: 'terminal',
      everySeconds: 15,
      async visit(n) {
        if (isQuiet()) return;
        const end = seconds(now());
        const form = new URLSearchParams({
          query: `${PANELS[n % PANELS.length]!} > ${n % 50}`,
          time: String(end),
        });
        await ask('query', '/api/v1/query', { method: 'POST', body: form });
        await ask(
          'series',
          `/api/v1/series?${new URLSearchParams({ 'match[]': 'pod_cpu', start: String(end - 600), end: String(end) })}`,
        );
        await ask('a query that is none', '/api/v1/query?query=sum(');
      },
    },
    {
      name: 'leaver',
      everySeconds: 30,
      async visit() {
        if (isQuiet()) return;
        const end = seconds(now());
        const form = {
          query: 'sum({__name__=~".+"})',
          start: String(end - 7200),
          end: String(end),
          step: '5',
        };
        for (const pathname of [
          `/api/v1/query_range?${new URLSearchParams(form)}`,
          '/api/v1/notifications/live',
        ]) {
          await fetch(url + pathname, { signal: AbortSignal.timeout(40) })
            .then((answer) => answer.text())
            .catch(() => {});
        }
        count('clients that left');
      },
    },
    {
      name: 'agent',
      everySeconds: 15,
      async visit(n) {
        const series = Array.from({ length: 40 }, (_, i) => ({
          labels: [
            ['__name__', 'pushed'],
            ['batch', String(i < 35 ? 0 : n % 500)],
            ['i', String(i)],
          ] as [string, string][],
          // Some come late.
          samples: [[now() - 3000 - (i % 5 === 0 ? 400_000 : 0), n + i]] as [number, number][],
        }));
        const body = new Uint8Array(encodeSnappy(writeRequestV1(series)));
        const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
        await ask('remote write', '/api/v1/write', { method: 'POST', body, headers });
      },
    },
    {
      name: 'alerter',
      everySeconds: 60,
      async visit(n) {
        const alerts = Array.from({ length: 5 }, (_, i) => ({
          labels: { alertname: 'Posted', n: String((Math.floor(n / 10) + i) % 8) },
          annotations: { summary: `of round ${n}` },
        }));
        await post('alerts posted', '/api/v2/alerts', alerts);
      },
    },
    {
      name: 'on call',
      everySeconds: 300,
      async visit(n) {
        const [startsAt, endsAt] = [now(), now() + 240_000].map((at) => new Date(at).toISOString());
        const matchers = [{ name: 'n', value: String(n % ALERTS), isRegex: false, isEqual: true }];
        const answer = await post('silences', '/api/v2/silences', {
          matchers,
          startsAt,
          endsAt,
          createdBy: 'endurance',
          comment: `the ${n}th`,
        });
        silences.push((JSON.parse(answer) as { silenceID: string }).silenceID);
        // Every other is ended by hand, the others by time.
        if (n % 2) await ask('silences ended', `/api/v2/silence/${silences.at(-1)}`, { method: 'DELETE' });
      },
    },
    { name: 'administrator', everySeconds: 400, visit: reload },
  ];
}
