import { EXIT } from './io.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';
import { commandOf } from './words.ts';

/** `belfry reload`: exits 0 when the new configuration is in use, 1 with its mistakes when the old one goes on. */
export const reloadCommand = commandOf('reload', {
  usage: 'reload',
  summary: 'has a running monitor read its configuration again',
  flags: REMOTE_FLAGS,
  async run(args, io) {
    const remote = remoteOf(args, io.env);
    await remote.post('/-/reload');
    const { config } = await remote.get<{ config: { warnings: readonly string[] } }>('/api/status');
    for (const warning of config.warnings) io.stderr(`${warning}\n`);
    io.stdout('the configuration was read and is in use\n');
    return EXIT.ok;
  },
});
