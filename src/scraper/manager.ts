import { createHash, randomInt } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { ScrapeConfig } from '../config/scrape.ts';
import type { Appender, ScrapeAppender } from '../model/appender.ts';
import type { Log } from '../model/log.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { type BuiltInTarget, builtInPages, resolveBuiltIn } from './built-in.ts';
import { httpPages } from './http-pages.ts';
import { createScrapeLoop, type PageSource, type ScrapeLoop } from './loop.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient, type PageClient } from './page-client.ts';
import { compileRelabel } from './relabel.ts';
import { createScrapeMetrics } from './scrape-metrics.ts';
import { type DroppedTarget, resolveTarget, type Target } from './target.ts';
import { type SampleRules, TargetSamples } from './target-samples.ts';
import {
  type ActiveTargetJson,
  activeTargetJson,
  type DroppedTargetJson,
  droppedTargetJson,
} from './targets-json.ts';

export interface ScrapeManager {
  /** Makes these the jobs that are scraped. A target whose settings stay the same is left alone; one that is gone becomes stale. */
  apply(jobs: readonly ScrapeConfig[], builtIns?: readonly BuiltInTarget[]): Promise<void>;
  /** Targets as /api/v1/targets shows them. */
  targets(): { readonly active: readonly ActiveTargetJson[]; readonly dropped: readonly DroppedTargetJson[] };
  /** Names of the jobs, built-in ones included. */
  pools(): readonly string[];
  /** What the targets say about their metrics. */
  metadata(): readonly TargetMetadata[];
  /** Cuts what is under way, for the end of the process: nothing becomes stale. */
  stop(): Promise<void>;
}

export interface TargetMetadata {
  readonly target: Target;
  readonly metrics: ReadonlyMap<string, MetricMetadata>;
}

interface ScrapedTarget {
  readonly target: Target;
  /** Equal for targets whose loop may go on unchanged. */
  readonly settings: string;
  readonly source: ScrapeAppender;
  readonly samples: TargetSamples;
  readonly loop: ScrapeLoop;
}

interface Planned {
  readonly target: Target;
  readonly settings: string;
  readonly rules: SampleRules;
  readonly pages: PageSource;
}

interface Pool {
  readonly settings: string;
  readonly client: PageClient;
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
}): ScrapeManager {
  const { appender, clock, log } = deps;
  const metrics = createScrapeMetrics(deps.registry);
  const buffers = new PageBuffers();
  const hashSeed = randomInt(2 ** 32);
  let scraped = new Map<string, ScrapedTarget>();
  let pools = new Map<string, Pool>();
  let poolNames: readonly string[] = [];
  let dropped: readonly DroppedTarget[] = [];

  /** Starts what is planned and ends what is not; a source whose loop is replaced is handed on, so nothing becomes stale. */
  const replaceTargets = async (planned: ReadonlyMap<string, Planned>): Promise<void> => {
    const next = new Map<string, ScrapedTarget>();
    const handedOn = new Map<string, ScrapeAppender>();
    const ended: ScrapedTarget[] = [];
    for (const [key, current] of scraped) {
      const plan = planned.get(key);
      if (plan?.settings === current.settings) next.set(key, { ...current, target: plan.target });
      else ended.push(current);
    }
    await Promise.all(ended.map(({ loop }) => loop.stop()));
    for (const { target, source } of ended) {
      if (planned.has(target.key)) handedOn.set(target.key, source);
      else {
        source.markAllStale(clock.now());
        source.close();
      }
    }
    for (const [key, plan] of planned) {
      if (next.has(key)) continue;
      const { target, settings, rules, pages } = plan;
      const source = handedOn.get(key) ?? appender.source(key);
      const { labels, timeoutMs } = target;
      const samples = new TargetSamples({
        source,
        appender,
        target: labels,
        buffers,
        rules,
        timeoutMs,
        seed: hashSeed,
      });
      const named = { job: target.job, url: target.url };
      const onChange = (failure: Error | undefined): void => {
        if (failure) log.warn({ ...named, problem: failure.message }, 'scrape failed');
        else log.info(named, 'scrape works again');
      };
      const loop = createScrapeLoop({ target, pages, samples, clock, metrics, onChange });
      next.set(key, { target, settings, source, samples, loop });
      loop.start(offsetOf(target, clock.now(), deps.offsetSeed ?? ''));
    }
    scraped = next;
    metrics.targets.set(next.size);
  };

  const planJob = (job: ScrapeConfig, client: PageClient, planned: Map<string, Planned>): DroppedTarget[] => {
    const relabel = compileRelabel(job.relabel_configs, job.metric_name_validation_scheme);
    const rules: SampleRules = {
      ...job,
      relabel: compileRelabel(job.metric_relabel_configs, job.metric_name_validation_scheme),
    };
    const out: DroppedTarget[] = [];
    const targets = new Map<string, Target>();
    for (const group of job.static_configs) {
      for (const address of group.targets) {
        const outcome = resolveTarget(job, { ...group.labels, __address__: address }, relabel);
        if (outcome.kind === 'active') targets.set(outcome.target.key, outcome.target);
        else if (outcome.kind === 'dropped') out.push(outcome.dropped);
        else {
          const { discoveredLabels, problem: reason } = outcome;
          log.error({ job: job.job_name, address, problem: reason }, 'target left out');
          out.push({ job: job.job_name, discoveredLabels, reason });
        }
      }
    }
    const settings = settingsOf(job);
    const excess = job.target_limit > 0 && targets.size > job.target_limit;
    for (const target of targets.values()) {
      const pages = excess
        ? refusedPages(`target_limit exceeded: ${targets.size} targets, limit ${job.target_limit}`)
        : httpPages(job, target, client, deps.version);
      const own = `${settings}${target.intervalMs} ${target.timeoutMs} ${excess}`;
      planned.set(target.key, { target, settings: own, rules, pages });
    }
    const shown = job.keep_dropped_targets;
    return shown > 0 ? out.slice(0, shown) : out;
  };

  return {
    async apply(jobs, builtIns = []) {
      const planned = new Map<string, Planned>();
      const nextPools = new Map<string, Pool>();
      const out: DroppedTarget[] = [];
      for (const job of jobs) {
        const settings = settingsOf(job);
        const kept = pools.get(job.job_name);
        const client =
          kept?.settings === settings
            ? kept.client
            : createPageClient(job, buffers, { clock, environment: process.env });
        nextPools.set(job.job_name, { settings, client });
        out.push(...planJob(job, client, planned));
      }
      for (const builtIn of builtIns) {
        const { target, rules } = resolveBuiltIn(builtIn);
        planned.set(target.key, { target, settings: builtIn.settings, rules, pages: builtInPages(builtIn) });
      }
      await replaceTargets(planned);
      for (const [name, { client }] of pools) if (nextPools.get(name)?.client !== client) client.close();
      pools = nextPools;
      poolNames = [...new Set([...jobs.map((job) => job.job_name), ...builtIns.map(({ job }) => job)])];
      dropped = out;
    },
    targets() {
      const active = [...scraped.values()].map(({ target, loop }) =>
        activeTargetJson(target, loop.state, deps.externalUrl),
      );
      return { active, dropped: dropped.map(droppedTargetJson) };
    },
    pools: () => poolNames,
    metadata: () =>
      [...scraped.values()].map(({ target, samples }) => ({ target, metrics: samples.metadata })),
    async stop() {
      await Promise.all([...scraped.values()].map(({ loop }) => loop.stop()));
      for (const { client } of pools.values()) client.close();
    },
  };
}

/** All that changes how a job's targets are scraped; which targets it has is looked at one by one. */
function settingsOf(job: ScrapeConfig): string {
  return JSON.stringify({ ...job, static_configs: [], relabel_configs: [] });
}

function refusedPages(problem: string): PageSource {
  return { fetch: () => Promise.reject(new Error(problem)) };
}

/** Where in its interval a target is scraped: the same after each restart, and evenly spread over all targets. */
function offsetOf(target: Target, now: number, seed: string): number {
  const hash = createHash('sha256').update(`${seed}\xff${target.key}`).digest().readUInt32BE(0);
  const phase = (hash / 2 ** 32) * target.intervalMs;
  const untilNext = target.intervalMs - (now % target.intervalMs);
  return (untilNext + phase) % target.intervalMs;
}
