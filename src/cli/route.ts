import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load.ts';
import { type Labels, labelsFromObject } from '../model/labels.ts';
import { formatAlertMatchers } from '../notifiers/matching.ts';
import { buildRoutes, matchRoutes, type Route } from '../notifiers/routes.ts';
import type { FlagSpec, ParsedArgs } from './args.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { pairsOf } from './matcher-args.ts';
import { CommandError, REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

const CONFIG: FlagSpec = {
  names: ['config', 'config.file'],
  kind: 'value',
  placeholder: 'FILE',
  help: 'reads the routes of this file instead of asking the monitor',
};

const show: Word = {
  usage: 'route [show]',
  summary: 'prints the tree of routes',
  flags: [CONFIG, ...REMOTE_FLAGS],
  async run(args, io) {
    const root = await routesOf(args, io);
    io.stdout(`Routing tree:\n${tree(root)}\n`);
    return EXIT.ok;
  },
};

const test: Word = {
  usage: 'route test LABEL=VALUE…',
  summary: 'prints the receivers that an alert with these labels goes to',
  flags: [
    CONFIG,
    {
      names: ['verify.receivers'],
      kind: 'value',
      placeholder: 'NAMES',
      help: 'exits with 1 when it goes to others than these, comma-separated',
    },
    { names: ['tree'], kind: 'boolean', help: 'prints the routes that match, too' },
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const labels = labelsFromObject(pairsOf(args.positional, 'labels'));
    const root = await routesOf(args, io);
    if (args.switches.get('tree')) io.stdout(`Matching routes:\n${matchingTree(root, labels)}\n\n`);
    const receivers = matchRoutes(root, labels)
      .map((route) => route.receiver)
      .join(',');
    io.stdout(`${receivers}\n`);
    const expected = args.values.get('verify.receivers');
    if (!expected || expected === receivers) return EXIT.ok;
    io.stdout('WARNING: Expected receivers did not match resolved receivers.\n');
    return EXIT.failed;
  },
};

/** `belfry route`, in the words of amtool's `config routes`. */
export const routeCommand: Command = commandOfWords(
  'route',
  'prints the routes and says where an alert would go',
  { show, test },
  'show',
);

async function routesOf(args: ParsedArgs, io: CliIo): Promise<Route> {
  const file = args.values.get('config');
  const { route } = file === undefined ? await remoteConfig(args, io.env) : readConfig(file, io);
  if (!route) throw new CommandError(`${file ?? 'the running configuration'}: there is no route in it`);
  return buildRoutes(route);
}

function readConfig(file: string, io: CliIo, text?: string): Config {
  const files = text === undefined ? undefined : { read: () => text, glob: () => [] };
  try {
    return loadConfig(file, { env: io.env, cwd: io.cwd, files }).config;
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(`cannot read the routes:\n${error.message}`);
    throw error;
  }
}

async function remoteConfig(args: ParsedArgs, env: CliIo['env']): Promise<Config> {
  const status = await remoteOf(args, env).get<{ config: { original: string } }>('/api/v2/status');
  const io = { env: {}, cwd: '/' } as CliIo;
  return readConfig('status', io, status.config.original);
}

interface Branch {
  readonly text: string;
  readonly below: readonly Branch[];
}

function tree(root: Route): string {
  const branch = (route: Route): Branch => ({
    text: `${slug(route)}${route.continues ? '  continue: true' : ''}  receiver: ${route.receiver}`,
    below: route.children.map(branch),
  });
  return `.\n${lines([branch(root)], '').join('')}`;
}

/** The way an alert takes; receivers stand at its ends. */
function matchingTree(root: Route, labels: Labels): string {
  const branch = (route: Route): Branch => {
    const below: Branch[] = [];
    for (const child of route.children) {
      if (!child.matchers.matches(labels)) continue;
      below.push(branch(child));
      if (!child.continues) break;
    }
    return { text: slug(route) + (below.length === 0 ? `  receiver: ${route.receiver}` : ''), below };
  };
  return `.\n${lines([branch(root)], '').join('')}`;
}

const slug = (route: Route): string =>
  route.matchers.matchers.length === 0 ? 'default-route' : formatAlertMatchers(route.matchers.matchers);

function lines(branches: readonly Branch[], indent: string): string[] {
  return branches.flatMap(({ text, below }, i) => {
    const isLast = i === branches.length - 1;
    return [
      `${indent}${isLast ? '└── ' : '├── '}${text}\n`,
      ...lines(below, indent + (isLast ? '    ' : '│   ')),
    ];
  });
}
