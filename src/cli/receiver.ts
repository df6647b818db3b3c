import type { TestOutcome } from '../notifiers/test-notification.ts';
import { UsageError } from './args.ts';
import { EXIT } from './io.ts';
import { OUTPUT_FLAG, outputOf, table } from './listing.ts';
import { CommandError, REMOTE_FLAGS, remoteOf } from './remote.ts';
import type { Word } from './words.ts';

/** `belfry test receiver NAME`: exits with 0 only when every integration took the message. */
export const testReceiver: Word = {
  usage: 'test receiver NAME [--resolve]',
  summary: 'sends a message that is marked as a test through every integration of a receiver',
  flags: [
    { names: ['resolve'], kind: 'boolean', help: 'says that the test is over' },
    OUTPUT_FLAG,
    ...REMOTE_FLAGS,
  ],
  async run(args, io) {
    const [name, ...more] = args.positional;
    if (name === undefined || more.length > 0) throw new UsageError('test receiver: expected one NAME');
    const format = outputOf(args);
    const query = args.switches.get('resolve') ? '?resolve' : '';
    const path = `/api/receivers/${encodeURIComponent(name)}/test${query}`;
    const outcomes = await remoteOf(args, io.env).post<TestOutcome[]>(path);
    if (format === 'json') io.stdout(`${JSON.stringify(outcomes)}\n`);
    else {
      const rows = outcomes.map((one) => [
        `${one.integration}[${one.index}]`,
        one.outcome,
        `${one.durationMs} ms`,
        one.answer,
      ]);
      io.stdout(table(['Integration', 'Outcome', 'Took', 'Answer'], rows));
    }
    if (outcomes.length === 0) throw new CommandError(`receiver ${JSON.stringify(name)} has no integrations`);
    return outcomes.every((one) => one.outcome === 'delivered') ? EXIT.ok : EXIT.failed;
  },
};
