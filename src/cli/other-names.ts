/**
 * What a command line of promtool or amtool is here, for scripts that call them: when the program was started under that name (a link),
 * or with the name as its first word. A sentence for what has no counterpart, undefined for what is no word of theirs either.
 */
export function translated(
  program: 'promtool' | 'amtool',
  argv: readonly string[],
): readonly string[] | string | undefined {
  if (argv.length === 0 || argv[0] === 'help' || argv.includes('--help') || argv.includes('-h'))
    return ['help'];
  if (argv.includes('--version')) return ['version'];
  const given = argv.filter((arg) => !WITHOUT_EFFECT.has(arg));
  for (const [words, here] of WORDS[program]) {
    const rest = withoutWords(given, words);
    if (!rest) continue;
    // Upstream's features are all there; what they change they change in tests only.
    return here(words[0] === 'test' ? rest : without(rest, '--enable-feature'));
  }
  return undefined;
}

/** Of how much amtool says, and whether it asks the server's version first. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  '--verbose',
  '-v',
  '--version-check',
  '--no-version-check',
  '--experimental',
]);
/**
 * What remains of a line without its words, which come first among what is no flag; undefined when they do not. Flags that stand before
 * the words come last: here words come first.
 */
function withoutWords(argv: Rest, words: Rest): Rest | undefined {
  const rest: string[] = [];
  let found = 0;
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (found === words.length) return [...argv.slice(i), ...rest];
    if (arg.startsWith('-')) rest.push(arg, ...(hasOwnValue(arg) ? argv.slice(++i, i + 1) : []));
    else if (arg !== words[found++]) return undefined;
  }
  return found === words.length ? rest : undefined;
}

/** Whether a flag's value is the next argument. */
const hasOwnValue = (flag: string): boolean => !flag.includes('=') && !SWITCHES.has(flag);

type Rest = readonly string[];

const after =
  (...words: string[]) =>
  (rest: Rest): readonly string[] => [...words, ...rest];

/** Flags that stand alone; every other one without an equals sign has its value in the next argument. */
const SWITCHES: ReadonlySet<string> = new Set([
  '-q',
  '--quiet',
  '-r',
  '--human-readable',
  '--extended',
  '--lint-fatal',
  '--debug',
  '--diff',
]);

/** What is no flag and no flag's value, and the rest. */
function sorted(rest: Rest): { readonly given: Rest; readonly flags: Rest } {
  const given: string[] = [];
  const flags: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const arg = rest[i]!;
    if (!arg.startsWith('-') || arg === '-') given.push(arg);
    else flags.push(arg, ...(hasOwnValue(arg) ? rest.slice(++i, i + 1) : []));
  }
  return { given, flags };
}

/** What is left of flags without those that have no meaning here. */
const without = (flags: Rest, ...names: readonly string[]): Rest =>
  flags.filter((flag, i) => {
    const isNamed = (one: string | undefined): boolean =>
      one !== undefined && names.includes(one.split('=')[0]!);
    const isValue = isNamed(flags[i - 1]) && hasOwnValue(flags[i - 1]!);
    return !isNamed(flag) && !isValue;
  });

const hasFlag = (flags: Rest, ...names: readonly string[]): boolean =>
  flags.some((flag) => names.includes(flag.split('=')[0]!));

/** promtool's `URL ARGUMENTS` as our `--url URL ARGUMENTS`; its JSON has no type around the result. */
const asked =
  (command: string, ...defaults: readonly string[]) =>
  (rest: Rest): Rest => {
    const { given, flags } = sorted(rest);
    const [url, ...more] = given;
    const format = (flag: string): string =>
      command === 'query'
        ? flag.replace(/^(json|--format=json|-o=json)$/, (all) => all.replace('json', 'result'))
        : flag;
    const usual = defaults.filter((flag) => !hasFlag(flags, flag.split('=')[0]!));
    if (hasFlag(flags, '--step') && usual.at(-1)?.startsWith('--points')) usual.pop();
    return [command, ...(url === undefined ? [] : ['--url', url]), ...flags.map(format), ...usual, ...more];
  };

/** `--server URL` is another address. */
const analyzed = (rest: Rest): Rest => [
  'buckets',
  ...rest.map((flag) => flag.replace(/^--server\b/, '--url')),
];

/** `URL [FILE…]`, the address with or without the path. */
function pushArgs(rest: Rest): Rest {
  const { given, flags } = sorted(rest);
  const [address, ...files] = given;
  const label = hasFlag(flags, '--label') ? [] : ['--label', 'job=promtool'];
  if (address === undefined) return ['metrics', 'push', ...flags, ...label];
  const [, base = address, path] = /^(https?:\/\/[^/]+)(\/.*\/write|\/write)$/.exec(address) ?? [];
  const own = path === undefined || hasFlag(flags, '--remote-write.path') ? [] : ['--path', path];
  return ['metrics', 'push', '--url', base, ...own, ...flags, ...label, ...files];
}

/** `FILE [DIR]` as `FILE --data DIR`. */
function importArgs(rest: Rest): Rest {
  const { given, flags } = sorted(rest);
  const [file, dir, ...more] = given;
  return [
    'import',
    'openmetrics',
    ...(file ? [file] : []),
    ...(dir ? ['--data', dir] : []),
    ...more,
    ...without(flags, '-q', '--quiet', '-r', '--human-readable', '--max-block-duration'),
    ...(hasFlag(flags, '-q', '--quiet') ? ['--quiet'] : []),
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
  const files = rest.filter(
    (arg) => !/^--(lint(=.*)?|lint-fatal|syntax-only|agent|ignore-unknown-fields)$/.test(arg),
  );
  const chosen = isWanted ? [...flags, '--only', 'duplicate-rule'] : [];
  return ['check', ...chosen, ...(files.length > 0 ? files : ['/dev/stdin'])];
}

/** `[FLAGS] [DIR]` as `--data DIR`. */
const inDirectory =
  (...words: readonly string[]) =>
  (rest: Rest): Rest => {
    const { given, flags } = sorted(rest);
    const [dir = 'data', ...more] = given;
    return [...words, '--data', dir, ...flags, ...more];
  };

/** Times are milliseconds there, and the last one is in. */
const dumpArgs =
  (format: string) =>
  (rest: Rest): Rest => {
    const { given, flags } = sorted(rest);
    const timeOf = (name: string): number | undefined => {
      const at = flags.findIndex((flag) => flag === name || flag.startsWith(`${name}=`));
      if (at < 0) return undefined;
      return Number(flags[at]!.includes('=') ? flags[at]!.slice(name.length + 1) : flags[at + 1]);
    };
    const [min, max] = [timeOf('--min-time'), timeOf('--max-time')];
    return [
      'export',
      '--data',
      given[0] ?? 'data',
      ...(hasFlag(flags, '--format') ? [] : ['--format', format]),
      ...(min === undefined ? [] : ['--from', String(min / 1000)]),
      ...(max === undefined ? [] : ['--to', String((max + 1) / 1000)]),
      ...without(flags, '--min-time', '--max-time', '--sandbox-dir-root'),
      ...given.slice(1),
    ];
  };

/** Why there is no counterpart, as a sentence; what amtool and promtool do themselves is told in docs/migration.md. */
const nothing = (why: string) => (): string => why;

type Translation = (rest: Rest) => Rest | string;

/** Longer ones first. */
const WORDS: Readonly<Record<'promtool' | 'amtool', readonly (readonly [Rest, Translation])[]>> = {
  promtool: [
    [['check', 'config'], checkArgs],
    [['check', 'rules'], checkArgs],
    [['check', 'web-config'], after('check')],
    [['check', 'healthy'], after('healthy')],
    [['check', 'ready'], after('ready')],
    [['check', 'metrics'], after('metrics', 'check')],
    [['check', 'service-discovery'], after('discover')],
    [['query', 'instant'], asked('query')],
    [['query', 'range'], asked('query', '--points=250')],
    [['query', 'series'], asked('series')],
    [['query', 'labels'], asked('values')],
    [['query', 'analyze'], analyzed],
    [['push', 'metrics'], pushArgs],
    [['debug', 'all'], asked('debug')],
    [['debug', 'metrics'], (rest) => ['debug', 'metrics', ...asked('debug')(rest).slice(1)]],
    [
      ['debug', 'pprof'],
      nothing(
        'there are no Go profiles of a program that is not written in Go; debug all and debug metrics collect what there is',
      ),
    ],
    [['test', 'rules'], after('test', 'rules')],
    [['promql', 'format'], after('promql', 'format')],
    [['promql', 'label-matchers', 'set'], after('promql', 'set')],
    [['promql', 'label-matchers', 'delete'], after('promql', 'delete')],
    [['tsdb', 'create-blocks-from', 'openmetrics'], importArgs],
    [
      ['tsdb', 'create-blocks-from', 'rules'],
      nothing(
        'recording rules are not evaluated over the past; belfry rehearse tells what alerting rules would have done',
      ),
    ],
    [['tsdb', 'dump-openmetrics'], dumpArgs('openmetrics')],
    [['tsdb', 'dump'], dumpArgs('prom')],
    [['tsdb', 'list'], inDirectory('storage', 'list')],
    [['tsdb', 'analyze'], inDirectory('storage', 'analyze')],
    [
      ['tsdb', 'bench'],
      nothing("it measures Prometheus' own storage; docs/performance.md has figures of Belfry's"),
    ],
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
    [['template', 'render'], after('template')],
    [
      ['cluster'],
      nothing('one process notifies here, so there is no cluster and there are no peers to show'),
    ],
  ],
};
