import type { Clock } from '../clock.ts';
import type { Appender, ScrapeAppender } from '../model/appender.ts';
import type { Log } from '../model/log.ts';
import { createScrapeLoop, type PageSource, type ScrapeLoop } from './loop.ts';
import type { PageBuffers } from './page-buffers.ts';
import type { ParkedJson } from './parked-series.ts';
import type { Rounds } from './rounds.ts';
import type { ScrapeMetrics } from './scrape-metrics.ts';
import type { JobBudget } from './series-budget.ts';
import type { Succession } from './succession.ts';
import type { Target } from './target.ts';
import { type SampleRules, TargetSamples } from './target-samples.ts';

/** A target as it is to be scraped. */
export interface PlannedTarget {
  readonly target: Target;
  /** Equal when the target's loop may go on unchanged. */
  readonly settings: string;
  readonly rules: SampleRules;
  /** Scraped at once when it is new, not only when its place in the interval comes: what is built in costs nobody a request. */
  readonly isAtOnce?: boolean;
  /** Asked for when its loop starts. */
  pages(): PageSource;
}

export interface ScrapedTarget {
  readonly target: Target;
  readonly settings: string;
  readonly source: ScrapeAppender;
  readonly samples: TargetSamples;
  readonly loop: ScrapeLoop;
}

export interface TargetSetDeps {
  readonly appender: Appender;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ScrapeMetrics;
  readonly buffers: PageBuffers;
  readonly rounds: Rounds;
  /** Of all sets. */
  readonly succession: Succession;
  /** Told of every scrape that fails. */
  readonly onFailure?: (url: string, failure: Error) => void;
  /** Of all targets of the set. */
  readonly jobBudget?: JobBudget;
  /** Of the hashes of label sets. */
  readonly hashSeed: number;
}

/** Targets that are scraped. */
export interface TargetSet {
  /**
   * Starts what is planned, by the targets' keys, and ends what is not. What is planned as before is left alone; a source whose loop is
   * replaced is handed on, so that nothing becomes stale by that. Lets others run in between; not to be called again meanwhile.
   */
  replace(planned: ReadonlyMap<string, PlannedTarget>): Promise<void>;
  targets(): Iterable<ScrapedTarget>;
  /** Cuts what is under way; nothing becomes stale. */
  stop(): Promise<void>;
}

/** Work on new targets before others run. */
const SLICE_MS = 5;

export function createTargetSet(deps: TargetSetDeps): TargetSet {
  const { appender, clock, rounds, log, metrics, buffers, succession } = deps;
  let scraped = new Map<string, ScrapedTarget>();
  /** The source of a new target. */
  const sourceOf = (key: string): ScrapeAppender => {
    succession.claim(key);
    return appender.source(key);
  };

  const start = (plan: PlannedTarget, source: ScrapeAppender): ScrapedTarget => {
    const { target, settings, rules } = plan;
    const pages = plan.pages();
    const { labels, timeoutMs } = target;
    const samples = new TargetSamples({
      source,
      appender,
      target: labels,
      buffers,
      rules,
      timeoutMs,
      seed: deps.hashSeed,
      jobBudget: deps.jobBudget,
    });
    const named = { job: target.job, url: target.url };
    const onChange = (failure: Error | undefined): void => {
      if (failure) log.warn({ ...named, problem: failure.message }, 'scrape failed');
      else log.info(named, 'scrape works again');
    };
    const onFailure = (failure: Error): void => deps.onFailure?.(target.url, failure);
    const onParking = (parked: ParkedJson | undefined): void => {
      if (!parked) {
        log.info(named, 'all series are stored again');
        return;
      }
      const { reason, series, metrics } = parked;
      log.warn({ ...named, problem: reason, parked: series, ...metrics[0] }, 'new series are not stored');
    };
    const loop = createScrapeLoop({
      target,
      pages,
      samples,
      clock,
      rounds,
      metrics,
      onChange,
      onFailure,
      onParking,
      onRow: (timestamp) => succession.succeed(labels, timestamp),
    });
    const first = rounds.first(target.key, target.intervalMs);
    loop.start(plan.isAtOnce ? first - target.intervalMs : first);
    return { target, settings, source, samples, loop };
  };

  return {
    replace: (planned) =>
      succession.during(async () => {
        const next = new Map<string, ScrapedTarget>();
        const handedOn = new Map<string, ScrapeAppender>();
        const ended: ScrapedTarget[] = [];
        for (const [key, current] of scraped) {
          const plan = planned.get(key);
          if (plan?.settings === current.settings) next.set(key, { ...current, target: plan.target });
          else ended.push(current);
        }
        const cut = new Set<string>();
        await Promise.all(
          ended.map(async ({ target, loop }) => {
            if (await loop.stop()) cut.add(target.key);
          }),
        );
        for (const { samples } of ended) samples.close();
        for (const { target, source } of ended) {
          if (planned.has(target.key)) handedOn.set(target.key, source);
          else succession.leave(target, source);
        }
        let sliceFrom = clock.monotonic();
        for (const [key, plan] of planned) {
          if (next.has(key)) continue;
          // A scrape that was cut is made up for.
          const isAtOnce = plan.isAtOnce === true || cut.has(key);
          next.set(key, start({ ...plan, isAtOnce }, handedOn.get(key) ?? sourceOf(key)));
          if (clock.monotonic() - sliceFrom < SLICE_MS) continue;
          await new Promise(setImmediate);
          sliceFrom = clock.monotonic();
        }
        metrics.targets.inc(next.size - scraped.size);
        scraped = next;
      }),
    targets: () => scraped.values(),
    async stop() {
      await Promise.all([...scraped.values()].map(({ loop }) => loop.stop()));
    },
  };
}
