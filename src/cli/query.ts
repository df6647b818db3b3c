import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { formatG } from '../promql/numbers.ts';
import { type ParsedArgs, UsageError } from './args.ts';
import { unixSeconds } from './flag-times.ts';
import { type Command, EXIT } from './io.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOf } from './words.ts';

type Point = readonly [time: number, value: string];

type HistogramPoint = readonly [
  time: number,
  histogram: {
    readonly count: string;
    readonly sum: string;
    readonly buckets?: readonly (readonly [
      boundaries: number,
      lower: string,
      upper: string,
      count: string,
    ])[];
  },
];

interface Answer {
  readonly data: {
    readonly resultType: 'vector' | 'matrix' | 'scalar' | 'string';
    readonly result: unknown;
  };
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
  readonly histogram?: HistogramPoint;
  readonly histograms?: readonly HistogramPoint[];
}

const DEFAULT_POINTS = 60;
const DEFAULT_RANGE_SECONDS = 300;

/** `belfry query EXPR`: asks a running monitor, at one time or over a range. @param now Unix ms */
export const queryCommand = (now: () => number): Command =>
  commandOf('query', {
    usage: 'query EXPR [--time TIME | --start TIME [--end TIME] [--step DURATION]]',
    summary: 'evaluates a PromQL expression on a running monitor; with --start over a range',
    flags: [
      {
        names: ['time'],
        kind: 'value',
        placeholder: 'TIME',
        help: 'when: Unix seconds, RFC 3339, or 1h for an hour ago (now)',
      },
      {
        names: ['start'],
        kind: 'value',
        placeholder: 'TIME',
        help: 'start of a range (5m before its end, when only that or a step is given)',
      },
      { names: ['end'], kind: 'value', placeholder: 'TIME', help: 'its end (now)' },
      {
        names: ['step'],
        kind: 'value',
        placeholder: 'DURATION',
        help: `time between points (a ${DEFAULT_POINTS}th of the range)`,
      },
      {
        names: ['points'],
        kind: 'value',
        placeholder: 'N',
        help: 'how many points the range has when no step is given',
      },
      {
        names: ['output', 'o', 'format'],
        kind: 'value',
        placeholder: 'FORMAT',
        help: 'text, json, or result: the JSON without its type, as promtool prints it (text)',
      },
      ...REMOTE_FLAGS,
    ],
    async run(args, io) {
      const [query, ...more] = args.positional;
      if (query === undefined || more.length > 0) throw new UsageError('query: expected one EXPR');
      const format = args.values.get('output') ?? 'text';
      if (!['text', 'promql', 'json', 'result'].includes(format))
        throw new UsageError(`--output: expected text, json or result, got ${JSON.stringify(format)}`);
      const params = new URLSearchParams({ query, ...timesOf(args, now()) });
      const kind = params.has('start') ? 'query_range' : 'query';
      const answer = await remoteOf(args, io.env).get<Answer>(`/api/v1/${kind}?${params}`);
      for (const note of [...(answer.warnings ?? []), ...(answer.infos ?? [])]) io.stderr(`${note}\n`);
      const { data } = answer;
      if (format === 'json') io.stdout(`${JSON.stringify(data)}\n`);
      else io.stdout(format === 'result' ? `${JSON.stringify(data.result)}\n` : textOf(data));
      return EXIT.ok;
    },
  });

function timesOf(args: ParsedArgs, now: number): Record<string, string> {
  const time = (flag: string): number | undefined => unixSeconds(args, flag, now);
  const isRange = ['start', 'end', 'step', 'points'].some((flag) => args.values.has(flag));
  if (!isRange) return { time: String(time('time') ?? now / 1000) };
  if (args.values.has('time')) throw new UsageError('query: expected --time or --start, got both');
  const end = time('end') ?? now / 1000;
  const start = time('start') ?? end - DEFAULT_RANGE_SECONDS;
  const points = Number(args.values.get('points') ?? DEFAULT_POINTS);
  if (!(points >= 1))
    throw new UsageError(`--points: expected a number, got ${JSON.stringify(args.values.get('points'))}`);
  const step = args.values.get('step') ?? String(Math.max(1, Math.floor((end - start) / points)));
  return { start: String(start), end: String(end), step };
}

/** As promtool prints it. */
function textOf({ resultType, result }: Answer['data']): string {
  if (resultType === 'scalar') {
    const [time, value] = result as Point;
    return `scalar: ${value} @[${time}]\n`;
  }
  if (resultType === 'string') return `${(result as Point)[1]}\n`;
  const point = ([time, value]: Point): string => `${value} @[${time}]`;
  const sample = ([time, histogram]: HistogramPoint): string => `${histogramText(histogram)} @[${time}]`;
  const lines = (result as readonly Series[]).map(({ metric, value, values, histogram, histograms }) => {
    const name = formatSeries(labelsFromObject(metric));
    if (values || histograms)
      return `${name} =>\n${[...(values ?? []).map(point), ...(histograms ?? []).map(sample)].join('\n')}`;
    return `${name} => ${value ? point(value) : sample(histogram!)}`;
  });
  return `${lines.join('\n')}\n`;
}

function histogramText({ count, sum, buckets = [] }: HistogramPoint[1]): string {
  const shown = buckets.map(([boundaries, lower, upper, inside]) => {
    const [open, close] = [
      boundaries === 1 || boundaries === 3 ? '[' : '(',
      boundaries % 3 === 0 ? ']' : ')',
    ];
    return `${open}${formatG(goNumber(lower))},${formatG(goNumber(upper))}${close}:${inside}`;
  });
  return `Count: ${Number(count).toFixed(6)}, Sum: ${Number(sum).toFixed(6)}, Buckets: [${shown.join(' ')}]`;
}

/** Infinities are spelled otherwise there. */
const goNumber = (text: string): number => Number(text.replace('Inf', 'Infinity'));
