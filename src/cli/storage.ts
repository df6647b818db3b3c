import path from 'node:path';
import type { Clock } from '../clock.ts';
import { goDurationText } from '../model/duration.ts';
import { eachLabel, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { Matcher } from '../model/matcher.ts';
import { unlimited } from '../model/queryable.ts';
import type { TimeRange } from '../model/time.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { expectData } from '../tsdb/directory.ts';
import { type OfflineQueryable, openOffline } from '../tsdb/offline-queryable.ts';
import { createInventory, type PartitionSummary } from '../tsdb/partition/inventory.ts';
import { PARTITION_MS } from '../tsdb/partition.ts';
import { type FlagSpec, UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { goTable } from './listing.ts';
import { CommandError } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

export interface StorageDeps {
  readonly clock: Clock;
  readonly addon: (dataDir: string) => SqliteAddon;
  readonly log: Log;
  /** Reads a series selector. @throws Error with PromQL's text */
  readonly parseSelector: (text: string) => readonly Matcher[];
}

const DATA: FlagSpec = {
  names: ['data', 'storage.tsdb.path'],
  kind: 'value',
  placeholder: 'DIR',
  help: 'data directory; a server may be using it (./data)',
};

/** `belfry storage`: promtool's `tsdb list` and `tsdb analyze`. */
export const storageCommand = (deps: StorageDeps): Command =>
  commandOfWords(
    'storage',
    'tells what a data directory holds',
    { list: list(deps), analyze: analyze(deps) },
    'list',
  );

const list = ({ addon }: StorageDeps): Word => ({
  usage: 'storage [list] [--data DIR]',
  summary:
    'lists the files of days: times, samples, series and size; what is still in the log is in none of them',
  flags: [DATA, { names: ['human-readable', 'r'], kind: 'boolean', help: 'times and sizes for people' }],
  async run(args, io) {
    const dir = directoryOf(io.cwd, args.values.get('data'));
    if (args.positional.length > 0)
      throw new UsageError(`storage list: unexpected ${JSON.stringify(args.positional[0])}`);
    const isReadable = args.switches.get('human-readable') ?? false;
    const time = (ms: number): string =>
      isReadable ? `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC` : String(ms);
    const rows = createInventory(dir, addon(dir))().map((file) => [
      file.name,
      time(file.first),
      time(file.last),
      goDurationText(file.last - file.first),
      String(file.samples),
      String(file.blocks),
      String(file.series),
      isReadable ? binaryBytes(file.bytes) : String(file.bytes),
    ]);
    const head = [
      'BLOCK',
      'MIN TIME',
      'MAX TIME',
      'DURATION',
      'NUM SAMPLES',
      'NUM CHUNKS',
      'NUM SERIES',
      'SIZE',
    ];
    io.stdout(goTable([head, ...rows], { least: 13, padding: 2 }));
    return EXIT.ok;
  },
});

const analyze = ({ addon, clock, log, parseSelector }: StorageDeps): Word => ({
  usage: 'storage analyze [DAY] [--data DIR] [--match SELECTOR] [--limit N]',
  summary:
    'tells which labels and metrics of a day, such as 20260131 (the last), have most series and which come and go',
  flags: [
    DATA,
    { names: ['match'], kind: 'value', placeholder: 'SELECTOR', help: 'of these series (all)' },
    { names: ['limit'], kind: 'value', placeholder: 'N', help: 'rows of each list (20)' },
  ],
  async run(args, io) {
    const dir = directoryOf(io.cwd, args.values.get('data'));
    const [day, ...more] = args.positional;
    if (more.length > 0) throw new UsageError('storage analyze: expected one DAY');
    const limit = Number(args.values.get('limit') ?? 20);
    if (!(limit >= 0)) throw new UsageError('--limit: expected a number of rows');
    const selector = args.values.get('match');
    let matchers: readonly Matcher[] = [];
    try {
      if (selector !== undefined) matchers = parseSelector(selector);
    } catch (error) {
      throw new UsageError(`--match: ${(error as Error).message}`);
    }
    const files = createInventory(dir, addon(dir))();
    const last = files.at(-1)?.name.slice(0, 8);
    const own = files.filter(({ name }) => name.slice(0, 8) === (day ?? last));
    if (own.length === 0)
      throw new CommandError(day ? `there is no day ${day} in ${dir}` : `${dir} holds no day yet`);
    const store = openOffline(dir, { addon: addon(dir), clock, log });
    try {
      io.stdout(analysis(store, own, matchers, selector, limit));
    } finally {
      store.close();
    }
    return EXIT.ok;
  },
});

function directoryOf(cwd: string, given: string | undefined): string {
  const dir = path.resolve(cwd, given ?? 'data');
  try {
    expectData(dir);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
  return dir;
}

/** As promtool prints its analysis of a block. */
function analysis(
  store: OfflineQueryable,
  files: readonly PartitionSummary[],
  matchers: readonly Matcher[],
  selector: string | undefined,
  limit: number,
): string {
  const first = Math.min(...files.map((file) => file.first));
  const last = Math.max(...files.map((file) => file.last));
  const dayStart = Math.floor(first / PARTITION_MS) * PARTITION_MS;
  const range: TimeRange = { from: dayStart, to: dayStart + PARTITION_MS };
  const counts = countedIn(store, matchers, range, last - first);
  const span = Math.max(1, last - first);
  const churn = (uncovered: ReadonlyMap<string, number>): Map<string, number> =>
    new Map([...uncovered].map(([key, ms]) => [key, Math.floor(ms / span)]));
  const section = (title: string, counted: ReadonlyMap<string, number>): string => {
    const rows = [...counted].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limit);
    return `\n${title}:\n${rows.map(([key, count]) => `${count} ${key}\n`).join('')}`;
  };
  const lengths = new Map(
    [...counts.values].map(([name, values]) => [
      name,
      [...values].reduce((sum, value) => sum + Buffer.byteLength(value), 0),
    ]),
  );
  return [
    `Block ID: ${files[0]!.name.slice(0, 8)}\n`,
    `Duration: ${goDurationText(last - first)}\n`,
    `Total Series: ${selector === undefined ? counts.series : countedIn(store, [], range, span).series}\n`,
    ...(selector === undefined ? [] : [`Matcher: ${selector}\n`]),
    `Label names: ${counts.values.size}\n`,
    ...(selector === undefined ? [] : [`Matched series: ${counts.series}\n`]),
    `Postings (unique label pairs): ${counts.pairs.size}\n`,
    `Postings entries (total label pairs): ${counts.entries}\n`,
    section('Label pairs most involved in churning', churn(counts.pairsUncovered)),
    section('Label names most involved in churning', churn(counts.namesUncovered)),
    section('Most common label pairs', counts.pairs),
    section('Label names with highest cumulative label value length', lengths),
    section(
      'Highest cardinality labels',
      new Map([...counts.values].map(([name, values]) => [name, values.size])),
    ),
    section('Highest cardinality metric names', counts.metrics),
  ].join('');
}

/** Metric by metric, so that the samples of one at a time are in memory. @param spanMs of all samples of the day */
function countedIn(store: OfflineQueryable, matchers: readonly Matcher[], range: TimeRange, spanMs: number) {
  const counts = {
    series: 0,
    entries: 0,
    pairs: new Map<string, number>(),
    metrics: new Map<string, number>(),
    values: new Map<string, Set<string>>(),
    /** Milliseconds of the day that series were not there, summed up. */
    pairsUncovered: new Map<string, number>(),
    namesUncovered: new Map<string, number>(),
  };
  const add = (to: Map<string, number>, key: string, count: number): void =>
    void to.set(key, (to.get(key) ?? 0) + count);
  const names = reading(store, (querier) => querier.labelValues(METRIC_NAME, [matchers], range));
  for (const name of ['', ...names]) {
    const ofMetric: Matcher = { name: METRIC_NAME, op: '=', value: name };
    for (const { labels, timestamps } of reading(store, (querier) =>
      querier.select([...matchers, ofMetric], range),
    )) {
      const uncovered = spanMs - (timestamps.at(-1)! - timestamps[0]!);
      counts.series++;
      if (labelValue(labels, METRIC_NAME) !== '') add(counts.metrics, name, 1);
      for (const [label, value] of eachLabel(labels)) {
        const pair = `${label}=${value}`;
        counts.entries++;
        add(counts.pairs, pair, 1);
        add(counts.pairsUncovered, pair, uncovered);
        add(counts.namesUncovered, label, uncovered);
        const values = counts.values.get(label);
        if (values) values.add(value);
        else counts.values.set(label, new Set([value]));
      }
    }
  }
  return counts;
}

function reading<T>(
  store: OfflineQueryable,
  read: (querier: ReturnType<OfflineQueryable['querier']>) => T,
): T {
  const querier = store.querier(unlimited);
  try {
    return read(querier);
  } finally {
    querier.close();
  }
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1MiB512KiB10B`, as promtool prints sizes. */
function binaryBytes(bytes: number): string {
  let text = bytes % 1024 > 0 || bytes === 0 ? `${bytes % 1024}B` : '';
  let rest = Math.floor(bytes / 1024);
  for (const unit of UNITS) {
    if (rest % 1024 > 0) text = `${rest % 1024}${unit}${text}`;
    rest = Math.floor(rest / 1024);
  }
  return text;
}
