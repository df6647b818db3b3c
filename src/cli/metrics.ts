import fs from 'node:fs';
import { formatBound } from '../exposition/number.ts';
import { encodeSnappy } from '../exposition/remote/snappy.ts';
import {
  createWriteEncoderV1,
  createWriteEncoderV2,
  metadataRequest,
  type WriteEncoder,
} from '../exposition/remote/write-encoder.ts';
import { labelsOf } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { type ParsedArgs, UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { lintPage } from './lint-page.ts';
import { goTable } from './listing.ts';
import { type PageFamily, type PageSeries, pageFamilies } from './page-families.ts';
import { REMOTE_FLAGS, type Remote, remoteOf } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

const STDIN = '-';
const WRITE_PATH = '/api/v1/write';
const MESSAGES = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'];

/** `belfry metrics`: promtool's `check metrics` and `push metrics`. @param now Unix ms */
export const metricsCommand = (now: () => number): Command =>
  commandOfWords('metrics', 'checks a page of metrics, or sends one into a store', {
    check,
    push: push(now),
  });

const check: Word = {
  usage: 'metrics check [FILE]',
  summary:
    'tells what of a page of metrics is against the conventions, exits 3 then; from stdin without a file',
  flags: [
    { names: ['extended'], kind: 'boolean', help: 'also prints how many series each metric has' },
    {
      names: ['lint'],
      kind: 'value',
      placeholder: 'WHAT',
      help: 'all or none: whether conventions are looked at (all)',
    },
  ],
  async run(args, io) {
    const isLinted = oneOf(args, 'lint', ['all', 'none'], 'all') === 'all';
    const isExtended = args.switches.get('extended') ?? false;
    if (!isLinted && !isExtended) throw new UsageError('metrics check: --lint=none needs --extended');
    const [file = STDIN, ...more] = args.positional;
    if (more.length > 0) throw new UsageError('metrics check: expected one FILE');
    let families: PageFamily[];
    try {
      families = pageFamilies(readPage(file));
    } catch (error) {
      io.stderr(`error while ${isLinted ? 'linting' : 'parsing'}: ${(error as Error).message}\n`);
      return EXIT.failed;
    }
    const problems = isLinted ? lintPage(families) : [];
    for (const { metric, text } of problems) io.stderr(`${metric} ${text}\n`);
    if (isExtended) io.stdout(cardinalityTable(families));
    return problems.length > 0 ? EXIT.lint : EXIT.ok;
  },
};

/** As promtool prints it: of a histogram the first metric's series times the number of metrics. */
function cardinalityTable(families: readonly PageFamily[]): string {
  const counted = families
    .map(({ name, metrics }) => ({ name, count: metrics.length * seriesOf(metrics[0]!.series) }))
    .sort((a, b) => b.count - a.count);
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  const rows = [
    ['Metric', 'Cardinality', 'Percentage'],
    ...counted.map(({ name, count }) => [name, String(count), `${((100 * count) / total).toFixed(2)}%`]),
    ['Total', String(total), '100%'],
  ];
  return goTable(
    rows.map((row) => [...row, '']),
    { least: 4, padding: 4 },
  );
}

/** Sum and count count, also where the page has left one out. */
function seriesOf(series: readonly PageSeries[]): number {
  const ends = series.filter(({ labels }) => labels.some(([name]) => name === 'le' || name === 'quantile'));
  const isWhole = series.length > 1 || ends.length > 0;
  return isWhole ? ends.length + 2 : 1;
}

const push = (now: () => number): Word => ({
  usage: 'metrics push [FILE…]',
  summary:
    'sends pages of metrics into a monitor, or another store, by remote write; from stdin without a file',
  flags: [
    {
      names: ['label'],
      kind: 'repeated',
      placeholder: 'NAME=VALUE',
      help: 'label of every series; may be repeated (job=push)',
    },
    {
      names: ['path', 'remote-write.path'],
      kind: 'value',
      placeholder: 'PATH',
      help: `where it takes remote write (${WRITE_PATH})`,
    },
    {
      names: ['protobuf_message'],
      kind: 'value',
      placeholder: 'NAME',
      help: `${MESSAGES.join(' or ')} (${MESSAGES[0]})`,
    },
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const message = oneOf(args, 'protobuf_message', MESSAGES, MESSAGES[0]!);
    const path = args.values.get('path') ?? WRITE_PATH;
    const extra = labelArgs(args.lists.get('label') ?? ['job=push']);
    const remote = remoteOf(args, io.env);
    const request = { path, extra, isV2: message === MESSAGES[1], now: now() };
    const files = args.positional.length > 0 ? args.positional : [STDIN];
    let failed = false;
    for (const file of files) {
      const what = file === STDIN ? 'metrics' : `metrics file ${file}`;
      io.stdout(file === STDIN ? 'Parsing standard input\n' : `Parsing metrics file ${file}\n`);
      try {
        await pushPage(readPage(file), remote, request);
        io.stdout(`  SUCCESS: ${what} pushed to remote write.\n`);
      } catch (error) {
        io.stderr(`  FAILED: ${(error as Error).message}\n`);
        failed = true;
      }
    }
    return failed ? EXIT.failed : EXIT.ok;
  },
});

interface PushSettings {
  readonly path: string;
  readonly extra: ReadonlyMap<string, string>;
  readonly isV2: boolean;
  /** Time of samples that have none, Unix ms. */
  readonly now: number;
}

async function pushPage(
  page: Uint8Array,
  remote: Remote,
  { path, extra, isV2, now }: PushSettings,
): Promise<void> {
  const families = pageFamilies(page).sort((a, b) => (a.name < b.name ? -1 : 1));
  const metadata = new Map(
    families.map(({ name, type, help = '' }): [string, MetricMetadata] => [
      name,
      { type: type === 'untyped' ? 'unknown' : type, help, unit: '' },
    ]),
  );
  const encoder = isV2 ? createWriteEncoderV2((name) => metadata.get(name)) : createWriteEncoderV1();
  for (const { metrics } of families)
    for (const { series } of metrics) for (const one of series) addSeries(encoder, one, extra, now);
  const samples = encoder.finish();
  // Messages one after the other are one message to protobuf.
  const request = isV2 ? samples : Buffer.concat([metadataRequest(metadata), samples]);
  await remote.send(path, new Uint8Array(encodeSnappy(request)), {
    'Content-Type': encoder.contentType,
    'Content-Encoding': 'snappy',
    'X-Prometheus-Remote-Write-Version': encoder.version,
  });
}

function addSeries(
  encoder: WriteEncoder,
  series: PageSeries,
  extra: PushSettings['extra'],
  now: number,
): void {
  const labels = new Map([['__name__', series.name], ...extra]);
  // What the page says of itself gives way to the job it is pushed as.
  for (const [name, value] of series.labels)
    labels.set(name === 'job' ? 'exported_job' : name, bound(name, value));
  const encoded = Buffer.from(new Uint32Array(Math.ceil(encoder.labels(labelsOf(labels)).length / 4)).buffer);
  const wire = encoder.labels(labelsOf(labels));
  encoded.set(wire);
  const timestamp = Number.isNaN(series.timestamp) ? now : series.timestamp;
  encoder.add(
    { bytes: encoded, words: new Uint32Array(encoded.buffer), from: 0, length: wire.length },
    { timestamps: Float64Array.of(timestamp), values: Float64Array.of(series.value) },
    0,
    1,
  );
}

/** Bounds are sent as Go prints them, without OpenMetrics' `.0`. */
const bound = (name: string, value: string): string =>
  name === 'le' || name === 'quantile'
    ? formatBound(Number(value.replace('Inf', 'Infinity'))).replace(/\.0$/, '')
    : value;

function labelArgs(given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((text) => {
      const [, name, value] = /^([^:=]+)[:=](.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new UsageError(`--label: expected NAME=VALUE, got ${JSON.stringify(text)}`);
      return [name, value];
    }),
  );
}

function oneOf(args: ParsedArgs, flag: string, choices: readonly string[], usual: string): string {
  const text = args.values.get(flag) ?? usual;
  if (choices.includes(text)) return text;
  throw new UsageError(`--${flag}: expected ${choices.join(' or ')}, got ${JSON.stringify(text)}`);
}

const readPage = (file: string): Uint8Array => fs.readFileSync(file === STDIN ? 0 : file);
