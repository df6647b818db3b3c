import { fakeAlerts, fakeGroups, fakeNotified, notifiedFacts, pastOf, rehearsed } from './fake-alerts.ts';
import { fakeIncident, fakeIncidents, fakeLog, SERVICES } from './fake-incidents.ts';
import { fakeOutbox, fakeSent, fakeTrace } from './fake-notifier.ts';
import { instant, labelValues, range } from './fake-queries.ts';
import { BUILD, CONFIG, FLAGS, ME, runtime, storedFiles, tsdb } from './fake-status.ts';
import { DROPPED, fakeTargets } from './fake-targets.ts';

export type Scenario = 'busy' | 'calm' | 'empty' | 'broken';

export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface Silence {
  id: string;
  matchers: unknown[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  status: { state: 'active' | 'expired' };
}

/** Answers the page's requests with made-up data; silences can really be made and ended. */
export interface FakeApi {
  scenario: Scenario;
  readonly silences: Silence[];
  answer(method: string, path: string, query: URLSearchParams, body: string): FakeAnswer | undefined;
}

const MINUTE = 60_000;

export function createFakeApi(scenario: Scenario, now: () => number): FakeApi {
  let nextId = 1;
  let isResent = false;
  const ago = (ms: number): string => new Date(now() - ms).toISOString();
  const facts = () => notifiedFacts(api.scenario, api.silences, now());
  const ok = (data: unknown): FakeAnswer => ({ status: 200, body: { status: 'success', data } });
  const api: FakeApi = {
    scenario,
    silences: [
      {
        id: 'f1d7',
        matchers: [
          { name: 'alertname', value: 'DatabaseSlowQueries', isRegex: false, isEqual: true },
          { name: 'instance', value: 'db-.*', isRegex: true, isEqual: true },
        ],
        startsAt: ago(40 * MINUTE),
        endsAt: ago(-80 * MINUTE),
        createdBy: 'maria',
        comment: 'reindexing until ten',
        status: { state: 'active' },
      },
      {
        id: 'e009',
        matchers: [{ name: 'job', value: 'redis', isRegex: false, isEqual: true }],
        startsAt: ago(300 * MINUTE),
        endsAt: ago(180 * MINUTE),
        createdBy: 'jo',
        comment: 'moved to the new host',
        status: { state: 'expired' },
      },
    ],
    answer(method, path, query, body) {
      if (api.scenario === 'broken')
        return {
          status: 503,
          body: { status: 'error', errorType: 'unavailable', error: 'the log is being replayed' },
        };
      const get = method === 'GET';
      if (path === '/api/v1/query_range') return ok({ resultType: 'matrix', result: range(query) });
      if (path === '/api/v1/query') return instant(query, now());
      if (get && path === '/api/v1/labels') return ok(['__name__', 'instance', 'job', 'mode']);
      if (get && path === '/api/v1/series') return ok([]);
      if (get && path === '/api/v1/metadata')
        return ok({ http_requests_total: [{ type: 'counter', help: 'Requests answered.', unit: '' }] });
      if (get && path.startsWith('/api/v1/label/')) return ok(labelValues(path));
      if (get && path === '/api/v1/alerts') return ok({ alerts: fakeAlerts(api.scenario, now()) });
      if (get && path === '/api/v1/rules') return ok({ groups: fakeGroups(api.scenario, now()) });
      if (get && path === '/api/v1/targets')
        return ok({
          activeTargets: fakeTargets(api.scenario, now()),
          droppedTargets: DROPPED,
          droppedTargetCounts: { backend: 2 },
        });
      const traced = /^\/api\/alerts\/([^/]+)\/trace$/.exec(path)?.[1];
      if (get && traced !== undefined) {
        const found = facts().find((one) => one.name === traced);
        return found
          ? { status: 200, body: fakeTrace(found, now()) }
          : { status: 404, body: { error: `no alert ${JSON.stringify(traced)} is known` } };
      }
      if (method === 'POST' && path === '/api/rehearse') return rehearsed(body, now());
      if (get && path === '/api/alerts/history') return pastOf(query, fakeAlerts(api.scenario, now()), now());
      if (get && path === '/api/annotations')
        return {
          status: 200,
          body: [
            {
              id: 1,
              time: now() - 20 * MINUTE,
              timeEnd: now() - 20 * MINUTE,
              text: 'v1.2 is out',
              tags: ['deploy'],
            },
          ],
        };
      if (get && path === '/api/services') return { status: 200, body: SERVICES };
      if (get && path === '/api/incidents') return { status: 200, body: fakeIncidents(now()) };
      const incident = fakeIncidents(now()).find(({ id }) => path === `/api/incidents/${id}`);
      if (get && incident) return { status: 200, body: fakeIncident(incident, now()) };
      if (get && path === '/api/log') return { status: 200, body: fakeLog(now()) };
      if (get && path === '/api/targets/page')
        return { status: 200, body: { format: 'text', bytes: 5, text: 'up 1\n' } };
      if (get && path === '/api/queries') return { status: 200, body: [] };
      if (get && path === '/api/discovery') return { status: 200, body: [] };
      if (get && path === '/api/v1/status/tsdb/blocks') return ok({ blocks: storedFiles(now()) });
      if (get && path === '/api/v1/status/flags') return ok(FLAGS);
      if (get && path === '/api/notifications/outbox')
        return { status: 200, body: api.scenario === 'busy' && !isResent ? fakeOutbox(now()) : [] };
      if (method === 'POST' && path === '/api/notifications/outbox/resend') {
        isResent = true;
        return { status: 202, body: undefined };
      }
      if (get && path === '/api/notifications') {
        const wanted = query.get('search') ?? '';
        const sent = fakeSent(facts(), now()).filter(
          (one) =>
            (query.get('outcome') ?? one.outcome) === one.outcome && JSON.stringify(one).includes(wanted),
        );
        return { status: 200, body: sent };
      }
      if (get && path === '/api/v2/alerts')
        return { status: 200, body: fakeNotified(api.scenario, api.silences, now()) };
      if (get && path === '/api/alerts/others') return { status: 200, body: [] };
      if (get && path === '/api/v2/silences') return { status: 200, body: api.silences };
      if (method === 'POST' && path === '/api/v2/silences') return createSilence(body);
      if (method === 'DELETE' && path.startsWith('/api/v2/silence/'))
        return expireSilence(path.split('/').at(-1)!);
      if (get && path === '/api/v1/status/buildinfo') return ok(BUILD);
      if (get && path === '/api/v1/status/runtimeinfo') return ok(runtime(now()));
      if (get && path === '/api/me') return { status: 200, body: ME };
      if (get && ['/api/sessions', '/api/tokens', '/api/audit'].includes(path))
        return { status: 200, body: [] };
      if (get && path === '/api/status')
        return {
          status: 200,
          body: {
            degraded: null,
            startedAt: ago(3 * 86_400_000),
            targets: { up: 6, down: api.scenario === 'busy' ? 1 : 0, unknown: 0, scrapeIntervalSeconds: 15 },
            alerts: countsOf(fakeAlerts(api.scenario, now())),
          },
        };
      if (get && path === '/api/v1/status/tsdb') return ok(tsdb());
      if (get && path === '/api/v1/status/config') return ok({ yaml: CONFIG });
      return undefined;
    },
  };

  function createSilence(body: string): FakeAnswer {
    const { id: old, ...rest } = JSON.parse(body) as Silence;
    const known = api.silences.find((s) => s.id === old);
    if (known) {
      Object.assign(known, rest);
      return { status: 200, body: { silenceID: known.id } };
    }
    const id = `new-${nextId++}`;
    api.silences.push({ ...rest, id, status: { state: 'active' } });
    return { status: 200, body: { silenceID: id } };
  }

  function expireSilence(id: string): FakeAnswer {
    const silence = api.silences.find((s) => s.id === id);
    if (!silence) return { status: 404, body: 'silence not found' };
    silence.status.state = 'expired';
    silence.endsAt = ago(0);
    return { status: 200, body: undefined };
  }

  return api;
}

function countsOf(alerts: readonly { readonly state: string; readonly activeAt: string }[]) {
  const firing = alerts.filter(({ state }) => state === 'firing');
  return {
    firing: firing.length,
    pending: alerts.length - firing.length,
    firingSince: firing.map(({ activeAt }) => activeAt).toSorted()[0] ?? null,
  };
}
