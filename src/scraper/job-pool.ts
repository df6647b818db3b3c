import type { Clock } from '../clock.ts';
import type { ScrapeConfig } from '../config/scrape.ts';
import type { Log } from '../model/log.ts';
import { type DiscoveryDeps, discoverersOf } from './discovery/discoverers.ts';
import { createJobDiscovery, type DiscoveryState } from './discovery/job-discovery.ts';
import { createSettling } from './discovery/settling.ts';
import { type FailureLog, openFailureLog } from './failure-log.ts';
import { type ClientOf, JobPlanner, settingsOf } from './job-plan.ts';
import type { PageBuffers } from './page-buffers.ts';
import { createPageClient, type PageClient } from './page-client.ts';
import { JobBudget } from './series-budget.ts';
import type { DroppedTarget } from './target.ts';
import { createTargetSet, type ScrapedTarget, type TargetSetDeps } from './target-set.ts';

/** A job with what it found and what of that it scrapes. */
export interface JobPool {
  /** Lives by this configuration from now on. Resolves when the targets known so far are scraped by it. */
  apply(job: ScrapeConfig): Promise<void>;
  targets(): Iterable<ScrapedTarget>;
  dropped(): readonly DroppedTarget[];
  /** All of them, whatever `keep_dropped_targets` says. */
  droppedCount(): number;
  /** The configuration it lives by. */
  config(): ScrapeConfig;
  discovery(): readonly DiscoveryState[];
  /** Whether every discovery has found something or failed since the start, and what they found is scraped. */
  hasDiscovered(): boolean;
  /** The job is gone: its targets become stale. */
  end(): Promise<void>;
  /** The process ends: nothing becomes stale. */
  stop(): Promise<void>;
}

/** The clients of a job: one for all hosts, and one for each Unix socket, whose connections go nowhere else. */
interface PageClients {
  readonly of: ClientOf;
  close(): void;
}

function pageClients(
  job: ScrapeConfig,
  deps: { readonly buffers: PageBuffers; readonly discovery: DiscoveryDeps },
): PageClients {
  const clients = new Map<string | undefined, PageClient>();
  return {
    of(socketPath) {
      const known = clients.get(socketPath);
      if (known) return known;
      const client = createPageClient(job, deps.buffers, {
        ...deps.discovery,
        ...(socketPath !== undefined && { socketPath }),
      });
      clients.set(socketPath, client);
      return client;
    },
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

export function createJobPool(
  first: ScrapeConfig,
  deps: TargetSetDeps & {
    readonly clock: Clock;
    readonly log: Log;
    readonly buffers: PageBuffers;
    readonly discovery: DiscoveryDeps;
    readonly onDiscoveryFailure: (mechanism: string) => void;
  },
): JobPool {
  const { clock } = deps;
  const log = deps.log.child({ job: first.job_name });
  const jobBudget = new JobBudget();
  let failureLog: FailureLog | undefined;
  const set = createTargetSet({
    ...deps,
    jobBudget,
    onFailure: (url, failure) => failureLog?.write(url, failure),
  });
  let job = first;
  let settings = '';
  let client: PageClients | undefined;
  let planner: JobPlanner | undefined;
  let dropped: readonly DroppedTarget[] = [];
  let droppedCount = 0;
  let isStopped = false;
  let hasDiscovered = false;
  let plans = 0;
  let planning: Promise<void> = Promise.resolve();

  const plan = (): Promise<void> => {
    const run = async (): Promise<void> => {
      if (isStopped || !planner) return;
      const isAll = discovery.hasAnswered();
      const made = await planner.plan(discovery.groups());
      if (isStopped) return;
      await set.replace(made.planned);
      ({ dropped, droppedCount } = made);
      hasDiscovered ||= isAll;
    };
    plans++;
    planning = planning.then(run, run).finally(() => plans--);
    return planning;
  };

  const settling = createSettling(clock, () => {
    plan().catch((error: Error) => log.error({ problem: error.message }, 'targets not changed'));
  });
  const onChange = (): void => {
    if (!isStopped) settling.news();
  };

  const discovery = createJobDiscovery({ clock, log, onChange, onFailure: deps.onDiscoveryFailure });

  const halt = async (): Promise<void> => {
    isStopped = true;
    settling.cancel();
    // Whatever discovery is in the middle of ends by itself; nobody waits for it.
    void discovery.stop();
    await planning.catch(() => {});
  };

  return {
    async apply(next) {
      const before = client;
      const nextSettings = settingsOf(next);
      if (!client || settings !== nextSettings) {
        client = pageClients(next, deps);
        settings = nextSettings;
      }
      job = next;
      jobBudget.limit = next.job_series_budget;
      failureLog?.close();
      failureLog = next.scrape_failure_log_file
        ? openFailureLog(next.scrape_failure_log_file, next.job_name, { clock, log })
        : undefined;
      planner = new JobPlanner(next, client.of, { clock, log, version: deps.discovery.version });
      discovery.apply(discoverersOf(next, deps.discovery));
      await plan();
      if (before !== client) before?.close();
    },
    targets: () => set.targets(),
    dropped: () => dropped,
    droppedCount: () => droppedCount,
    config: () => job,
    discovery: () => discovery.states(),
    hasDiscovered() {
      // An answer that finds nothing changes nothing: there is no plan to wait for.
      hasDiscovered ||= discovery.hasAnswered() && !settling.isDue() && plans === 0;
      return hasDiscovered;
    },
    async end() {
      await halt();
      await set.replace(new Map());
      client?.close();
      failureLog?.close();
    },
    async stop() {
      await halt();
      await set.stop();
      client?.close();
      failureLog?.close();
    },
  };
}
