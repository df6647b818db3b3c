import { formatDuration } from '../model/duration.ts';
import { labelsToObject, labelValue } from '../model/labels.ts';
import type { DiscoveryState } from './discovery/job-discovery.ts';
import type { LoopState } from './loop.ts';
import type { ParkedJson } from './parked-series.ts';
import type { DroppedTarget, Target } from './target.ts';

/** A target in upstream's /api/v1/targets. */
export interface ActiveTargetJson {
  readonly discoveredLabels: Record<string, string>;
  readonly labels: Record<string, string>;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  /** RFC 3339; year 1 before the first scrape. */
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
  /** Ours: new series that are not stored, and how to leave them out; only while there are any. */
  readonly parked?: ParkedJson;
}

export interface DroppedTargetJson {
  readonly discoveredLabels: Record<string, string>;
  readonly scrapePool: string;
  /** Ours: why it is not scraped. */
  readonly reason: string;
}

/** What one discovery of a job has found; ours. */
export interface DiscoveryJson {
  readonly scrapePool: string;
  /** Its key in the configuration. */
  readonly mechanism: string;
  readonly groups: number;
  readonly targets: number;
  /** RFC 3339; year 1 before the first answer. */
  readonly lastUpdate: string;
  /** Empty when all is well. */
  readonly lastError: string;
}

/** How many targets there are in each state, and how often most of them are scraped. */
export interface TargetCountsJson {
  readonly up: number;
  readonly down: number;
  readonly unknown: number;
  /** The longer one of two that are as common; null without targets. */
  readonly scrapeIntervalSeconds: number | null;
}

const NEVER = '0001-01-01T00:00:00Z';
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

export function activeTargetJson(
  target: Target,
  state: LoopState,
  externalUrl: string | undefined,
  parked?: ParkedJson,
): ActiveTargetJson {
  return {
    discoveredLabels: labelsToObject(target.discoveredLabels),
    labels: labelsToObject(target.labels),
    scrapePool: target.job,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, externalUrl),
    lastError: state.lastError,
    lastScrape: timeJson(state.lastScrape),
    lastScrapeDuration: state.lastDurationSeconds,
    health: state.health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.timeoutMs),
    ...(parked && { parked }),
  };
}

export function targetCountsJson(
  targets: readonly { readonly target: Pick<Target, 'intervalMs'>; readonly health: LoopState['health'] }[],
): TargetCountsJson {
  const counts = { up: 0, down: 0, unknown: 0 };
  const byInterval = new Map<number, number>();
  for (const { target, health } of targets) {
    counts[health]++;
    byInterval.set(target.intervalMs, (byInterval.get(target.intervalMs) ?? 0) + 1);
  }
  const [common] = [...byInterval].sort(([a, countA], [b, countB]) => countB - countA || b - a);
  return { ...counts, scrapeIntervalSeconds: common ? common[0] / 1000 : null };
}

export function droppedTargetJson(dropped: DroppedTarget): DroppedTargetJson {
  return {
    discoveredLabels: labelsToObject(dropped.discoveredLabels),
    scrapePool: labelValue(dropped.discoveredLabels, 'job') || dropped.job,
    reason: dropped.reason,
  };
}

export function discoveryJson(job: string, state: DiscoveryState): DiscoveryJson {
  return { scrapePool: job, ...state, lastUpdate: timeJson(state.lastUpdate) };
}

const timeJson = (ms: number): string => (ms === 0 ? NEVER : new Date(ms).toISOString());

/** The URL under which others reach a target of this host. */
function globalUrl(scrapeUrl: string, externalUrl: string | undefined): string {
  const url = URL.parse(scrapeUrl);
  const external = externalUrl === undefined ? null : URL.parse(externalUrl);
  if (!url || !external || !LOCAL_HOSTS.has(url.hostname)) return scrapeUrl;
  url.hostname = external.hostname;
  return url.href;
}
