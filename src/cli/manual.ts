import type { FlagSpec } from './args.ts';
import type { Command, DescribedWord } from './io.ts';

/** The manual page, belfry(1), made of the table that parses the command line. @param version of the program */
export function manualPage(commands: readonly Command[], version: string): string {
  return [
    `.TH BELFRY 1 "" "belfry ${version}" "User Commands"`,
    '.SH NAME',
    'belfry \\- scrapes, stores, evaluates PromQL, alerts and shows, in one process',
    '.SH SYNOPSIS',
    '.B belfry',
    '.RI [ COMMAND ] " " ...',
    '.SH DESCRIPTION',
    'Belfry replaces Prometheus, Alertmanager, Grafana and node_exporter on a small host. Without a command it runs',
    'the monitor. Flags are taken with one dash or two, with their value after a space or an equals sign; a switch is',
    'turned off by \\fB\\-\\-no\\-\\fINAME\\fR.',
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, what]) => ['.TP', `.B ${name}`, escaped(what)]),
    '.SH FILES',
    '.TP',
    '.I ./belfry.yaml',
    'The configuration, unless \\fB\\-\\-config\\fR names another.',
    '.TP',
    '.I ./data',
    'The data directory, unless \\fB\\-\\-data\\fR names another.',
    '.SH SIGNALS',
    '.TP',
    '.B SIGHUP',
    'reads the configuration again; a mistake keeps the old one.',
    '.TP',
    '.BR SIGTERM ", " SIGINT',
    'end it within four seconds; nothing stored is lost.',
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(([code, what]) => ['.TP', `.B ${code}`, what]),
    '',
  ].join('\n');
}

const ENVIRONMENT = [
  ['BELFRY_URL', 'address of the monitor that commands talk to'],
  ['BELFRY_TOKEN', 'an API token for it'],
  ['BELFRY_USER', 'NAME:PASSWORD for it'],
  ['NO_COLOR', 'no colours, also on a terminal'],
] as const;

const EXIT_STATUS = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'wrong flags, or a configuration that cannot be loaded'],
  ['3', 'lint findings, or a data directory in use'],
] as const;

function commandSection({ usage, summary, flags, words }: Command): string[] {
  return [
    `.SS belfry ${escaped(usage)}`,
    ...summary.split('\n').map(escaped),
    ...flagLines(flags ?? []),
    ...(words ?? []).flatMap(wordSection),
  ];
}

const wordSection = ({ usage, summary, flags }: DescribedWord): string[] => [
  '.PP',
  `.B belfry ${escaped(usage)}`,
  '.RS',
  escaped(summary),
  ...flagLines(flags),
  '.RE',
];

const flagLines = (flags: readonly FlagSpec[]): string[] =>
  flags
    .filter(({ ignored }) => ignored === undefined)
    .flatMap(({ names, kind, help, placeholder = 'VALUE' }) => [
      '.TP',
      `\\fB${names.map((name) => escaped(`${name.length === 1 ? '-' : '--'}${name}`)).join('\\fR, \\fB')}\\fR${kind === 'boolean' ? '' : ` \\fI${escaped(placeholder)}\\fR`}`,
      escaped(help),
    ]);

/** Text as roff takes it: dashes and backslashes as they are, no line that looks like a request. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(
      /[^ -~]/gu,
      (letter) => `\\[u${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^([.'])/, '\\&$1');
