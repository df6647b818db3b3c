import type { Clock } from '../clock.ts';
import type { ScrapeConfig } from '../config/scrape.ts';
import { labelsOf } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { TargetGroup } from './discovery/discoverer.ts';
import { staticGroups } from './discovery/static.ts';
import { httpPages } from './http-pages.ts';
import type { PageSource } from './loop.ts';
import type { PageClient } from './page-client.ts';
import { compileRelabel, type Relabel } from './relabel.ts';
import { type DroppedTarget, resolveTarget, type Target, type TargetOutcome } from './target.ts';
import type { SampleRules } from './target-samples.ts';
import type { PlannedTarget } from './target-set.ts';

export interface JobPlan {
  /** By the targets' keys. */
  readonly planned: ReadonlyMap<string, PlannedTarget>;
  /** As many as `keep_dropped_targets` allows. */
  readonly dropped: readonly DroppedTarget[];
  readonly droppedCount: number;
}

/** The client for the host of a URL, or for a Unix socket. */
export type ClientOf = (socketPath: string | undefined) => PageClient;

/** Work on one job before others run. */
const SLICE_MS = 5;

/** Turns what was found for a job into targets. Groups met before are not relabelled again. */
export class JobPlanner {
  readonly #job: ScrapeConfig;
  readonly #deps: { readonly clock: Clock; readonly log: Log; readonly version: string };
  readonly #clientOf: ClientOf;
  readonly #settings: string;
  readonly #relabel: Relabel;
  readonly #rules: SampleRules;
  readonly #outcomes = new WeakMap<TargetGroup, readonly TargetOutcome[]>();
  readonly #static: readonly TargetGroup[];

  constructor(
    job: ScrapeConfig,
    clientOf: ClientOf,
    deps: { readonly clock: Clock; readonly log: Log; readonly version: string },
  ) {
    this.#job = job;
    this.#deps = deps;
    this.#clientOf = clientOf;
    this.#settings = settingsOf(job);
    this.#relabel = compileRelabel(job.relabel_configs, job.metric_name_validation_scheme);
    const relabel = compileRelabel(job.metric_relabel_configs, job.metric_name_validation_scheme);
    this.#rules = { ...job, relabel };
    this.#static = staticGroups(job.static_configs);
  }

  /** Lets others run in between. */
  async plan(found: readonly TargetGroup[]): Promise<JobPlan> {
    const job = this.#job;
    const targets = new Map<string, Target>();
    const dropped: DroppedTarget[] = job.unserved_discovery.map((key) => ({
      job: job.job_name,
      discoveredLabels: labelsOf([['job', job.job_name]]),
      reason: `no targets from ${key}: not supported, use http_sd_configs`,
    }));
    const most = job.keep_dropped_targets || Number.POSITIVE_INFINITY;
    let droppedCount = dropped.length;
    let sliceFrom = this.#deps.clock.monotonic();
    for (const group of [...this.#static, ...found]) {
      for (const outcome of this.#outcomesOf(group)) {
        if (outcome.kind === 'active') {
          targets.set(outcome.target.key, outcome.target);
          continue;
        }
        droppedCount++;
        if (dropped.length < most) dropped.push(droppedOf(job, outcome));
      }
      if (this.#deps.clock.monotonic() - sliceFrom < SLICE_MS) continue;
      await new Promise(setImmediate);
      sliceFrom = this.#deps.clock.monotonic();
    }
    return { planned: this.#planned(targets), dropped: dropped.slice(0, most), droppedCount };
  }

  #outcomesOf(group: TargetGroup): readonly TargetOutcome[] {
    const known = this.#outcomes.get(group);
    if (known) return known;
    const outcomes = group.targets.map((labels) =>
      resolveTarget(this.#job, { ...group.labels, ...labels }, this.#relabel),
    );
    this.#outcomes.set(group, outcomes);
    const invalid = outcomes.filter((outcome) => outcome.kind === 'invalid');
    if (invalid.length > 0) {
      const { problem } = invalid[0]!;
      this.#deps.log.error({ job: this.#job.job_name, count: invalid.length, problem }, 'targets left out');
    }
    return outcomes;
  }

  #planned(targets: ReadonlyMap<string, Target>): Map<string, PlannedTarget> {
    const job = this.#job;
    const excess = job.target_limit > 0 && targets.size > job.target_limit;
    const planned = new Map<string, PlannedTarget>();
    for (const target of targets.values()) {
      const pages = (): PageSource =>
        excess
          ? refusedPages(
              `target_limit exceeded (number of targets: ${targets.size}, limit: ${job.target_limit})`,
            )
          : httpPages(job, target, this.#clientOf(target.socketPath), this.#deps.version);
      const { intervalMs, timeoutMs, histograms } = target;
      const settings = `${this.#settings}${intervalMs} ${timeoutMs} ${excess} ${JSON.stringify(histograms)}`;
      planned.set(target.key, { target, settings, rules: { ...this.#rules, ...histograms }, pages });
    }
    return planned;
  }
}

/** All that changes how a job's targets are scraped; which targets it has is looked at one by one. */
export function settingsOf(job: ScrapeConfig): string {
  const scraping = Object.entries(job).filter(
    ([key]) => !/^static_configs$|_sd_configs$|^relabel_configs$/.test(key),
  );
  return JSON.stringify(Object.fromEntries(scraping));
}

function droppedOf(job: ScrapeConfig, outcome: Exclude<TargetOutcome, { kind: 'active' }>): DroppedTarget {
  if (outcome.kind === 'dropped') return outcome.dropped;
  return { job: job.job_name, discoveredLabels: outcome.discoveredLabels, reason: outcome.problem };
}

function refusedPages(problem: string): PageSource {
  return { fetch: () => Promise.reject(new Error(problem)) };
}
