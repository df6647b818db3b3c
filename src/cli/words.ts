import { type FlagSpec, type ParsedArgs, parseArgs, UsageError } from './args.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { CommandError } from './remote.ts';

/** A word after the command, such as `add` in `silence add`. */
export interface Word {
  readonly usage: string;
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
  run(args: ParsedArgs, io: CliIo): Promise<number>;
}

/**
 * A command of several words. What cannot be done is told on stderr with exit code 1.
 * @param usual the word that is meant when none of them comes first; without one, one must be said
 */
export function commandOfWords(
  name: string,
  summary: string,
  words: Readonly<Record<string, Word>>,
  usual?: string,
): Command {
  const names = Object.keys(words);
  return {
    name,
    usage: `${name} ${names.join('|')} …`,
    summary,
    words: Object.entries(words).map(([word, { usage, summary: what, flags }]) => ({
      name: word,
      usage,
      summary: what,
      flags,
    })),
    run(argv, io) {
      const [first = '', ...rest] = argv;
      const isWord = Object.hasOwn(words, first);
      const word = isWord ? words[first] : usual === undefined ? undefined : words[usual];
      if (!word) {
        throw new UsageError(`${name}: expected one of ${names.join(', ')}, got ${JSON.stringify(first)}`);
      }
      return runWord(word, isWord ? rest : argv, io);
    },
  };
}

/** A command that is one word. */
export const commandOf = (name: string, word: Word): Command => ({
  name,
  usage: word.usage,
  summary: word.summary,
  flags: word.flags,
  run: (argv, io) => runWord(word, argv, io),
});

export async function runWord(word: Word, argv: readonly string[], io: CliIo): Promise<number> {
  const args = parseArgs(argv, word.flags);
  try {
    return await word.run(args, io);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    io.stderr(`belfry: ${error.message}\n`);
    return EXIT.failed;
  }
}
