import { parseDuration } from '../model/duration.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { type ParsedArgs, UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOf } from './words.ts';

type Point = readonly [time: number, value: string];

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
  readonly histogram?: unknown;
}

const DEFAULT_POINTS = 60;

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
      { names: ['start'], kind: 'value', placeholder: 'TIME', help: 'start of a range' },
      { names: ['end'], kind: 'value', placeholder: 'TIME', help: 'its end (now)' },
      {
        names: ['step'],
        kind: 'value',
        placeholder: 'DURATION',
        help: `time between points (a ${DEFAULT_POINTS}th of the range)`,
      },
      { names: ['output', 'o', 'format'], kind: 'value', placeholder: 'FORMAT', help: 'text or json (text)' },
      ...REMOTE_FLAGS,
    ],
    async run(args, io) {
      const [query, ...more] = args.positional;
      if (query === undefined || more.length > 0) throw new UsageError('query: expected one EXPR');
      const format = args.values.get('output') ?? 'text';
      if (!['text', 'promql', 'json'].includes(format))
        throw new UsageError(`--output: expected text or json, got ${JSON.stringify(format)}`);
      const params = new URLSearchParams({ query, ...timesOf(args, now()) });
      const kind = params.has('start') ? 'query_range' : 'query';
      const answer = await remoteOf(args, io.env).get<Answer>(`/api/v1/${kind}?${params}`);
      for (const note of [...(answer.warnings ?? []), ...(answer.infos ?? [])]) io.stderr(`${note}\n`);
      io.stdout(format === 'json' ? `${JSON.stringify(answer.data)}\n` : textOf(answer.data));
      return EXIT.ok;
    },
  });

function timesOf(args: ParsedArgs, now: number): Record<string, string> {
  const time = (flag: string): number | undefined => {
    const text = args.values.get(flag);
    if (text === undefined) return undefined;
    if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return at / 1000;
    try {
      return (now - parseDuration(text)) / 1000;
    } catch {
      throw new UsageError(
        `--${flag}: expected Unix seconds, RFC 3339 or a duration, got ${JSON.stringify(text)}`,
      );
    }
  };
  const start = time('start');
  if (start === undefined) {
    if (args.values.has('end') || args.values.has('step')) throw new UsageError('query: --start is missing');
    return { time: String(time('time') ?? now / 1000) };
  }
  if (args.values.has('time')) throw new UsageError('query: expected --time or --start, got both');
  const end = time('end') ?? now / 1000;
  const step = args.values.get('step') ?? String(Math.max(1, (end - start) / DEFAULT_POINTS));
  return { start: String(start), end: String(end), step };
}

/** As promtool prints it. */
function textOf({ resultType, result }: Answer['data']): string {
  if (resultType === 'scalar' || resultType === 'string') {
    const [time, value] = result as Point;
    return `${resultType}: ${value} @[${time}]\n`;
  }
  return (result as readonly Series[])
    .map(({ metric, value, values, histogram }) => {
      const name = formatSeries(labelsFromObject(metric));
      if (values) return `${name} =>\n${values.map(([time, one]) => `${one} @[${time}]`).join('\n')}\n`;
      return value ? `${name} => ${value[1]} @[${value[0]}]\n` : `${name} => ${JSON.stringify(histogram)}\n`;
    })
    .join('');
}
