import { machine } from 'node:os';
import { RE2JS } from 're2js';
import type { Clock } from '../../clock.ts';
import type { HostConfig } from '../../config/host.ts';
import { type Family, type FamilySample, writeTextPage } from '../../exposition/text-writer.ts';
import type { Log } from '../../model/log.ts';
import { conntrackCollector } from './conntrack.ts';
import { cpuCollector } from './cpu.ts';
import { cpufreqCollector } from './cpufreq.ts';
import { diskstatsCollector } from './diskstats.ts';
import { entropyCollector } from './entropy.ts';
import { filefdCollector } from './filefd.ts';
import { filesystemCollector } from './filesystem.ts';
import { gauge, type HostCollector, NothingToRead } from './host-collector.ts';
import { type HostFiles, systemFiles } from './host-files.ts';
import { hwmonCollector } from './hwmon.ts';
import { loadavgCollector } from './loadavg.ts';
import { meminfoCollector } from './meminfo.ts';
import { netdevCollector } from './netdev.ts';
import { netstatCollector } from './netstat.ts';
import { osCollector } from './os.ts';
import { pressureCollector } from './pressure.ts';
import { sockstatCollector } from './sockstat.ts';
import { statCollector } from './stat.ts';
import { textfileCollector } from './textfile.ts';
import { timeCollector } from './time.ts';
import { unameCollector } from './uname.ts';
import { vmstatCollector } from './vmstat.ts';

/** The host's metrics as a page in the text format, each time it is called. What cannot be read is logged and left out. */
export function createHostPage(deps: {
  readonly config: HostConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly files?: HostFiles;
}): () => Promise<string> {
  const { config, clock, log, files = systemFiles } = deps;
  const collectors = kernelCollectors(config, files, clock);
  /** What stands in files as text goes onto the page as it is. */
  let text = '';
  const { directory } = config.textfile;
  if (directory !== undefined) {
    const textfile = textfileCollector(files, directory, (file, problem) => warn(file, { file, problem }));
    collectors.push({
      name: 'textfile',
      collect() {
        text = '';
        const found = textfile.collect();
        text = found.text;
        return found.families;
      },
    });
  }
  /** What was wrong when last read, and what is this time. */
  let before = new Map<string, string>();
  let problems = new Map<string, string>();
  /** Says a problem when it was not there the last time. */
  const warn = (
    of: string,
    fields: { readonly problem: string; readonly file?: string; readonly collector?: string },
  ): void => {
    problems.set(of, fields.problem);
    if (before.get(of) !== fields.problem) log.warn(fields, 'host metrics cannot be read');
  };

  return async () => {
    before = problems;
    problems = new Map();
    const families: Family[] = [];
    const durations: FamilySample[] = [];
    const successes: FamilySample[] = [];
    for (const collector of collectors) {
      const labels = ['collector', collector.name];
      const started = clock.monotonic();
      let problem = '';
      try {
        families.push(...(await collector.collect()));
      } catch (error) {
        problem = (error as Error).message;
        if (!(error instanceof NothingToRead)) warn(collector.name, { collector: collector.name, problem });
      }
      durations.push({ labels, value: (clock.monotonic() - started) / 1000 });
      successes.push({ labels, value: problem === '' ? 1 : 0 });
    }
    families.push(
      gauge('node_scrape_collector_duration_seconds', 'Time a collector took.', durations),
      gauge('node_scrape_collector_success', 'Whether a collector could read what it wanted.', successes),
    );
    return writeTextPage(families) + text;
  };
}

/** What is read of /proc and /sys, in the order of their names. */
function kernelCollectors(config: HostConfig, files: HostFiles, clock: Clock): HostCollector[] {
  return [
    conntrackCollector(files),
    cpuCollector(files),
    cpufreqCollector(files),
    diskstatsCollector(files, matches(config.disk.devices_exclude)),
    entropyCollector(files),
    filefdCollector(files),
    filesystemCollector({
      files,
      clock,
      isMountExcluded: matches(config.filesystem.mount_points_exclude),
      isTypeExcluded: matches(config.filesystem.fs_types_exclude),
    }),
    hwmonCollector(files),
    loadavgCollector(files),
    meminfoCollector(files),
    netdevCollector(files, matches(config.network.devices_exclude)),
    netstatCollector(files),
    osCollector(files),
    pressureCollector(files),
    sockstatCollector(files),
    statCollector(files),
    timeCollector(files, clock),
    unameCollector(files, machine()),
    vmstatCollector(files),
  ];
}

/** An expression that may match anywhere; the empty one matches nothing. */
function matches(regex: string): (text: string) => boolean {
  if (regex === '') return () => false;
  const pattern = RE2JS.compile(regex);
  return (text) => pattern.matcher(text).find();
}
