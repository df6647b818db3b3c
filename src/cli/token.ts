import { SCOPES } from '../access/scope.ts';
import { UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { OUTPUT_FLAG, outputOf, table } from './listing.ts';
import { CommandError, REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

interface ListedToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly usedAt: string | null;
  readonly isExpired: boolean;
}

const create: Word = {
  usage: 'token create NAME [--scope SCOPE…] [--expires DURATION]',
  summary: 'makes an API token and prints it, this once',
  flags: [
    {
      names: ['scope'],
      kind: 'repeated',
      placeholder: 'SCOPE',
      help: `${SCOPES.join(', ')}; may be repeated (read)`,
    },
    {
      names: ['expires'],
      kind: 'value',
      placeholder: 'DURATION',
      help: 'how long it is good for, such as 90d (for ever)',
    },
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const [name, ...more] = args.positional;
    if (name === undefined || more.length > 0) throw new UsageError('token create: expected one NAME');
    const scopes = (args.lists.get('scope') ?? ['read']).flatMap((list) => list.split(','));
    const unknown = scopes.find((scope) => !SCOPES.some((known) => known === scope));
    if (unknown !== undefined)
      throw new UsageError(`--scope: expected ${SCOPES.join(', ')}, got ${JSON.stringify(unknown)}`);
    const body = { name, scopes, expires_in: args.values.get('expires') };
    const { token } = await remoteOf(args, io.env).post<{ token: string }>('/api/tokens', body);
    io.stdout(`${token}\n`);
    return EXIT.ok;
  },
};

const list: Word = {
  usage: 'token [list]',
  summary: 'lists API tokens and when they were last used',
  flags: [OUTPUT_FLAG, ...REMOTE_FLAGS],
  async run(args, io) {
    const format = outputOf(args);
    const tokens = await remoteOf(args, io.env).get<ListedToken[]>('/api/tokens');
    if (format === 'json') io.stdout(`${JSON.stringify(tokens)}\n`);
    else {
      const rows = tokens.map((token) => [
        token.id,
        token.name,
        token.scopes.join(','),
        token.createdBy,
        token.usedAt ?? 'never',
        token.isExpired ? 'has ended' : (token.expiresAt ?? 'never'),
      ]);
      io.stdout(table(['ID', 'Name', 'Scopes', 'Made By', 'Last Used', 'Ends'], rows));
    }
    return EXIT.ok;
  },
};

const revoke: Word = {
  usage: 'token revoke ID|NAME…',
  summary: 'ends API tokens at once',
  flags: REMOTE_FLAGS,
  async run(args, io) {
    if (args.positional.length === 0) throw new UsageError('token revoke: expected an ID or NAME');
    const remote = remoteOf(args, io.env);
    const tokens = await remote.get<ListedToken[]>('/api/tokens');
    for (const wanted of args.positional) {
      const token = tokens.find(({ id, name }) => id === wanted || name === wanted);
      if (!token) throw new CommandError(`there is no token ${JSON.stringify(wanted)}`);
      await remote.delete(`/api/tokens/${token.id}`);
    }
    return EXIT.ok;
  },
};

/** `belfry token`: API tokens of a running monitor. */
export const tokenCommand: Command = commandOfWords(
  'token',
  'makes, lists and revokes API tokens',
  { list, create, revoke },
  'list',
);
