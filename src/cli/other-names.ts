/**
 * What a command line of promtool or amtool is here, for scripts that call them: when the program was started under that name (a link),
 * or with the name as its first word. Undefined for what has no counterpart.
 */
export function translated(
  program: 'promtool' | 'amtool',
  argv: readonly string[],
): readonly string[] | undefined {
  if (argv.length === 0 || argv[0] === 'help' || argv.includes('--help') || argv.includes('-h'))
    return ['help'];
  if (argv[0] === '--version') return ['version'];
  for (const [words, here] of WORDS[program]) {
    if (words.every((word, i) => argv[i] === word)) return here(argv.slice(words.length));
  }
  return undefined;
}

type Rest = readonly string[];

const after =
  (...words: string[]) =>
  (rest: Rest): readonly string[] => [...words, ...rest];

/** promtool's `URL EXPR` as our `--url URL EXPR`; flags may stand anywhere. */
function queryArgs(rest: Rest): readonly string[] {
  const at = rest.findIndex((arg, i) => !arg.startsWith('-') && isAlone(rest, i));
  return at < 0
    ? ['query', ...rest]
    : ['query', '--url', rest[at]!, ...rest.slice(0, at), ...rest.slice(at + 1)];
}

/** Not the value of the flag before it. */
const isAlone = (rest: Rest, i: number): boolean => {
  const before = rest[i - 1];
  return before === undefined || !before.startsWith('-') || before.includes('=');
};

/** `FILE [DIR]` as `FILE --data DIR`. */
function importArgs(rest: Rest): readonly string[] {
  const [file, dir, ...more] = rest.filter((arg) => arg !== '--quiet' && arg !== '-q');
  const quiet = rest.length > (file === undefined ? 0 : 1) + (dir === undefined ? 0 : 1) ? ['--quiet'] : [];
  return [
    'import',
    'openmetrics',
    ...(file ? [file] : []),
    ...(dir ? ['--data', dir] : []),
    ...more,
    ...quiet,
  ];
}

/** Longer ones first. */
const WORDS: Readonly<
  Record<'promtool' | 'amtool', readonly (readonly [Rest, (rest: Rest) => readonly string[]])[]>
> = {
  promtool: [
    [['check', 'config'], (rest) => ['check', ...rest.filter((arg) => arg !== '--syntax-only')]],
    [['check', 'rules'], after('check')],
    [['check', 'web-config'], after('check')],
    [['check', 'healthy'], after('healthy')],
    [['check', 'ready'], after('ready')],
    [['query', 'instant'], queryArgs],
    [['query', 'range'], queryArgs],
    [['test', 'rules'], after('test', 'rules')],
    [['tsdb', 'create-blocks-from', 'openmetrics'], importArgs],
    [
      ['tsdb', 'dump'],
      (rest) => ['export', ...(rest[0] && !rest[0].startsWith('-') ? ['--data', ...rest] : rest)],
    ],
  ],
  amtool: [
    [['check-config'], after('check')],
    [['config', 'routes', 'test'], after('route', 'test')],
    [['config', 'routes', 'show'], after('route', 'show')],
    [['config', 'routes'], after('route')],
    [['alert'], after('alert')],
    [['silence'], after('silence')],
  ],
};
