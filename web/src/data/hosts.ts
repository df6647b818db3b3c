import { parseApiTime } from '../format/time.ts';
import type { ActiveTarget, ApiAlert } from './api-types.ts';

export type Health = 'ok' | 'pending' | 'firing' | 'unknown';

/** One line of the overview: a host, or a service with all its instances. */
export interface HostRow {
  readonly key: string;
  readonly name: string;
  readonly job: string;
  /** Whether it has host metrics. */
  readonly isHost: boolean;
  /** Set when the row is a single target. */
  readonly instance: string | undefined;
  readonly targets: readonly ActiveTarget[];
  readonly up: number;
  readonly health: Health;
  /** Seconds, the slowest of its targets. */
  readonly scrapeSeconds: number | undefined;
  /** Unix ms of the oldest last scrape. */
  readonly lastScrape: number | undefined;
  readonly lastError: string;
  readonly alerts: readonly ApiAlert[];
}

/**
 * Groups targets into rows: each target that looks like a host stands alone, the instances of any other job share a row.
 * Worst first, then hosts, then by name.
 * @param hostKeys `job\ninstance` of the targets that have host metrics
 */
export function hostRows(
  targets: readonly ActiveTarget[],
  alerts: readonly ApiAlert[],
  hostKeys: ReadonlySet<string>,
): HostRow[] {
  const groups = new Map<string, ActiveTarget[]>();
  for (const target of targets) {
    const key = targetKey(target.labels.job, target.labels.instance);
    const group = hostKeys.has(key) ? key : (target.labels.job ?? target.scrapePool);
    const members = groups.get(group);
    if (members) members.push(target);
    else groups.set(group, [target]);
  }
  const rows = [...groups].map(([key, members]) => rowOf(key, members, alerts, hostKeys.has(key)));
  const severity: Record<Health, number> = { firing: 0, pending: 1, unknown: 2, ok: 3 };
  return rows.sort(
    (a, b) =>
      severity[a.health] - severity[b.health] ||
      Number(hostKeys.has(b.key)) - Number(hostKeys.has(a.key)) ||
      (a.name < b.name ? -1 : 1),
  );
}

export function targetKey(job: string | undefined, instance: string | undefined): string {
  return `${job ?? ''}\n${instance ?? ''}`;
}

function rowOf(
  key: string,
  targets: readonly ActiveTarget[],
  alerts: readonly ApiAlert[],
  isHost: boolean,
): HostRow {
  const first = targets[0]!;
  const job = first.labels.job ?? first.scrapePool;
  const instance = targets.length === 1 ? first.labels.instance : undefined;
  const up = targets.filter((target) => target.health === 'up').length;
  const down = targets.find((target) => target.health === 'down');
  const instances = new Set(targets.map((target) => target.labels.instance));
  const own = alerts.filter((alert) => alert.state !== 'inactive' && concerns(alert, job, instances));
  const times = targets.map((target) => parseApiTime(target.lastScrape)).filter((time) => time !== undefined);
  return {
    key,
    name: isHost ? (instance ?? job) : job,
    job,
    isHost,
    instance,
    targets,
    up,
    health: healthOf(own, down !== undefined, up),
    scrapeSeconds:
      times.length === 0 ? undefined : Math.max(...targets.map((target) => target.lastScrapeDuration)),
    lastScrape: times.length === 0 ? undefined : Math.min(...times),
    lastError: down?.lastError ?? '',
    alerts: own,
  };
}

function healthOf(alerts: readonly ApiAlert[], isDown: boolean, up: number): Health {
  if (isDown || alerts.some((alert) => alert.state === 'firing')) return 'firing';
  if (alerts.length > 0) return 'pending';
  return up > 0 ? 'ok' : 'unknown';
}

/** An alert concerns a row when it names one of its instances, or its job and no instance. */
function concerns(alert: ApiAlert, job: string, instances: ReadonlySet<string | undefined>): boolean {
  const { job: alertJob, instance } = alert.labels;
  return instance === undefined ? alertJob === job : (alertJob ?? job) === job && instances.has(instance);
}

/** What went wrong, without what was tried: `Get "http://…": dial tcp …: connect: connection refused` is `connection refused`. */
export const shortError = (text: string): string =>
  text.replace(/^\w+ "[^"]*": /, '').replace(/^(?:dial|read|write) \w+(?: \S+)?: (?:connect: )?/, '');
