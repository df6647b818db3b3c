/**
 * The built executable under load (some 1,200 samples a second) and one trouble after the other: kill -9, stops, a full disk, a clock an hour off, receivers that hang
 * or fail, hostile targets and queries, reloads. At the end every page that was served and every alert that fired is accounted for.
 * Prints what happened and what was checked; exits 1 when anything is not as it must be. Needs root, for a small file system.
 *
 *     npm run soak-appliance -- [--minutes 20] [--seed N] [--only 'hostile queries']
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type SmallDisk, smallDisk } from '../src/tsdb/small-disk.fixture.ts';
import buildOnce from '../test/harness/executable.ts';
import { checkAlerts, checkFigures, checkSamples, checkStore } from './soak/account.ts';
import { type Cast, Journal, watchStalls } from './soak/journal.ts';
import { Monitor } from './soak/monitor.ts';
import { webhookReceiver } from './soak/receiver.ts';
import { countingTarget, serveHostile, TARGETS } from './soak/targets.ts';
import { randomFrom, sleep } from './soak/timing.ts';
import { createTroubles } from './soak/troubles.ts';

/** A series that ended while the process was killed with its clock behind is seen for another five minutes. */
const COME_TO_AN_END_MS = 390_000;

if (process.argv[2] === '--hostile') serveHostile();
else {
  buildOnce();
  await soak();
}

async function soak(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '20' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const disk = smallDisk(256 * 1024 * 1024);
  if (!disk) throw new Error('expected to be root: a small file system has to be mounted');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-soak-'));
  const journal = new Journal();
  const receiver = await webhookReceiver();
  const targets = await Promise.all(
    Array.from({ length: TARGETS }, (_, i) =>
      countingTarget(i, journal.startedAt, () => receiver.mode === 'works'),
    ),
  );
  const hostile = fork(new URL(import.meta.url), ['--hostile']);
  const [hostilePort] = (await once(hostile, 'message')) as [number];
  const monitor = await Monitor.create({
    folder,
    data: path.join(disk.path, 'data'),
    config: configuration({
      targets: targets.map(({ address }) => address),
      hostile: `127.0.0.1:${hostilePort}`,
      receiver: receiver.address,
    }),
    endedByItself: (why) => journal.problems.push(why),
  });
  const cast: Cast = { monitor, receiver, targets, journal };

  const watch = watchStalls(journal);
  await monitor.start();
  await sleep(10_000);
  const begun = monitor.figures();
  const troubles = { disk, random: randomFrom(seed), minutes: Number(values.minutes), only: values.only };
  const done = await makeTrouble(cast, troubles);
  if (!monitor.isRunning) {
    console.log(journal.problems.join('\n'));
    process.exit(1);
  }
  // Alerts come to their end, the receiver gets what waits, the log is written.
  for (const target of targets) target.quiet = true;
  await sleep(COME_TO_AN_END_MS);
  const ended = monitor.figures();
  watch.stop();
  const checked = await account(cast);
  checkFigures(cast, begun, ended);
  await monitor.end('SIGTERM');
  hostile.kill();
  for (const target of targets) target.close();
  receiver.close();

  const { problems, answers } = journal;
  console.log(
    [
      `seed ${seed}, ${Math.round((Date.now() - journal.startedAt) / 60_000)} min, load ${fs.readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}; ${monitor.starts} starts; ${[...done].map(([name, count]) => `${name} ${count}`).join(', ')}`,
      ...checked,
      `memory ${begun.rss} MB after the start, ${ended.rss} MB at the end; ${begun.files} and ${ended.files} open files; data ${sizeOf(monitor.data)} MB`,
      `${journal.hostileQueries} hostile queries, by status ${JSON.stringify(Object.fromEntries(answers))}`,
      problems.length === 0 ? 'all as it must be' : `${problems.length} problems:`,
      ...problems.map((text) => `  PROBLEM ${text}`),
    ].join('\n'),
  );
  if (problems.length > 0) {
    fs.cpSync(monitor.data, path.join(folder, 'data'), { recursive: true });
    console.log(`its log and data are kept in ${folder}`);
  } else fs.rmSync(folder, { recursive: true, force: true });
  disk.remove();
  process.exitCode = problems.length === 0 ? 0 : 1;
}

interface Addresses {
  readonly targets: readonly string[];
  readonly hostile: string;
  readonly receiver: string;
}

function configuration({ targets, hostile, receiver }: Addresses): string {
  return `global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
query: {max_bytes: 64MB, timeout: 10s}
self: {}
scrape_configs:
  - {job_name: soak, static_configs: [{targets: [${targets.map((address) => `'${address}'`).join(', ')}]}]}
  - {job_name: load, scrape_interval: 2s, scrape_timeout: 2s, metrics_path: /load, static_configs: [{targets: ['${hostile}']}]}
  - {job_name: hostile, scrape_interval: 2s, scrape_timeout: 1s, body_size_limit: 8MB, series_budget: 2000, http_sd_configs: [{url: 'http://${hostile}/targets', refresh_interval: 30s}]}
groups:
  - name: soak
    rules: [{record: 'soak:flip', expr: 'max by (n) (soak_flip) == 1'}, {alert: Flip, expr: 'max by (n) (soak_flip) == 1', for: 4s, labels: {n: '{{ $labels.n }}'}}]
route: {receiver: hook, group_by: [n], group_wait: 1s, group_interval: 2s, repeat_interval: 12h}
receivers: [{name: hook, webhook_configs: [{url: 'http://${receiver}/'}]}]
`;
}

interface Plan {
  readonly disk: SmallDisk;
  readonly random: () => number;
  readonly minutes: number;
  readonly only: string | undefined;
}

/** One trouble after the other until the time is over or something is wrong; each at least once. How often which came. */
async function makeTrouble(cast: Cast, { disk, random, minutes, only }: Plan): Promise<Map<string, number>> {
  const { monitor, journal } = cast;
  const troubles = createTroubles({ ...cast, disk, random });
  const names = [...troubles.keys()].filter((name) => (only ?? name) === name);
  const done = new Map<string, number>();
  const until = journal.startedAt + minutes * 60_000;
  for (let n = 0; Date.now() < until && journal.problems.length === 0; n++) {
    const name = names[n < names.length ? n : Math.floor(random() * names.length)]!;
    console.log(`${String(journal.seconds()).padStart(5)} s  ${name}`);
    done.set(name, (done.get(name) ?? 0) + 1);
    try {
      await troubles.get(name)!();
    } catch (error) {
      journal.problems.push(`during ${name}: ${error}\n${monitor.logTail}`);
    }
    await sleep(3000 + random() * 10_000);
  }
  return done;
}

/** Starts once more and looks for everything that was served and fired. The lines of the report. */
async function account(cast: Cast): Promise<string[]> {
  const { monitor, journal } = cast;
  const stoppedAt = Date.now();
  await monitor.end('SIGTERM');
  await monitor.start();
  journal.gaps.push([stoppedAt - 1500, stoppedAt]);
  journal.unsettle(stoppedAt);
  const lines = [await checkSamples(cast, stoppedAt), await checkAlerts(cast)];
  await checkStore(cast);
  return lines;
}

/** MB. */
function sizeOf(folder: string): string {
  const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const bytes = files.reduce(
    (sum, file) => sum + (fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  return (bytes / 1e6).toFixed(1);
}
