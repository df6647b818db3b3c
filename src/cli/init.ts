import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { CommandError } from './remote.ts';
import { commandOf } from './words.ts';

const DEFAULT_FILE = 'belfry.yaml';

/** `belfry init`: a configuration to start from. @param example its text */
export const initCommand = (example: () => string): Command =>
  commandOf('init', {
    usage: 'init [FILE]',
    summary: `writes a configuration with comments to start from (${DEFAULT_FILE}); never over another file`,
    flags: [],
    async run(args, io) {
      const [name = DEFAULT_FILE, ...more] = args.positional;
      if (more.length > 0) throw new UsageError('init: expected at most one FILE');
      const file = path.resolve(io.cwd, name);
      try {
        writeFileSync(file, example(), { flag: 'wx' });
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new CommandError(code === 'EEXIST' ? `${name} is there already` : message);
      }
      io.stdout(`${name} written; try: belfry check ${name} && belfry serve --config ${name}\n`);
      return EXIT.ok;
    },
  });
