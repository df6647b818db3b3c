import type { MessagePort } from 'node:worker_threads';
import type { MetricMetadata } from '../model/queryable.ts';
import type { ImportResult } from '../tsdb/import/write-days.ts';
import type { Store } from '../tsdb/store.ts';
import type { FromImport, ToImport } from './service.ts';
import { LineError } from './text-import.ts';

/** A thread that serves one import. */
export interface ImportThread {
  readonly port: MessagePort;
  onExit(listener: (reason: string) => void): void;
  end(): void;
}

/** Imports into the store of a running server: all of a text, or nothing of it. One at a time. */
export type Importer = (text: AsyncIterable<Uint8Array>) => Promise<ImportResult>;

/** An import is under way already. */
export class BusyError extends Error {
  constructor() {
    super('another import is under way; try again when it is done');
    this.name = 'BusyError';
  }
}

/** @throws BusyError, LineError when the text is at fault, Error when it cannot be stored; then nothing of it is */
export function createImporter(deps: {
  readonly startThread: () => ImportThread;
  readonly store: Pick<
    Store,
    'exclusively' | 'change' | 'reserveRefs' | 'metadata' | 'metricMetadata' | 'sync'
  >;
}): Importer {
  const { store } = deps;
  let isBusy = false;
  return async (text) => {
    if (isBusy) throw new BusyError();
    isBusy = true;
    const thread = deps.startThread();
    try {
      const ask = conversation(thread);
      for await (const bytes of text) await ask({ kind: 'text', bytes }, 'more');
      const { refs, metadata } = await ask({ kind: 'end' }, 'gathered');
      return await store.exclusively(async () => {
        const firstRef = store.reserveRefs(refs);
        let result: ImportResult | undefined;
        await store.change(async () => {
          // No later process may give these numbers away again once a file has them.
          await store.sync();
          const written = await ask({ kind: 'write', firstRef }, 'written');
          result = written.result;
          return written.changes;
        });
        addMetadata(store, metadata);
        return result!;
      });
    } finally {
      isBusy = false;
      thread.end();
    }
  };
}

type Answer<Kind> = Extract<FromImport, { readonly kind: Kind }>;

/** Asks the thread one thing after the other. */
function conversation({ port, onExit }: ImportThread) {
  let settle: ((message: FromImport) => void) | undefined;
  let ended: string | undefined;
  const fail = (message: string): void => settle?.({ kind: 'failed', message, line: undefined });
  port.on('message', (message: FromImport) => settle?.(message));
  onExit((reason) => {
    ended = `the thread of the import ended: ${reason}`;
    fail(ended);
  });
  return async <Kind extends FromImport['kind']>(message: ToImport, kind: Kind): Promise<Answer<Kind>> => {
    const answer = await new Promise<FromImport>((resolve) => {
      settle = resolve;
      if (ended !== undefined) fail(ended);
      else port.postMessage(message);
    });
    if (answer.kind === kind) return answer as Answer<Kind>;
    if (answer.kind !== 'failed')
      throw new Error(`expected ${kind} from the thread of the import, got ${answer.kind}`);
    throw answer.line === undefined ? new Error(answer.message) : new LineError(answer.line, answer.message);
  };
}

function addMetadata(
  store: Pick<Store, 'metadata' | 'metricMetadata'>,
  metadata: ReadonlyMap<string, MetricMetadata>,
): void {
  for (const [metric, one] of metadata) if (!store.metricMetadata.has(metric)) store.metadata(metric, one);
}
