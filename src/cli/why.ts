import { quote } from '../model/labels.ts';
import { UsageError } from './args.ts';
import { explain, type ShownTrace } from './explain.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import type { ListedAlert } from './listing.ts';
import { CommandError, REMOTE_FLAGS, remoteOf } from './remote.ts';
import { runWord, type Word } from './words.ts';

/** `belfry why`: the whole answer to "why did this (not) page me?". @param now Unix ms */
export function whyCommand(now: () => number): Command {
  const word: Word = {
    usage: 'why ALERTNAME|FINGERPRINT',
    summary: 'says why an alert was or was not told to someone, and what comes next',
    flags: [
      { names: ['output', 'o'], kind: 'value', placeholder: 'FORMAT', help: 'text or json (text)' },
      ...REMOTE_FLAGS,
    ],
    async run(args, io) {
      const [wanted, ...rest] = args.positional;
      if (!wanted || rest.length > 0) throw new UsageError('why: expected one ALERTNAME or FINGERPRINT');
      const format = args.values.get('output') ?? 'text';
      if (!['text', 'simple', 'json'].includes(format)) {
        throw new UsageError(`--output: expected text or json, got ${JSON.stringify(format)}`);
      }
      const remote = remoteOf(args, io.env);
      const isFingerprint = /^[0-9a-f]{16}$/.test(wanted);
      const filter = new URLSearchParams({ filter: `alertname=${quote(wanted)}` });
      const found = isFingerprint
        ? [wanted]
        : (await remote.get<ListedAlert[]>(`/api/v2/alerts?${filter}`)).map((one) => one.fingerprint);
      if (found.length === 0) {
        throw new CommandError(
          `no alert named ${JSON.stringify(wanted)} fires; one that is over is found by its fingerprint`,
        );
      }
      const traces: ShownTrace[] = [];
      for (const fingerprint of found) {
        traces.push(await remote.get<ShownTrace>(`/api/alerts/${fingerprint}/trace`));
      }
      print(traces, format, io);
      return EXIT.ok;
    },
  };
  function print(traces: readonly ShownTrace[], format: string, io: CliIo): void {
    if (format === 'json') io.stdout(`${JSON.stringify(traces)}\n`);
    else io.stdout(traces.map((trace) => explain(trace, now())).join('\n\n'));
  }
  return {
    name: 'why',
    usage: word.usage,
    summary: word.summary,
    flags: word.flags,
    run: (argv, io) => runWord(word, argv, io),
  };
}
