import { formatLabels, labelsFromObject } from '../model/labels.ts';
import { type FlagSpec, type ParsedArgs, UsageError } from './args.ts';
import { bucketReport } from './bucket-report.ts';
import { durationOf, unixSeconds } from './flag-times.ts';
import { type Command, EXIT } from './io.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOf } from './words.ts';

const OUTPUT: FlagSpec = {
  names: ['output', 'o', 'format'],
  kind: 'value',
  placeholder: 'FORMAT',
  help: 'text or json (text)',
};
const RANGE: readonly FlagSpec[] = [
  {
    names: ['start'],
    kind: 'value',
    placeholder: 'TIME',
    help: 'with samples since then: Unix seconds, RFC 3339, or 1h for an hour ago (ever)',
  },
  { names: ['end'], kind: 'value', placeholder: 'TIME', help: 'and up to then (now)' },
];

interface Listed<T> {
  readonly data: readonly T[];
  readonly warnings?: readonly string[];
}

/** `belfry series SELECTOR…`: promtool's `query series`. @param now Unix ms */
export const seriesCommand = (now: () => number): Command =>
  commandOf('series', {
    usage: 'series SELECTOR… [--start TIME] [--end TIME]',
    summary: 'lists the series of a running monitor that match any of the selectors',
    flags: [
      { names: ['match'], kind: 'repeated', placeholder: 'SELECTOR', help: 'one more' },
      ...RANGE,
      OUTPUT,
      ...REMOTE_FLAGS,
    ],
    async run(args, io) {
      const selectors = [...args.positional, ...(args.lists.get('match') ?? [])];
      if (selectors.length === 0) throw new UsageError('series: expected a SELECTOR');
      const isJson = wantsJson(args);
      const params = rangeOf(args, now());
      for (const one of selectors) params.append('match[]', one);
      const { data, warnings = [] } = await remoteOf(args, io.env).get<Listed<Record<string, string>>>(
        `/api/v1/series?${params}`,
      );
      for (const warning of warnings) io.stderr(`${warning}\n`);
      io.stdout(
        isJson
          ? `${JSON.stringify(data)}\n`
          : data.map((one) => `${formatLabels(labelsFromObject(one))}\n`).join(''),
      );
      return EXIT.ok;
    },
  });

/** `belfry values NAME`: promtool's `query labels`. @param now Unix ms */
export const valuesCommand = (now: () => number): Command =>
  commandOf('values', {
    usage: 'values LABEL [--match SELECTOR]… [--start TIME] [--end TIME]',
    summary: 'lists the values that a label has on a running monitor',
    flags: [
      {
        names: ['match'],
        kind: 'repeated',
        placeholder: 'SELECTOR',
        help: 'of these series; several add up (all)',
      },
      ...RANGE,
      OUTPUT,
      ...REMOTE_FLAGS,
    ],
    async run(args, io) {
      const [name, ...more] = args.positional;
      if (name === undefined || more.length > 0) throw new UsageError('values: expected one LABEL');
      const isJson = wantsJson(args);
      const params = rangeOf(args, now());
      for (const one of args.lists.get('match') ?? []) params.append('match[]', one);
      const { data, warnings = [] } = await remoteOf(args, io.env).get<Listed<string>>(
        `/api/v1/label/${encodeURIComponent(name)}/values?${params}`,
      );
      for (const warning of warnings) io.stderr(`query warning: ${warning}\n`);
      io.stdout(isJson ? `${JSON.stringify(data)}\n` : data.map((one) => `${one}\n`).join(''));
      return EXIT.ok;
    },
  });

/** `belfry buckets SELECTOR…`: promtool's `query analyze`. @param now Unix ms */
export const bucketsCommand = (now: () => number): Command =>
  commandOf('buckets', {
    usage: 'buckets SELECTOR… [--duration DURATION] [--time TIME]',
    summary: 'tells how many buckets of histograms are used, series by series and altogether',
    flags: [
      { names: ['match'], kind: 'repeated', placeholder: 'SELECTOR', help: 'one more' },
      { names: ['duration'], kind: 'value', help: 'how far back it looks (1h)' },
      {
        names: ['time'],
        kind: 'value',
        placeholder: 'TIME',
        help: 'from when: Unix seconds, RFC 3339 or a duration (now)',
      },
      {
        names: ['type'],
        kind: 'value',
        help: 'histogram, as promtool wants it said',
        ignored: 'there are histograms only',
      },
      ...REMOTE_FLAGS,
    ],
    async run(args, io) {
      const selectors = [...args.positional, ...(args.lists.get('match') ?? [])];
      if (selectors.length === 0) throw new UsageError('buckets: expected a SELECTOR');
      const type = args.values.get('type') ?? 'histogram';
      if (type !== 'histogram')
        throw new UsageError(`--type: expected histogram, got ${JSON.stringify(type)}`);
      const seconds = durationOf('duration', args.values.get('duration') ?? '1h') / 1000;
      const time = unixSeconds(args, 'time', now()) ?? now() / 1000;
      const remote = remoteOf(args, io.env);
      const text = await bucketReport(selectors, async (selector) => {
        const params = new URLSearchParams({ query: `${selector}[${seconds}s]`, time: String(time) });
        const answer = await remote.get<{ data: { result: never } }>(`/api/v1/query?${params}`);
        return answer.data.result;
      });
      io.stdout(text);
      return EXIT.ok;
    },
  });

function wantsJson(args: ParsedArgs): boolean {
  const format = args.values.get('output') ?? 'text';
  if (['text', 'promql', 'json'].includes(format)) return format === 'json';
  throw new UsageError(`--output: expected text or json, got ${JSON.stringify(format)}`);
}

function rangeOf(args: ParsedArgs, now: number): URLSearchParams {
  const params = new URLSearchParams();
  for (const flag of ['start', 'end'] as const) {
    const time = unixSeconds(args, flag, now);
    if (time !== undefined) params.set(flag, String(time));
  }
  return params;
}
