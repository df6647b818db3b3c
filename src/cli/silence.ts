import fs from 'node:fs';
import os from 'node:os';
import { type FlagSpec, type ParsedArgs, UsageError } from './args.ts';
import { durationOf, timeOf } from './flag-times.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { formatSilences, type ListedSilence, OUTPUT_FLAG, outputOf } from './listing.ts';
import { matcherArgs, matchersOf, pairsOf } from './matcher-args.ts';
import { CommandError, REMOTE_FLAGS, type Remote, remoteOf } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

const COMMENT: FlagSpec = { names: ['comment', 'c'], kind: 'value', help: 'why; needed' };
const START: FlagSpec = { names: ['start'], kind: 'value', placeholder: 'TIME', help: 'when it starts' };
const END: FlagSpec = {
  names: ['end'],
  kind: 'value',
  placeholder: 'TIME',
  help: 'when it ends, instead of a duration',
};
const DURATION: FlagSpec = { names: ['duration', 'd'], kind: 'value', help: 'how long it holds (1h)' };
const QUIET: FlagSpec = { names: ['quiet', 'q'], kind: 'boolean', help: 'only the ids' };
const ANNOTATION: FlagSpec = {
  names: ['annotation'],
  kind: 'repeated',
  placeholder: 'NAME=VALUE',
  help: 'annotation; may be repeated',
};

/** `belfry silence`, in amtool's words. @param now Unix ms */
export const silenceCommand = (now: () => number): Command =>
  commandOfWords(
    'silence',
    'lists, makes, changes and ends silences',
    { query: query(now), add: add(now), update, expire, import: importAll },
    'query',
  );

const query = (now: () => number): Word => ({
  usage: 'silence [query] [MATCHER…]',
  summary: 'lists silences that are not over',
  flags: [
    { names: ['expired'], kind: 'boolean', help: 'those that are over instead' },
    {
      names: ['within'],
      kind: 'value',
      placeholder: 'DURATION',
      help: 'that end, or ended, within this time',
    },
    { names: ['created-by'], kind: 'value', placeholder: 'NAME', help: 'of this author' },
    { names: ['id'], kind: 'value', placeholder: 'ID', help: 'the one with this id' },
    QUIET,
    OUTPUT_FLAG,
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const params = new URLSearchParams();
    for (const matcher of matcherArgs(args.positional)) params.append('filter', matcher);
    const within = args.values.get('within');
    const withinMs = within === undefined ? Number.POSITIVE_INFINITY : durationOf('within', within);
    const wantsExpired = args.switches.get('expired') ?? false;
    const author = args.values.get('created-by');
    const id = args.values.get('id');
    const format = outputOf(args);
    const all = await remoteOf(args, io.env).get<ListedSilence[]>(`/api/v2/silences?${params}`);
    const at = now();
    const shown = all.filter((one) => {
      const left = Date.parse(one.endsAt) - at;
      const isWanted = wantsExpired ? left <= 0 && -left <= withinMs : left > 0 && left <= withinMs;
      return isWanted && (!author || one.createdBy === author) && (!id || one.id === id);
    });
    print(shown, args, io, format);
    return EXIT.ok;
  },
});

const add = (now: () => number): Word => ({
  usage: 'silence add [ALERTNAME] MATCHER…',
  summary: 'silences alerts that match all of these; prints the id',
  flags: [
    COMMENT,
    DURATION,
    START,
    END,
    { names: ['author', 'a'], kind: 'value', placeholder: 'NAME', help: 'who (the user of this shell)' },
    ANNOTATION,
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const matchers = matchersOf(args.positional);
    if (matchers.length === 0) throw new UsageError('silence add: no matchers specified');
    const comment = args.values.get('comment') ?? '';
    if (comment === '') throw new UsageError('silence add: a comment is needed: --comment="…"');
    const start = args.values.get('start');
    const startsAt = start === undefined ? now() : timeOf('start', start);
    const endsAt = endOf(args, startsAt, '1h');
    const annotations = pairsOf(args.lists.get('annotation') ?? [], 'annotations');
    const { silenceID } = await remoteOf(args, io.env).post<{ silenceID: string }>('/api/v2/silences', {
      matchers: matchers.map(({ name, op, value }) => ({
        name,
        value,
        isRegex: op === '=~' || op === '!~',
        isEqual: op === '=' || op === '=~',
      })),
      startsAt: new Date(startsAt).toISOString(),
      endsAt: new Date(endsAt!).toISOString(),
      createdBy: args.values.get('author') ?? userName(io),
      comment,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    });
    io.stdout(`${silenceID}\n`);
    return EXIT.ok;
  },
});

const update: Word = {
  usage: 'silence update ID…',
  summary: 'changes times or comment of silences; prints what they are now',
  flags: [COMMENT, DURATION, START, END, QUIET, OUTPUT_FLAG, ...REMOTE_FLAGS],
  async run(args, io) {
    const ids = idsOf(args);
    const format = outputOf(args);
    const remote = remoteOf(args, io.env);
    const updated: ListedSilence[] = [];
    for (const id of ids) {
      const silence = await remote.get<ListedSilence>(`/api/v2/silence/${encodeURIComponent(id)}`);
      const start = args.values.get('start');
      const startsAt = start === undefined ? Date.parse(silence.startsAt) : timeOf('start', start);
      const endsAt = endOf(args, startsAt) ?? Date.parse(silence.endsAt);
      if (startsAt > endsAt) throw new UsageError('silence cannot start after it ends');
      const next = {
        ...silence,
        startsAt: new Date(startsAt).toISOString(),
        endsAt: new Date(endsAt).toISOString(),
        comment: args.values.get('comment') || silence.comment,
      };
      const { silenceID } = await remote.post<{ silenceID: string }>('/api/v2/silences', postable(next));
      updated.push({ ...next, id: silenceID });
    }
    print(updated, args, io, format);
    return EXIT.ok;
  },
};

const expire: Word = {
  usage: 'silence expire ID…',
  summary: 'ends silences',
  flags: REMOTE_FLAGS,
  async run(args, io) {
    const ids = idsOf(args);
    const remote = remoteOf(args, io.env);
    for (const id of ids) await remote.delete(`/api/v2/silence/${encodeURIComponent(id)}`);
    return EXIT.ok;
  },
};

const importAll: Word = {
  usage: 'silence import [FILE]',
  summary: 'makes the silences of a JSON list, as query -o json prints it; from stdin without a file',
  flags: [
    { names: ['force', 'f'], kind: 'boolean', help: 'makes new ones even of those that exist' },
    {
      names: ['worker', 'w'],
      kind: 'value',
      placeholder: 'N',
      help: 'no effect',
      ignored: 'one by one is enough',
    },
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const silences = readSilences(args.positional[0] ?? '-');
    const remote = remoteOf(args, io.env);
    let failed = 0;
    for (const silence of silences) {
      const { id } = silence;
      try {
        io.stdout(
          `${await importOne(remote, args.switches.get('force') ? { ...silence, id: '' } : silence)}\n`,
        );
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        failed++;
        io.stderr(`Error adding silence id='${id}': ${error.message}\n`);
      }
    }
    if (failed === 0) return EXIT.ok;
    throw new CommandError(`couldn't import ${failed} out of ${silences.length} silences`);
  },
};

/** One whose id is not known becomes a new one. */
async function importOne(remote: Remote, silence: ListedSilence): Promise<string> {
  const post = async (one: ListedSilence): Promise<string> =>
    (await remote.post<{ silenceID: string }>('/api/v2/silences', postable(one))).silenceID;
  try {
    return await post(silence);
  } catch (error) {
    if (!silence.id || !(error instanceof CommandError) || !/: 404 /.test(error.message)) throw error;
    return post({ ...silence, id: '' });
  }
}

function readSilences(file: string): ListedSilence[] {
  try {
    const read: unknown = JSON.parse(fs.readFileSync(file === '-' ? 0 : file, 'utf8'));
    if (Array.isArray(read)) return read as ListedSilence[];
  } catch (error) {
    throw new CommandError(`${file}: expected a JSON list of silences: ${(error as Error).message}`);
  }
  throw new CommandError(`${file}: expected a JSON list of silences, got something else`);
}

/** What the API takes of what it gave. */
function postable(silence: ListedSilence): object {
  const { updatedAt: _updatedAt, status: _status, ...rest } = silence as ListedSilence & { status?: unknown };
  return rest;
}

/** @throws UsageError */
function endOf(args: ParsedArgs, startsAt: number, usual?: string): number | undefined {
  const end = args.values.get('end');
  const duration = args.values.get('duration') ?? usual;
  if (end === undefined && duration === undefined) return undefined;
  const ms = end === undefined ? durationOf('duration', duration!) : 0;
  if (end === undefined && ms === 0) throw new UsageError('silence duration must be greater than 0');
  const endsAt = end === undefined ? startsAt + ms : timeOf('end', end);
  if (startsAt > endsAt) throw new UsageError('silence cannot start after it ends');
  return endsAt;
}

function idsOf(args: ParsedArgs): readonly string[] {
  if (args.positional.length === 0) throw new UsageError('no silence IDs specified');
  return args.positional;
}

function print(
  silences: readonly ListedSilence[],
  args: ParsedArgs,
  io: CliIo,
  format: ReturnType<typeof outputOf>,
): void {
  if (args.switches.get('quiet')) io.stdout(silences.map(({ id }) => `${id}\n`).join(''));
  else io.stdout(formatSilences(silences, format));
}

/** Empty for users the system has no name for, as in containers. */
function userName(io: CliIo): string {
  if (io.env.USER) return io.env.USER;
  try {
    return os.userInfo().username;
  } catch {
    return '';
  }
}
