import { EXIT } from './io.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOf } from './words.ts';

/** `belfry config`: what a running monitor has read, secrets left out. */
export const configCommand = commandOf('config', {
  usage: 'config',
  summary: 'prints the configuration that a running monitor uses, without its secrets',
  flags: REMOTE_FLAGS,
  async run(args, io) {
    const { config } = await remoteOf(args, io.env).get<{ config: { original: string } }>('/api/v2/status');
    io.stdout(config.original.endsWith('\n') ? config.original : `${config.original}\n`);
    return EXIT.ok;
  },
});
