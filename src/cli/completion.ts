import type { FlagSpec } from './args.ts';
import type { Command, DescribedWord } from './io.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script by which a shell completes commands, words and flags, made of the table that parses them. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const listed = commands.map((command) => ({ ...command, flags: shown(command.flags) }));
  switch (shell) {
    case 'bash':
      return bash(listed);
    case 'zsh':
      return zsh(listed);
    case 'fish':
      return fish(listed);
  }
}

const shown = (flags: readonly FlagSpec[] = []): readonly FlagSpec[] =>
  flags.filter((flag) => flag.ignored === undefined);

const dashed = (flags: readonly FlagSpec[] | undefined): string[] =>
  shown(flags).map(({ names }) => `--${names[0]}`);

const firsts = ({ words, values }: Command): readonly string[] =>
  words?.map(({ name }) => name) ?? values ?? [];

/** Flags whose value is a file or a folder. */
const FILES = /^(FILE|DIR)$/;
/** Usages with a file or a folder among what is no flag. */
const FILE_ARGUMENT = /[ [](FILE|DIR)\b/;

function bash(commands: readonly Command[]): string {
  const cases = commands.flatMap((command) => {
    const own = [...dashed(command.flags), '--help'].join(' ');
    const words = firsts(command);
    const inner = (command.words ?? []).map(
      ({ name, flags }) => `        ${name}) flags="${[...dashed(flags), '--help'].join(' ')}" ;;`,
    );
    return [
      `    ${command.name})`,
      `      words="${words.join(' ')}" flags="${own}"`,
      ...(inner.length > 0 ? [`      case "\${COMP_WORDS[2]}" in`, ...inner, '      esac'] : []),
      '      ;;',
    ];
  });
  return `# bash completion of belfry; made by: belfry completion bash
_belfry() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" words="" flags=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${[...commands.map(({ name }) => name), 'help'].join(' ')}" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    help) words="${commands.map(({ name }) => name).join(' ')}" ;;
  esac
  if [ "\${cur#-}" != "$cur" ]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _belfry belfry
`;
}

/** For zsh and fish: text inside single quotes. */
const quoted = (text: string): string => `'${text.split('\n')[0]!.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly Command[]): string {
  const flagArgs = (flags: readonly FlagSpec[] | undefined): string =>
    shown(flags)
      .map(({ names, kind, help, placeholder = 'VALUE' }) => {
        const what = help.replaceAll(/[[\]:]/g, ' ');
        const value = kind === 'boolean' ? '' : `:${placeholder}:${FILES.test(placeholder) ? '_files' : ''}`;
        return quoted(
          `${kind === 'repeated' ? '*' : ''}--${names[0]}${kind === 'boolean' ? '' : '='}[${what}]${value}`,
        );
      })
      .join(' ');
  const branch = (command: Command): string => {
    const words = firsts(command);
    const first = words.length > 0 ? quoted(`1:word:(${words.join(' ')})`) : '';
    const inner = (command.words ?? [])
      .map(({ name, flags }) => `        ${name}) _arguments ${flagArgs(flags)} '*:file:_files' ;;`)
      .join('\n');
    const body =
      inner === ''
        ? `      _arguments ${flagArgs(command.flags)} ${first} '*:file:_files'`
        : `      case "$words[2]" in\n${inner}\n        *) _arguments ${first} ;;\n      esac`;
    return `    ${command.name})\n${body}\n      ;;`;
  };
  const list = commands.map(
    ({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', ' -')}`)}`,
  );
  return `#compdef belfry
# zsh completion of belfry; made by: belfry completion zsh
_belfry() {
  local -a commands
  commands=(
${list.join('\n')}
    'help:tells of a command'
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case "$words[1]" in
${commands.map(branch).join('\n')}
    help) _describe 'command' commands ;;
  esac
}
# Loaded from a folder of functions it is called at once; read as a script it has to be made known.
if [ "$funcstack[1]" = _belfry ]; then _belfry "$@"; else compdef _belfry belfry; fi
`;
}

function fish(commands: readonly Command[]): string {
  const lines = ['# fish completion of belfry; made by: belfry completion fish', 'complete -c belfry -f'];
  const first = '__fish_use_subcommand';
  for (const { name, summary } of commands) {
    lines.push(`complete -c belfry -n ${first} -a ${name} -d ${quoted(summary)}`);
  }
  lines.push(`complete -c belfry -n ${first} -a help -d 'tells of a command'`);
  const flagLines = (condition: string, flags: readonly FlagSpec[] | undefined): void => {
    for (const { names, kind, help, placeholder = '' } of shown(flags)) {
      const value = kind === 'boolean' ? '' : FILES.test(placeholder) ? ' -r -F' : ' -x';
      lines.push(`complete -c belfry -n ${quoted(condition)} -l ${names[0]}${value} -d ${quoted(help)}`);
    }
  };
  for (const command of commands) {
    const here = `__fish_seen_subcommand_from ${command.name}`;
    flagLines(here, command.flags);
    for (const word of firsts(command)) lines.push(`complete -c belfry -n ${quoted(here)} -a ${word}`);
    for (const { name, usage, flags } of command.words ?? ([] as readonly DescribedWord[])) {
      const there = `${here}; and __fish_seen_subcommand_from ${name}`;
      flagLines(there, flags);
      if (FILE_ARGUMENT.test(usage)) lines.push(`complete -c belfry -n ${quoted(there)} -F`);
    }
    if (!command.words && !command.values) lines.push(`complete -c belfry -n ${quoted(here)} -F`);
  }
  lines.push(
    `complete -c belfry -n '__fish_seen_subcommand_from help' -a ${quoted(commands.map(({ name }) => name).join(' '))}`,
  );
  return `${lines.join('\n')}\n`;
}
