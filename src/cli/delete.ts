import { type FlagSpec, parseArgs, UsageError } from './args.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { CommandError, REMOTE_FLAGS, remoteOf } from './remote.ts';

interface Preview {
  readonly series: number;
  readonly samples: number;
  readonly days: number;
  readonly examples: readonly string[];
}

const FLAGS: readonly FlagSpec[] = [
  { names: ['start'], kind: 'value', placeholder: 'TIME', help: 'only samples from then on' },
  { names: ['end'], kind: 'value', placeholder: 'TIME', help: 'only samples up to then' },
  { names: ['yes', 'y'], kind: 'boolean', help: 'delete; without it what would go is only counted' },
  ...REMOTE_FLAGS,
];

/** Days are written anew before the answer comes. */
const TIMEOUT = '1h';

/** `belfry delete`: says what would go, and with `--yes` deletes it. */
export const deleteCommand: Command = {
  name: 'delete',
  usage: 'delete SELECTOR… [--start TIME] [--end TIME] [--yes]',
  summary: 'counts the samples of the series that match any selector, and with --yes deletes them',
  flags: FLAGS,
  async run(argv, io) {
    const args = parseArgs(argv, FLAGS);
    if (args.positional.length === 0)
      throw new UsageError('delete: expected a selector, such as \'up{job="old"}\'');
    const params = new URLSearchParams();
    for (const selector of args.positional) params.append('match[]', selector);
    for (const flag of ['start', 'end']) if (args.values.has(flag)) params.set(flag, args.values.get(flag)!);
    const remote = remoteOf(args, io.env, TIMEOUT);
    const path = '/api/v1/admin/tsdb/delete_series';
    try {
      const { data } = await remote.get<{ data: Preview }>(`${path}/preview?${params}`);
      if (args.switches.get('yes') !== true || data.samples === 0) {
        show(data, io);
        return EXIT.ok;
      }
      await remote.post(`${path}?${params}`);
      io.stdout(`deleted ${counted(data)}\n`);
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      io.stderr(`belfry: ${error.message}\n`);
      return EXIT.failed;
    }
  },
};

const counted = ({ samples, series, days }: Preview): string =>
  `${samples} samples of ${series} series in ${days} ${days === 1 ? 'day' : 'days'}`;

function show(preview: Preview, io: CliIo): void {
  if (preview.samples === 0) {
    io.stdout('nothing matches\n');
    return;
  }
  const more = preview.series - preview.examples.length;
  const lines = [
    counted(preview),
    ...preview.examples.map((series) => `  ${series}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    'Nothing was deleted: say --yes to delete them.',
  ];
  io.stdout(`${lines.join('\n')}\n`);
}
