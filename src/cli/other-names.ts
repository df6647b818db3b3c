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
  if (argv.includes('--version')) return ['version'];
  const given = wordsFirst(argv.filter((arg) => !WITHOUT_EFFECT.has(arg)));
  for (const [words, here] of WORDS[program]) {
    if (words.every((word, i) => given[i] === word)) return here(given.slice(words.length));
  }
  return undefined;
}

/** Of how much amtool says, and whether it asks the server's version first. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  '--verbose',
  '-v',
  '--version-check',
  '--no-version-check',
]);
/** Flags that may stand before the words and have a value, maybe in the next argument. */
const WITH_VALUE: ReadonlySet<string> = new Set([
  '--alertmanager.url',
  '--config.file',
  '--date.format',
  '--enable-feature',
  '--http.config.file',
  '--output',
  '-o',
  '--timeout',
]);

/** Flags that stand before the words there come after them here. */
function wordsFirst(argv: Rest): Rest {
  let at = 0;
  while (argv[at]?.startsWith('-')) at += WITH_VALUE.has(argv[at]!) ? 2 : 1;
  return [...argv.slice(at), ...argv.slice(0, at)];
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

/**
 * promtool's lint finds rules that are there twice, and by default it does so without a say in the exit code; ours finds more, which is
 * not what its scripts were written for.
 */
function checkArgs(rest: Rest): readonly string[] {
  const lint =
    rest.findLast((arg) => arg.startsWith('--lint='))?.slice('--lint='.length) ?? 'duplicate-rules';
  const flags = rest.includes('--lint-fatal') ? ['--lint-fatal'] : ['--lint'];
  const isWanted = /\b(all|duplicate-rules)\b/.test(lint) && rest.some((arg) => arg.startsWith('--lint'));
  const files = rest.filter((arg) => !/^--(lint(=.*)?|lint-fatal|syntax-only|agent)$/.test(arg));
  return ['check', ...(isWanted ? [...flags, '--only', 'duplicate-rule'] : []), ...files];
}

/** `[FLAGS] [DIR]` as `--data DIR`. */
function dumpArgs(rest: Rest): readonly string[] {
  const at = rest.findIndex((arg, i) => !arg.startsWith('-') && isAlone(rest, i));
  const [dir, ...flags] =
    at < 0 ? ['data', ...rest] : [rest[at]!, ...rest.slice(0, at), ...rest.slice(at + 1)];
  return ['export', '--data', dir!, ...flags];
}

/** Longer ones first. */
const WORDS: Readonly<
  Record<'promtool' | 'amtool', readonly (readonly [Rest, (rest: Rest) => readonly string[]])[]>
> = {
  promtool: [
    [['check', 'config'], checkArgs],
    [['check', 'rules'], checkArgs],
    [['check', 'web-config'], after('check')],
    [['check', 'healthy'], after('healthy')],
    [['check', 'ready'], after('ready')],
    [['query', 'instant'], queryArgs],
    [['query', 'range'], queryArgs],
    [['test', 'rules'], after('test', 'rules')],
    [['tsdb', 'create-blocks-from', 'openmetrics'], importArgs],
    [['tsdb', 'dump-openmetrics'], dumpArgs],
    [['tsdb', 'dump'], dumpArgs],
  ],
  amtool: [
    [['check-config'], after('check')],
    [['config', 'routes', 'test'], after('route', 'test')],
    [['config', 'routes', 'show'], after('route', 'show')],
    [['config', 'routes'], after('route')],
    [['config', 'show'], after('config')],
    [['config'], after('config')],
    [['alert'], after('alert')],
    [['silence'], after('silence')],
  ],
};
