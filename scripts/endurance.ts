/**
 * Eight hours of a monitor's life in ten minutes, and whether anything in it grows: the built executable, whose clocks all run 48 times as fast (libfaketime), scrapes
 * real targets whose series come and go, evaluates, notifies over HTTP and SMTP, sends and takes remote write, is looked at by people, reloaded, silenced, and passes a
 * midnight. Its memory, heaps, files, threads, timers, handles and tables are measured through the run, from outside; exits 1 when one of them grows, or when something did not happen.
 * Linux, with Debian's package `faketime`.
 *
 *     npm run endurance -- [--hours 8] [--speed 48] [--keep FILE, or --judge FILE that was kept] [--plant timer|handle|memory|file: leaks on purpose, to see it found]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import buildOnce from '../test/harness/executable.ts';
import { configuration } from './endurance/configuration.ts';
import { type Growth, growthOf, type Measure } from './endurance/growth.ts';
import { FastProcess } from './endurance/process.ts';
import { openSite } from './endurance/site.ts';
import { createVisitors, type Visitor } from './endurance/visitors.ts';
import { sleep } from './soak/timing.ts';

const { values: flags } = parseArgs({
  options: {
    hours: { type: 'string', default: '8' },
    speed: { type: 'string', default: '48' },
    keep: { type: 'string' },
    plant: { type: 'string' },
    judge: { type: 'string' },
  },
});
const [hours, speed] = [Number(flags.hours), Number(flags.speed)];
const SAMPLES = 72;
/** Timers are counted with every so many samples. */
const TIMERS_EVERY = 2;

/** What is evaluated in the process at each reload to make it leak. */
const LEAKS: Record<string, string> = {
  timer: 'setTimeout(() => {}, 1e9).unref(); 0',
  handle: 'process.getBuiltinModule("net").createServer().listen(0).unref(); 0',
  file: 'process.getBuiltinModule("fs").openSync("/dev/null"); 0',
  memory: '(globalThis.leak ??= []).push(Array.from({ length: 20000 }, (_, i) => ({ i }))); 0',
};
const leak = flags.plant === undefined ? undefined : LEAKS[flags.plant];
if (flags.plant !== undefined && !leak)
  throw new Error(`expected one of ${Object.keys(LEAKS)}, got ${flags.plant}`);

/** What grows with what is stored or with time, and why that is no leak: printed, not judged. */
const BY_NATURE: Record<string, string> = {
  samples: 'counted',
  'size of partitions': 'samples; bytes per sample is judged',
  'size of state.db': 'the tables below',
  'rows of notifier_history': 'kept 90 days',
  'rows of notifier_flushes': 'kept 7 days',
  'rows of notifier_log': 'kept 5 days',
  'rows of notifier_members': 'as notifier_flushes',
  'rows of notifier_silences': 'kept 5 days past their end',
  'rows of rule_transitions': 'kept a year',
  'rows of access_audit': 'kept a year',
  'rows of service_days': 'kept 400 days',
};

const problems: string[] = [];
if (flags.judge) {
  const kept = JSON.parse(fs.readFileSync(flags.judge, 'utf8')) as Record<string, number>[];
  judge(kept.map((sample) => new Map(Object.entries(sample))));
} else {
  buildOnce();
  await live(fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-endurance-')));
}
process.exitCode = problems.length === 0 ? 0 : 1;

async function live(folder: string): Promise<void> {
  let ownNow = (): number => 0;
  const site = await openSite(() => ownNow());
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, configuration(site, 0));
  const belfry = await FastProcess.start({ folder, config, speed, log: path.join(folder, 'log') });
  ownNow = belfry.now;
  process.on('exit', () => belfry.kill());
  const startedAt = belfry.now();
  const endsAt = startedAt + hours * 3_600_000;
  const count = (what: string): void => void site.counts.set(what, (site.counts.get(what) ?? 0) + 1);

  const reload = async (n: number): Promise<void> => {
    // Every fifth cannot be used, and changes nothing.
    fs.writeFileSync(config, n % 5 === 4 ? 'scrape_configs: none\n' : configuration(site, n));
    count(`reloads: ${await belfry.reload()}`);
    if (leak) await belfry.inspector.evaluate(leak);
  };
  let isOver = false;
  const visits = async ({ name, everySeconds, visit }: Visitor): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      await visit(n).catch((error) =>
        problems.push(`${name}, visit ${n}: ${error.message} ${error.cause ?? ''}`),
      );
      await sleep((everySeconds * 1000) / speed);
    }
  };
  const visitors = Promise.all(
    createVisitors({ url: belfry.url, now: belfry.now, count, reload }).map(visits),
  );

  const samples: Map<string, number>[] = [];
  const apart = (endsAt - startedAt) / SAMPLES;
  let due = startedAt;
  for (let n = 1; belfry.isRunning && problems.length < 20; n++) {
    // On a busy machine there are fewer, not some that follow at once.
    due = Math.max(due + apart, belfry.now());
    if (due > endsAt) break;
    await sleep(Math.max(0, (due - belfry.now()) / speed));
    const figures = await belfry.sample({ countTimers: n % TIMERS_EVERY === 0 });
    samples.push(figures);
    if (n % 9 === 0)
      console.log(
        `${((belfry.now() - startedAt) / 3_600_000).toFixed(1).padStart(5)} h  ${['resident memory', 'heap of main', 'open files', 'timers of main', 'series in the head'].map((name) => `${name} ${shown(figures.get(name))}`).join(', ')}`,
      );
  }
  isOver = true;
  await visitors;
  if (!belfry.isRunning) problems.push(`it ended by itself\n${belfry.logTail}`);
  else if ((await belfry.stop()) !== 0) problems.push('it did not stop with exit code 0');
  site.close();

  if (flags.keep)
    fs.writeFileSync(flags.keep, JSON.stringify(samples.map((sample) => Object.fromEntries(sample))));
  console.log(
    `\n${[...site.counts]
      .map(([what, times]) => `${what} ${times}`)
      .sort()
      .join('; ')}`,
  );
  checkLife(site.counts, samples);
  judge(samples);
  console.log(
    problems.length === 0
      ? '\nnothing grows'
      : `\n${problems.length} problems, log and data in ${folder}\n${problems.map((text) => `  PROBLEM ${text}`).join('\n')}`,
  );
  if (problems.length === 0) fs.rmSync(folder, { recursive: true, force: true });
}

/** What does not grow because it does not happen says nothing. */
function checkLife(
  counts: ReadonlyMap<string, number>,
  samples: readonly ReadonlyMap<string, number>[],
): void {
  const happened = [
    'batch: 200',
    'query: 200',
    'series: 200',
    'remote write: 204',
    'alerts posted: 200',
    'silences: 200',
    'silences ended: 200',
    'reloads: 200',
    'reloads: 500',
    'clients that left',
    'mails',
    'requests of remote write taken',
    'messages to steady, firing',
    'messages to steady, resolved',
    'messages to unsteady, firing',
    'messages refused',
  ];
  for (const what of happened) if (!counts.get(what)) problems.push(`expected at least one of: ${what}`);
  const pages = counts.get('pages served') ?? 0;
  // Twelve targets each 15 s, of which a busy machine may miss some.
  const expected = hours * 240 * 12;
  if (pages < expected * 0.8) problems.push(`expected about ${expected} pages to be scraped, got ${pages}`);
  const names = new Set(samples.flatMap((sample) => [...sample.keys()]));
  for (const name of ['heap of query', 'heap of background'])
    if (!names.has(name)) problems.push(`no ${name} was ever measured`);
}

function judge(samples: readonly ReadonlyMap<string, number>[]): void {
  const names = [...new Set(samples.flatMap((sample) => [...sample.keys()]))];
  const valuesOf = (name: string): number[] =>
    samples
      .filter((_, n) => !name.startsWith('timers') || (n + 1) % TIMERS_EVERY === 0)
      .map((sample) => sample.get(name) ?? Number.NaN);
  const measures: Measure[] = names
    .filter((name) => !(name in BY_NATURE))
    .map((name) => ({ name, values: valuesOf(name), allowance: allowanceOf(name) }));
  measures.push({
    name: 'bytes per sample in partitions',
    values: samples.map((sample) => (sample.get('size of partitions')! * 1e6) / sample.get('samples')!),
    // A new day has the labels of its series anew.
    allowance: { share: 0.5 },
  });
  console.log(
    `\n${'measured'.padEnd(44)} ${['median', 'highest', 'rise', 'noise'].map((title) => title.padStart(9)).join(' ')}   of the second half, highest of all; bytes in MB`,
  );
  for (const measure of measures) {
    const seen = measure.values.filter((value) => !Number.isNaN(value));
    if (seen.length < measure.values.length / 2) {
      console.log(
        `${measure.name.padEnd(44)} ${seen.length} of ${measure.values.length} times there, at most ${shown(Math.max(...seen))}`,
      );
      continue;
    }
    let growth: Growth;
    try {
      growth = growthOf(measure);
    } catch (error) {
      problems.push((error as Error).message);
      continue;
    }
    const { median, highest, rise, noise, grows } = growth;
    console.log(
      `${measure.name.padEnd(44)} ${[median, highest, rise, noise].map((value) => shown(value).padStart(9)).join(' ')}${grows ? '   GROWS' : ''}`,
    );
    if (grows)
      problems.push(
        `${measure.name} grows: by ${shown(rise)} over the second half, median ${shown(median)}, noise ${shown(noise)}`,
      );
  }
  console.log('\nnot judged, first and last value:');
  for (const [name, why] of Object.entries(BY_NATURE)) {
    const values = valuesOf(name);
    if (values.some((value) => !Number.isNaN(value)))
      console.log(
        `${name.padEnd(44)} ${shown(values[0]!).padStart(9)} ${shown(values.at(-1)!).padStart(9)}   ${why}`,
      );
  }
}

function allowanceOf(name: string): Measure['allowance'] {
  if (/^(open files|threads|handles)/.test(name)) return { absolute: 2 };
  if (name.startsWith('timers')) return { absolute: 3 };
  if (name.startsWith('rows')) return { absolute: 5 };
  if (name.startsWith('series')) return { share: 0.1 };
  // SQLite writes over a log from its beginning once it was checkpointed; the file keeps its longest.
  if (/^size of .*(wal|WAL)/.test(name)) return { absolute: 4 };
  if (name.startsWith('size')) return { absolute: 1 };
  // The head's index, which grows until series that ended leave it (some 4 MB here), and what the writer knows of a day.
  if (name.startsWith('memory beside')) return { absolute: 5 };
  // It holds the series of a day, with their labels, for some time after it looked into a partition, and then lets them go: 12 to 27 MB here.
  if (name === 'heap of remote-write') return { absolute: 12 };
  if (name.startsWith('heap')) return { share: 0.03 };
  return { share: 0.05 };
}

function shown(value: number | undefined): string {
  if (value === undefined) return '–';
  return Math.abs(value) >= 1000 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2);
}
