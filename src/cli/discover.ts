import { type Clock, stayFor } from '../clock.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load.ts';
import type { ScrapeConfig } from '../config/scrape.ts';
import { labelsToObject } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { TargetGroup } from '../scraper/discovery/discoverer.ts';
import { discoverersOf, hostDiscovery } from '../scraper/discovery/discoverers.ts';
import { createJobDiscovery } from '../scraper/discovery/job-discovery.ts';
import { staticGroups } from '../scraper/discovery/static.ts';
import { compileRelabel } from '../scraper/relabel.ts';
import { resolveTarget } from '../scraper/target.ts';
import { UsageError } from './args.ts';
import { durationOf } from './flag-times.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { CommandError } from './remote.ts';
import { commandOf } from './words.ts';

/** Between the first answer of all mechanisms and the end: what else comes at once belongs to it. */
const SETTLE_MS = 500;
const POLL_MS = 50;

/** A target as promtool's `check service-discovery` prints it. */
interface FoundTarget {
  readonly discoveredLabels: Record<string, string>;
  /** Empty for one that relabelling drops. */
  readonly labels: Record<string, string>;
  readonly error?: string;
}

/** What goes wrong is printed once, with the states. */
const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => QUIET };

/** `belfry discover FILE JOB`: promtool's `check service-discovery`. */
export const discoverCommand = (deps: { readonly clock: Clock; readonly version: string }): Command =>
  commandOf('discover', {
    usage: 'discover FILE JOB [--timeout DURATION]',
    summary: 'looks for the targets of a job and prints their labels before and after relabelling, as JSON',
    flags: [
      {
        names: ['timeout'],
        kind: 'value',
        placeholder: 'DURATION',
        help: 'longest time to wait until each mechanism has answered (30s)',
      },
    ],
    async run(args, io) {
      const [file, name, ...more] = args.positional;
      if (file === undefined || name === undefined || more.length > 0)
        throw new UsageError('discover: expected FILE JOB');
      const timeoutMs = durationOf('timeout', args.values.get('timeout') ?? '30s');
      const jobs = jobsOf(file, io);
      const job = jobs.find(({ job_name }) => job_name === name);
      if (!job) {
        const names = jobs.map(({ job_name }) => `\t${job_name}\n`).join('');
        io.stderr(`Job ${name} not found. Select one of:\n${names}`);
        return EXIT.failed;
      }
      for (const key of job.unserved_discovery)
        io.stderr(`no targets from ${key}: not supported, use http_sd_configs\n`);
      const { groups, problems } = await discovered(job, timeoutMs, deps);
      for (const problem of problems) io.stderr(`${problem}\n`);
      const targets = [...staticGroups(job.static_configs), ...groups].flatMap((group) =>
        targetsOf(job, group),
      );
      const distinct = new Map(targets.map((target) => [JSON.stringify(target), target]));
      io.stdout(`${JSON.stringify([...distinct.values()], null, 2)}\n`);
      return EXIT.ok;
    },
  });

function jobsOf(file: string, io: CliIo): readonly ScrapeConfig[] {
  try {
    return loadConfig(file, { env: io.env, cwd: io.cwd }).config.scrape_configs;
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(`Cannot load config ${error.message}`);
    throw error;
  }
}

/** What the job's mechanisms find until each has answered or the time is up. */
async function discovered(
  job: ScrapeConfig,
  timeoutMs: number,
  { clock, version }: { readonly clock: Clock; readonly version: string },
): Promise<{ groups: readonly TargetGroup[]; problems: readonly string[] }> {
  const discovery = createJobDiscovery({ clock, log: QUIET, onChange: () => {}, onFailure: () => {} });
  const mechanisms = discoverersOf(job, hostDiscovery(clock, version));
  discovery.apply(mechanisms);
  const endsAt = clock.monotonic() + timeoutMs;
  while (!discovery.hasAnswered() && clock.monotonic() < endsAt) await stayFor(POLL_MS);
  if (mechanisms.length > 0) await stayFor(Math.min(SETTLE_MS, Math.max(0, endsAt - clock.monotonic())));
  const groups = [...discovery.groups()];
  const problems = discovery
    .states()
    .filter(({ lastError }) => lastError !== '')
    .map(({ mechanism, lastError }) => `${mechanism}: ${lastError}`);
  if (!discovery.hasAnswered()) problems.push('not every mechanism has answered in time');
  void discovery.stop();
  return { groups, problems };
}

function targetsOf(job: ScrapeConfig, group: TargetGroup): FoundTarget[] {
  const relabel = compileRelabel(job.relabel_configs, job.metric_name_validation_scheme);
  return group.targets.map((target): FoundTarget => {
    const outcome = resolveTarget(job, { ...group.labels, ...target }, relabel);
    if (outcome.kind === 'active') {
      const { discoveredLabels } = outcome.target;
      return { discoveredLabels: labelsToObject(discoveredLabels), labels: labelsToObject(outcome.labels) };
    }
    if (outcome.kind === 'dropped')
      return { discoveredLabels: labelsToObject(outcome.dropped.discoveredLabels), labels: {} };
    const { discoveredLabels, problem } = outcome;
    return { discoveredLabels: labelsToObject(discoveredLabels), labels: {}, error: problem };
  });
}
