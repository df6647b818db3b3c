import { type AccessApi, accessApi } from './access-api.ts';
import type {
  ActiveTarget,
  Answer,
  ApiAlert,
  DashboardSummary,
  DiscoveryState,
  EventMark,
  LabelMap,
  MatrixSeries,
  NewSilence,
  NotifierAlert,
  QueryInFlight,
  QueryResult,
  RelabelSteps,
  RuleGroup,
  Silence,
  StoredFile,
  TargetsAnswer,
  TsdbStatus,
} from './api-types.ts';
import { type IncidentApi, incidentApi } from './incidents.ts';
import type { AlertPast, RehearsalAnswer, RehearsalQuestion } from './rehearsal-types.ts';
import type { AlertTrace, OutboxRow, SentNotification } from './trace-types.ts';

/** What went wrong with a request, in words for the page. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Unix seconds. */
export interface QueryRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** What an answer is to bring along. */
export interface QueryExtras {
  readonly stats?: 'true';
  readonly explain?: 'true';
  /** Columns instead of points, see `MatrixSeries`; only a batch gives them. */
  readonly columns?: 'true';
}

/** Of `/api/status`, what people have to know, and what panels do. */
export interface Health {
  /** ISO 8601. */
  readonly startedAt?: string;
  readonly degraded?: string | null;
  readonly config?: {
    readonly isSuccessful: boolean;
    readonly readAt: string;
    readonly triedAt: string;
    /** Each mistake on a line. */
    readonly problem: string | null;
    readonly warnings: readonly string[];
  };
  readonly targets?: {
    readonly down: number;
    /** Of most targets; null without any. */
    readonly scrapeIntervalSeconds: number | null;
  };
  readonly alerts?: {
    readonly firing: number;
    readonly pending: number;
    /** ISO 8601; null while nothing fires. */
    readonly firingSince: string | null;
  };
}

export interface LogEvent {
  readonly id: number;
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

export interface TargetPage {
  readonly bytes: number;
  readonly text?: string;
}

export interface Api {
  /** The page's root, with a slash at its end. */
  readonly base: string;
  query(
    expr: string,
    time: number | undefined,
    signal?: AbortSignal,
    ask?: QueryExtras,
  ): Promise<Answer<QueryResult>>;
  queryRange(
    expr: string,
    range: QueryRange,
    signal?: AbortSignal,
    ask?: QueryExtras,
  ): Promise<Answer<readonly MatrixSeries[]>>;
  /** @param range Unix seconds */
  labelNames(range: { start: number; end: number }, signal?: AbortSignal): Promise<readonly string[]>;
  labelValues(
    label: string,
    match: string | undefined,
    range: { start: number; end: number },
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  alerts(signal?: AbortSignal): Promise<readonly ApiAlert[]>;
  rules(signal?: AbortSignal): Promise<readonly RuleGroup[]>;
  targets(signal?: AbortSignal): Promise<readonly ActiveTarget[]>;
  /** Those that are scraped, those that relabelling dropped, and how many it dropped of each job. */
  targetsAnswer(signal?: AbortSignal): Promise<TargetsAnswer>;
  notifierAlerts(signal?: AbortSignal): Promise<readonly NotifierAlert[]>;
  /** Undefined while the notifier does not know the alert. */
  alertTrace(fingerprint: string, signal?: AbortSignal): Promise<AlertTrace | undefined>;
  /** Times of trouble of a rule's alerts. Unix ms. */
  alertHistory(
    alertname: string,
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly AlertPast[]>;
  rehearse(question: RehearsalQuestion, signal?: AbortSignal): Promise<RehearsalAnswer>;
  /** Messages that were tried, newest first. */
  notifications(
    filter: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<readonly SentNotification[]>;
  outbox(signal?: AbortSignal): Promise<readonly OutboxRow[]>;
  resend(key: string): Promise<void>;
  silences(signal?: AbortSignal): Promise<readonly Silence[]>;
  createSilence(silence: NewSilence): Promise<string>;
  expireSilence(id: string): Promise<void>;
  status<T>(name: 'buildinfo' | 'runtimeinfo' | 'config' | 'flags', signal?: AbortSignal): Promise<T>;
  /** Why nothing can be stored right now, and whether the configuration on disk was refused. */
  health(signal?: AbortSignal): Promise<Health>;
  tsdbStatus(signal?: AbortSignal): Promise<TsdbStatus>;
  storedFiles(signal?: AbortSignal): Promise<readonly StoredFile[]>;
  /** What runs and waits, then what ended lately. */
  queriesInFlight(signal?: AbortSignal): Promise<readonly QueryInFlight[]>;
  cancelQuery(id: number): Promise<void>;
  /** Unix seconds. */
  series(
    match: string,
    range: { start: number; end: number },
    signal?: AbortSignal,
  ): Promise<readonly LabelMap[]>;
  discovery(signal?: AbortSignal): Promise<readonly DiscoveryState[]>;
  relabelSteps(scrapePool: string, labels: LabelMap, signal?: AbortSignal): Promise<RelabelSteps>;
  /** The end of Belfry's own log, newest first. Times in Unix ms. */
  log(filter: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<readonly LogEvent[]>;
  /** What a target says right now; undefined text where it is protobuf. */
  targetPage(scrapePool: string, scrapeUrl: string): Promise<TargetPage>;
  dashboards(signal?: AbortSignal): Promise<readonly DashboardSummary[]>;
  /** Undefined when it is still the one whose version was `known`. */
  dashboard<T>(
    uid: string,
    known: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ readonly model: T; readonly version: string | undefined } | undefined>;
  /** As it was authored. */
  dashboardSource(uid: string): Promise<string>;
  importDashboard(json: string): Promise<string>;
  removeDashboard(uid: string): Promise<void>;
  /** Deploys and the like. Unix ms. */
  events(range: { from: number; to: number }, signal?: AbortSignal): Promise<readonly EventMark[]>;
  /** Logins, tokens and the log of changes. */
  readonly access: AccessApi;
  readonly incidents: IncidentApi;
}

/** Longest address sent as GET; longer queries go as a form. */
const MAX_GET = 1500;

/**
 * Talks to the server under `base` (the page's own address), and to nothing else.
 * @param onLoginNeeded called when the server no longer knows who this is
 */
export function createApi(
  base: string,
  fetchFn: typeof fetch = fetch,
  onLoginNeeded: () => void = () => {},
): Api {
  const reach = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      const response = await fetchFn(new URL(path, base), {
        ...init,
        redirect: 'error',
        credentials: 'same-origin',
      });
      if (response.status === 401) onLoginNeeded();
      return response;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, 'Belfry does not answer.');
    }
  };
  const send = async (path: string, init: RequestInit): Promise<unknown> =>
    readAnswer(await reach(path, init));
  const get = (path: string, signal?: AbortSignal): Promise<unknown> => send(path, { signal });
  const form = (
    path: string,
    fields: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<unknown> => {
    const body = new URLSearchParams(fields);
    const query = body.toString();
    return query.length <= MAX_GET
      ? get(`${path}?${query}`, signal)
      : send(path, { method: 'POST', body, signal });
  };
  const data = async <T>(answer: Promise<unknown>): Promise<T> => ((await answer) as { data: T }).data;
  const json = (value: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof value === 'string' ? value : JSON.stringify(value),
  });
  const change = (path: string, method: string, body?: unknown): Promise<unknown> =>
    send(path, body === undefined ? { method } : { ...json(body), method });

  return {
    base,
    query: async (expr, time, signal, ask) =>
      vectorAnswer(
        await form(
          'api/v1/query',
          { query: expr, ...(time === undefined ? {} : { time: String(time) }), ...ask },
          signal,
        ),
      ),
    queryRange: async (expr, range, signal, ask) => {
      const fields = {
        query: expr,
        start: String(range.start),
        end: String(range.end),
        step: String(range.step),
        ...ask,
      };
      return matrixAnswer(await form('api/v1/query_range', fields, signal));
    },
    labelNames: (range, signal) =>
      data(form('api/v1/labels', { start: String(range.start), end: String(range.end) }, signal)) as Promise<
        readonly string[]
      >,
    labelValues: (label, match, range, signal) =>
      data(
        form(
          `api/v1/label/${encodeURIComponent(label)}/values`,
          {
            start: String(range.start),
            end: String(range.end),
            ...(match === undefined ? {} : { 'match[]': match }),
          },
          signal,
        ),
      ),
    alerts: async (signal) =>
      (await data<{ alerts: readonly ApiAlert[] }>(get('api/v1/alerts', signal))).alerts,
    rules: async (signal) =>
      (await data<{ groups: readonly RuleGroup[] }>(get('api/v1/rules', signal))).groups,
    targets: async (signal) =>
      (await data<TargetsAnswer>(get('api/v1/targets?state=active', signal))).activeTargets,
    targetsAnswer: (signal) => data(get('api/v1/targets', signal)),
    async notifierAlerts(signal) {
      const [alerts, others] = await Promise.all([
        listOf<NotifierAlert>(get('api/v2/alerts', signal)),
        listOf<string>(get('api/alerts/others', signal)),
      ]);
      const isOther = new Set(others);
      return alerts.map((alert) => (isOther.has(alert.fingerprint) ? { ...alert, isOther: true } : alert));
    },
    alertTrace: async (fingerprint, signal) => {
      try {
        return (await get(`api/alerts/${encodeURIComponent(fingerprint)}/trace`, signal)) as AlertTrace;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
    alertHistory: async (alertname, from, to, signal) => {
      const query = new URLSearchParams({
        alertname,
        from: String(Math.floor(from / 1000)),
        to: String(Math.ceil(to / 1000)),
      });
      return ((await get(`api/alerts/history?${query}`, signal)) as { alerts: readonly AlertPast[] }).alerts;
    },
    rehearse: (question, signal) =>
      send('api/rehearse', { ...json(question), signal }) as Promise<RehearsalAnswer>,
    notifications: (filter, signal) =>
      listOf(get(`api/notifications?${new URLSearchParams(filter)}`, signal)),
    outbox: (signal) => listOf(get('api/notifications/outbox', signal)),
    resend: async (key) => void (await send('api/notifications/outbox/resend', json({ key }))),
    silences: (signal) => listOf(get('api/v2/silences', signal)),
    createSilence: async (silence) =>
      ((await send('api/v2/silences', json(silence))) as { silenceID: string }).silenceID,
    expireSilence: async (id) =>
      void (await send(`api/v2/silence/${encodeURIComponent(id)}`, { method: 'DELETE' })),
    status: (name, signal) => data(get(`api/v1/status/${name}`, signal)),
    health: (signal) => get('api/status', signal) as Promise<Health>,
    tsdbStatus: (signal) => data(get('api/v1/status/tsdb', signal)),
    storedFiles: async (signal) =>
      (await data<{ blocks: readonly StoredFile[] }>(get('api/v1/status/tsdb/blocks', signal))).blocks,
    queriesInFlight: (signal) => listOf(get('api/queries', signal)),
    cancelQuery: async (id) => void (await send(`api/queries/${id}`, { method: 'DELETE' })),
    series: (match, range, signal) =>
      data(
        form(
          'api/v1/series',
          { 'match[]': match, start: String(range.start), end: String(range.end) },
          signal,
        ),
      ),
    discovery: (signal) => listOf(get('api/discovery', signal)),
    relabelSteps: (scrapePool, labels, signal) =>
      data(
        get(
          `api/v1/targets/relabel_steps?${new URLSearchParams({ scrapePool, labels: JSON.stringify(labels) })}`,
          signal,
        ),
      ),
    log: (filter, signal) =>
      get(`api/log?${new URLSearchParams(filter)}`, signal) as Promise<readonly LogEvent[]>,
    targetPage: (scrapePool, scrapeUrl) =>
      get(`api/targets/page?${new URLSearchParams({ scrapePool, scrapeUrl })}`) as Promise<TargetPage>,
    dashboards: (signal) => get('api/dashboards', signal) as Promise<readonly DashboardSummary[]>,
    async dashboard<T>(uid: string, known: string | undefined, signal?: AbortSignal) {
      const response = await reach(`api/dashboards/${encodeURIComponent(uid)}`, {
        signal,
        cache: 'no-store',
        ...(known === undefined ? {} : { headers: { 'if-none-match': known } }),
      });
      if (response.status === 304) return undefined;
      const version = response.headers.get('etag') ?? undefined;
      return { model: (await readAnswer(response)) as T, version };
    },
    dashboardSource: async (uid) =>
      JSON.stringify(await send(`api/dashboards/${encodeURIComponent(uid)}/json`, {})),
    removeDashboard: async (uid) =>
      void (await send(`api/dashboards/${encodeURIComponent(uid)}`, { method: 'DELETE' })),
    events: ({ from, to }, signal) =>
      listOf(get(`api/annotations?from=${Math.round(from)}&to=${Math.round(to)}&limit=500`, signal)),
    access: accessApi({ get, send: change }),
    incidents: incidentApi({ get, send: change }),
    importDashboard: async (text) => ((await send('api/dashboards', json(text))) as { uid: string }).uid,
  };
}

const listOf = async <T>(answer: Promise<unknown>): Promise<readonly T[]> => (await answer) as readonly T[];

/** Reads what `/api/v1/query` answers. */
export const vectorAnswer = (answer: unknown): Answer<QueryResult> => withNotes<QueryResult>(answer);

/** Reads what `/api/v1/query_range` answers. */
export function matrixAnswer(body: unknown): Answer<readonly MatrixSeries[]> {
  const answer = withNotes<{ result: readonly MatrixSeries[] }>(body);
  return { ...answer, data: answer.data.result };
}

function withNotes<T>(answer: unknown): Answer<T> {
  const { data, warnings, infos } = answer as {
    data: T & Pick<Answer<T>, 'stats' | 'explain'>;
    warnings?: string[];
    infos?: string[];
  };
  const { stats, explain } = data;
  return {
    data,
    warnings: warnings ?? [],
    infos: infos ?? [],
    ...(stats ? { stats } : {}),
    ...(explain ? { explain } : {}),
  };
}

async function readAnswer(response: Response): Promise<unknown> {
  const text = await response.text();
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (response.ok) {
    if (body === undefined && text !== '')
      throw new ApiError(response.status, 'The answer is not JSON: is a proxy in between?');
    return body;
  }
  throw errorOfAnswer(response.status, body ?? text);
}

/** @param answer the parsed body, or its text where it is no JSON */
export function errorOfAnswer(status: number, answer: unknown): ApiError {
  return new ApiError(status, errorText(status, answer));
}

function errorText(status: number, body: unknown): string {
  if (typeof body === 'object' && body !== null) {
    const { error, message } = body as { error?: unknown; message?: unknown };
    if (typeof error === 'string') return error;
    if (typeof message === 'string') return message;
  }
  if (status === 401) return 'Not signed in.';
  if (status === 403) return 'Your role does not allow this.';
  const line = typeof body === 'string' ? (body.trim().split('\n')[0] ?? '') : '';
  return line !== '' && line.length < 200 && !line.startsWith('<') ? line : `The server answered ${status}.`;
}
