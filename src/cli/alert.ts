import type { FlagSpec } from './args.ts';
import { timeOf } from './flag-times.ts';
import { type Command, EXIT } from './io.ts';
import { formatAlerts, type ListedAlert, OUTPUT_FLAG, outputOf } from './listing.ts';
import { matcherArgs, pairsOf } from './matcher-args.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

const state = (name: string): FlagSpec => ({
  names: [name, name[0]!],
  kind: 'boolean',
  help: `show ${name} alerts; active ones unless a state is given`,
});

const query: Word = {
  usage: 'alert [query] [MATCHER…]',
  summary: 'lists alerts; a first word without an operator is the name of the alert',
  flags: [
    state('active'),
    state('silenced'),
    state('inhibited'),
    { ...state('unprocessed'), help: 'show alerts not yet looked at; there are none here' },
    { names: ['receiver', 'r'], kind: 'value', placeholder: 'REGEX', help: 'only of these receivers' },
    OUTPUT_FLAG,
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const states = ['active', 'silenced', 'inhibited', 'unprocessed'];
    const asked = states.filter((name) => args.switches.get(name));
    const shown = asked.length > 0 ? asked : ['active'];
    const params = new URLSearchParams();
    for (const name of states) params.set(name, String(shown.includes(name)));
    const receiver = args.values.get('receiver');
    if (receiver) params.set('receiver', receiver);
    for (const matcher of matcherArgs(args.positional)) params.append('filter', matcher);
    const format = outputOf(args);
    const alerts = await remoteOf(args, io.env).get<ListedAlert[]>(`/api/v2/alerts?${params}`);
    io.stdout(formatAlerts(alerts, format));
    return EXIT.ok;
  },
};

const add: Word = {
  usage: 'alert add [ALERTNAME] LABEL=VALUE…',
  summary: 'posts an alert, which fires until it ends or resolve_timeout has passed',
  flags: [
    {
      names: ['annotation'],
      kind: 'repeated',
      placeholder: 'NAME=VALUE',
      help: 'annotation; may be repeated',
    },
    { names: ['generator-url'], kind: 'value', placeholder: 'URL', help: 'where the alert comes from' },
    { names: ['start'], kind: 'value', placeholder: 'TIME', help: 'since when it fires (now)' },
    { names: ['end'], kind: 'value', placeholder: 'TIME', help: 'when it ends' },
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const labels = pairsOf(matcherArgs(args.positional), 'labels');
    const annotations = pairsOf(args.lists.get('annotation') ?? [], 'annotations');
    const time = (flag: string): string | undefined => {
      const text = args.values.get(flag);
      return text === undefined ? undefined : new Date(timeOf(flag, text)).toISOString();
    };
    const generatorURL = args.values.get('generator-url') ?? '';
    const alert = { labels, annotations, startsAt: time('start'), endsAt: time('end'), generatorURL };
    await remoteOf(args, io.env).post('/api/v2/alerts', [alert]);
    return EXIT.ok;
  },
};

/** `belfry alert`, in amtool's words. */
export const alertCommand: Command = commandOfWords(
  'alert',
  'lists and posts alerts',
  { query, add },
  'query',
);
