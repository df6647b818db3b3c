import { randomInt } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { ScrapeConfig } from '../config/scrape.ts';
import type { Appender } from '../model/appender.ts';
import type { Log } from '../model/log.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { type BuiltInTarget, builtInPages, resolveBuiltIn } from './built-in.ts';
import { type DiscoveryDeps, hostDiscovery } from './discovery/discoverers.ts';
import type { ExpositionFormat } from './exposition-format.ts';
import { createJobPool, type JobPool } from './job-pool.ts';
import { PageBuffers } from './page-buffers.ts';
import { createRounds } from './rounds.ts';
import { createDiscoveryMetrics, createParkedMetric, createScrapeMetrics } from './scrape-metrics.ts';
import { Succession } from './succession.ts';
import type { Target } from './target.ts';
import { createTargetSet, type PlannedTarget, type ScrapedTarget } from './target-set.ts';
import {
  type ActiveTargetJson,
  activeTargetJson,
  type DiscoveryJson,
  type DroppedTargetJson,
  discoveryJson,
  droppedTargetJson,
  type TargetCountsJson,
  targetCountsJson,
} from './targets-json.ts';

export interface ScrapeManager {
  /**
   * Makes these the jobs that are scraped. A target whose settings stay the same is left alone; one that is gone becomes stale. Targets
   * that discovery finds later come and go by themselves.
   */
  apply(jobs: readonly ScrapeConfig[], builtIns?: readonly BuiltInTarget[]): Promise<void>;
  /** Targets as /api/v1/targets shows them; each list is made when it is asked for. */
  targets(): { readonly active: readonly ActiveTargetJson[]; readonly dropped: readonly DroppedTargetJson[] };
  /** The same in short, for who asks often. */
  targetCounts(): TargetCountsJson;
  /** Names of the jobs, built-in ones included. */
  pools(): readonly string[];
  /** Dropped targets by job, those too that `keep_dropped_targets` does not show. */
  droppedCounts(): Readonly<Record<string, number>>;
  /** The configuration of a job; undefined when there is none of that name. */
  job(name: string): ScrapeConfig | undefined;
  /** What the discoveries of each job have found. */
  discovery(): readonly DiscoveryJson[];
  /** Whether every discovery has found something or failed since the start, and what was found is scraped. */
  hasDiscovered(): boolean;
  /** What the targets say about their metrics. */
  metadata(): readonly TargetMetadata[];
  /**
   * Asks a target for its page, for somebody to look at; undefined when there is no such target.
   * @throws Error saying why there is no page
   */
  look(job: string, url: string): Promise<ShownPage> | undefined;
  /** Cuts what is under way, for the end of the process: nothing becomes stale. */
  stop(): Promise<void>;
}

/** A page as a person sees it. */
export interface ShownPage {
  readonly format: ExpositionFormat;
  /** Of the whole page. */
  readonly bytes: number;
  /** Its beginning; undefined where it is no text. */
  readonly text: string | undefined;
}

/** Most of a page that is shown, bytes. */
const MAX_SHOWN_BYTES = 256 * 1024;

export interface TargetMetadata {
  readonly target: Target;
  readonly metrics: ReadonlyMap<string, MetricMetadata>;
}

export function createScrapeManager(deps: {
  readonly appender: Appender;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** Belfry's, for the User-Agent. */
  readonly version: string;
  /** Where people reach this site; for the links to local targets. */
  readonly externalUrl?: string;
  /** Spreads the scrapes of two hosts that scrape the same; the host name will do. */
  readonly offsetSeed?: string;
  /** How the world around is found, where it is not this process's. */
  readonly discovery?: Partial<Pick<DiscoveryDeps, 'environment' | 'dns' | 'serviceAccountDir'>>;
}): ScrapeManager {
  const { appender, clock, version } = deps;
  const rounds = createRounds(clock, deps.offsetSeed ?? '', () => appender.pause());
  const succession = new Succession(clock, () => scraped().map(({ target }) => target.labels));
  const shared = {
    appender,
    clock,
    rounds,
    succession,
    log: deps.log,
    metrics: createScrapeMetrics(deps.registry, () => rounds.underWay),
    buffers: new PageBuffers(),
    hashSeed: randomInt(2 ** 32),
  };
  const discovery = hostDiscovery(clock, version, deps.discovery);
  let pools = new Map<string, JobPool>();
  let hasApplied = false;
  const builtInSet = createTargetSet(shared);
  let poolNames: readonly string[] = [];
  const onDiscoveryFailure = createDiscoveryMetrics(deps.registry, () =>
    [...pools].map(([job, pool]) => ({
      job,
      targets: pool.discovery().reduce((total, { targets }) => total + targets, 0),
    })),
  );

  const scraped = (): ScrapedTarget[] => [
    ...[...pools.values()].flatMap((pool) => [...pool.targets()]),
    ...builtInSet.targets(),
  ];

  createParkedMetric(deps.registry, () =>
    scraped()
      .map(({ target, samples }) => ({ job: target.job, series: samples.parkedCount }))
      .filter(({ series }) => series > 0),
  );

  const planBuiltIns = (builtIns: readonly BuiltInTarget[]): Map<string, PlannedTarget> =>
    new Map(
      builtIns.map((builtIn) => {
        const { target, rules } = resolveBuiltIn(builtIn);
        return [
          target.key,
          { target, settings: builtIn.settings, rules, pages: () => builtInPages(builtIn), isAtOnce: true },
        ];
      }),
    );

  return {
    async apply(jobs, builtIns = []) {
      const next = new Map<string, JobPool>();
      for (const job of jobs) {
        const pool =
          pools.get(job.job_name) ?? createJobPool(job, { ...shared, discovery, onDiscoveryFailure });
        next.set(job.job_name, pool);
      }
      const gone = [...pools].filter(([name]) => !next.has(name)).map(([, pool]) => pool);
      pools = next;
      poolNames = [...new Set([...jobs.map((job) => job.job_name), ...builtIns.map(({ job }) => job)])];
      const change = (): Promise<unknown> =>
        Promise.all([
          ...gone.map((pool) => pool.end()),
          ...jobs.map((job) => next.get(job.job_name)!.apply(job)),
          builtInSet.replace(planBuiltIns(builtIns)),
        ]);
      await succession.during(change);
      hasApplied = true;
    },
    targets: () => ({
      get active() {
        return scraped().map(({ target, loop, samples }) =>
          activeTargetJson(target, loop.state, deps.externalUrl, samples.parked),
        );
      },
      get dropped() {
        return [...pools.values()].flatMap((pool) => pool.dropped().map(droppedTargetJson));
      },
    }),
    targetCounts: () =>
      targetCountsJson(scraped().map(({ target, loop }) => ({ target, health: loop.state.health }))),
    pools: () => poolNames,
    droppedCounts: () =>
      Object.fromEntries(poolNames.map((name) => [name, pools.get(name)?.droppedCount() ?? 0])),
    job: (name) => pools.get(name)?.config(),
    discovery: () =>
      [...pools].flatMap(([job, pool]) => pool.discovery().map((state) => discoveryJson(job, state))),
    hasDiscovered: () => hasApplied && [...pools.values()].every((pool) => pool.hasDiscovered()),
    metadata: () => scraped().map(({ target, samples }) => ({ target, metrics: samples.metadata })),
    look(job, url) {
      const found = scraped().find(({ target }) => target.job === job && target.url === url);
      return found?.loop.look().then(({ body, format }) => ({
        format,
        bytes: body.length,
        text:
          format === 'protobuf' ? undefined : Buffer.from(body.subarray(0, MAX_SHOWN_BYTES)).toString('utf8'),
      }));
    },
    async stop() {
      await Promise.all([...[...pools.values()].map((pool) => pool.stop()), builtInSet.stop()]);
    },
  };
}
