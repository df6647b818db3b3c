import { hashPassword, hashPasswordBcrypt } from '../access/password.ts';
import { type Command, EXIT } from './io.ts';
import { CommandError } from './remote.ts';
import type { ReadSecret } from './secret-input.ts';
import { commandOf, type Word } from './words.ts';

/** Longer than what bcrypt looks at would be a false promise there. */
const MAX_BCRYPT_BYTES = 72;

/** `belfry hash-password`: what `web.users` and `basic_auth_users` take. */
export function hashPasswordCommand(read: ReadSecret, isPerson: boolean): Command {
  const word: Word = {
    usage: 'hash-password [--bcrypt]',
    summary:
      'asks for a password, or reads a line of standard input, and prints the hash for the configuration',
    flags: [{ names: ['bcrypt'], kind: 'boolean', help: 'for a web config file that Prometheus reads too' }],
    async run(args, io) {
      const isBcrypt = args.switches.get('bcrypt') ?? false;
      const password = await read('Password: ');
      if (password === '') throw new CommandError('expected a password, got nothing');
      if (isPerson && (await read('Once more: ')) !== password)
        throw new CommandError('the two passwords differ');
      if (isBcrypt && Buffer.byteLength(password) > MAX_BCRYPT_BYTES)
        throw new CommandError(
          `bcrypt takes at most ${MAX_BCRYPT_BYTES} bytes; without --bcrypt there is no limit`,
        );
      io.stdout(`${await (isBcrypt ? hashPasswordBcrypt(password) : hashPassword(password))}\n`);
      return EXIT.ok;
    },
  };
  return commandOf('hash-password', word);
}
