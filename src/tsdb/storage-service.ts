import type { MessagePort } from 'node:worker_threads';
import { type Clock, every } from '../clock.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { Checkpointer } from './checkpoint.ts';
import { batchesByDay, FlushCells } from './flush-blocks.ts';
import { ArenaReader } from './head/arena.ts';
import { CurrentIndex } from './head/current-index.ts';
import { HEAD_CONTROL } from './head/layout.ts';
import { PartitionKeeper } from './partition-keeper.ts';
import type { FromStorage, RetentionSettings, StorageInit, ToStorage } from './protocol.ts';

const CHECKPOINT_MS = 1000;
const UPKEEP_MS = 60_000;
const MERGE_TROUBLE = 'partitions cannot be merged; trying again in a minute';

export interface StorageService {
  close(): void;
}

/**
 * The storage half of the background worker: writes partitions, merges and seals them, enforces retention, and checkpoints the
 * databases that main writes. Long work is cut into steps between which other services of the thread get their turn.
 */
export function createStorageService(
  port: MessagePort,
  init: StorageInit,
  deps: { readonly clock: Clock; readonly addon: SqliteAddon },
): StorageService {
  const { clock, addon } = deps;
  const send = (message: FromStorage): void => port.postMessage(message);
  const log = (level: 'info' | 'error') => (fields: object, message: string) =>
    send({ kind: 'log', level, fields: { ...fields }, message });
  const control = new Int32Array(init.head.control);
  const currentIndex = new CurrentIndex(init.head);
  const arena = new ArenaReader(init.head.arena);
  const cells = new FlushCells();
  let isTelling = false;
  /** Soon: several files may change at once. */
  const tell = (): void => {
    if (isTelling) return;
    isTelling = true;
    setImmediate(() => {
      isTelling = false;
      if (!isClosed) tellNow();
    });
  };
  const tellNow = (): void => {
    const message = 'cannot look at the partitions';
    try {
      send({ kind: 'upkeep', stats: keeper.stats() });
      report(undefined, message);
    } catch (error) {
      report((error as Error).message, message);
    }
  };
  /** Holds a word of the head's control block odd while a work is done. */
  const marked = <T>(word: number, work: () => T): T => {
    const before = Atomics.load(control, word);
    // Odd already when an earlier worker died within such a work.
    Atomics.store(control, word, before + 1 + (before % 2));
    try {
      return work();
    } finally {
      Atomics.add(control, word, 1);
      Atomics.notify(control, word);
    }
  };
  const keeper = new PartitionKeeper({
    dir: init.dir,
    addon,
    clock,
    log: { info: log('info'), error: log('error') },
    onFilesChanged() {
      Atomics.add(control, HEAD_CONTROL.partitions, 1);
      tell();
    },
    changing: (work) =>
      marked(HEAD_CONTROL.changes, () => {
        try {
          return work();
        } finally {
          // A query that begins afterwards must not take files for current that it has open.
          Atomics.add(control, HEAD_CONTROL.partitions, 1);
        }
      }),
  });
  const databases = init.checkpoint.map((file) => new Checkpointer(file, addon));
  let retention: RetentionSettings = init.retention;
  let flushed = 0;
  let synced = 0;
  let stepping: NodeJS.Immediate | undefined;
  let isClosed = false;
  /** A flush that waits until no day is being written anew. */
  let heldFlush: Extract<ToStorage, { kind: 'flush' }> | undefined;
  /** Called when pending work is done. */
  const onIdle: (() => void)[] = [];
  /** What each kind of work last failed of. */
  const troubles = new Map<string, string>();

  /** Says what is wrong once, not every second. */
  const report = (trouble: string | undefined, message: string): void => {
    if (trouble === undefined) {
      troubles.delete(message);
      return;
    }
    if (trouble !== troubles.get(message)) log('error')({ error: trouble }, message);
    troubles.set(message, trouble);
  };

  /** Does pending work bit by bit, letting messages in between. */
  const step = (): void => {
    if (stepping || isClosed) return;
    stepping = setImmediate(() => {
      stepping = undefined;
      let hasMore = false;
      try {
        hasMore = keeper.step(clock.now());
        if (!hasMore) report(undefined, MERGE_TROUBLE);
      } catch (error) {
        // Everything is as it was before the step; the next upkeep goes on from there.
        report((error as Error).message, MERGE_TROUBLE);
      }
      if (heldFlush && !keeper.isHolding) {
        const held = heldFlush;
        heldFlush = undefined;
        flush(held);
      }
      if (hasMore) step();
      else for (const done of onIdle.splice(0)) done();
    });
  };

  const sync = (): string | undefined => {
    let failure: string | undefined;
    for (const one of [keeper, ...databases]) {
      try {
        one.checkpoint();
      } catch (error) {
        failure ??= (error as Error).message;
      }
    }
    return failure;
  };

  const flush = (message: Extract<ToStorage, { kind: 'flush' }>): void => {
    if (keeper.isHolding) {
      heldFlush = message;
      return;
    }
    const startedAt = clock.monotonic();
    try {
      const index = currentIndex.get();
      index.refresh();
      let samples = 0;
      const append = (): void => {
        for (const [day, batch] of batchesByDay(arena.view(), message.rings, message.own, cells)) {
          samples += keeper.append(day, batch, index);
        }
      };
      if (message.own) marked(HEAD_CONTROL.ownFlushes, append);
      else append();
      flushed = message.id;
      send({ kind: 'flushed', id: message.id, durationMs: clock.monotonic() - startedAt, samples });
      step();
    } catch (error) {
      send({ kind: 'flushFailed', id: message.id, error: (error as Error).message });
    }
  };

  const upkeep = (): string | undefined => {
    try {
      keeper.retain(retention, clock.now());
      keeper.plan(clock.now());
      tell();
      step();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    checkpoints.cancel();
    upkeeps.cancel();
    if (stepping) clearImmediate(stepping);
    keeper.close();
    for (const database of databases) database.close();
  };

  port.on('message', (message: ToStorage) => {
    switch (message.kind) {
      case 'flush':
        return flush(message);
      case 'sync': {
        const error = sync();
        if (error === undefined) synced = flushed;
        return send({ kind: 'synced', flush: synced, id: message.id, error });
      }
      case 'maintain': {
        const error = upkeep();
        onIdle.push(() => {
          tellNow();
          send({ kind: 'maintained', id: message.id, error });
        });
        return step();
      }
      case 'delete':
        keeper.delete(message.deletion, message.isPreview, (result) =>
          send({ kind: 'deleted', id: message.id, result }),
        );
        return step();
      case 'hold':
        keeper.hold();
        return send({ kind: 'maintained', id: message.id, error: undefined });
      case 'change': {
        let error: string | undefined;
        try {
          keeper.change(message.changes);
        } catch (problem) {
          error = (problem as Error).message;
        }
        return send({ kind: 'maintained', id: message.id, error });
      }
      case 'release':
        return keeper.release();
      case 'retention':
        retention = message.retention;
        upkeep();
        return;
      case 'close':
        sync();
        close();
        return send({ kind: 'closed' });
    }
  });
  port.on('close', close);

  const checkpoints = every(clock, CHECKPOINT_MS, () => {
    const error = sync();
    report(error, 'databases cannot be checkpointed; trying again every second');
    if (error !== undefined || synced === flushed) return;
    synced = flushed;
    send({ kind: 'synced', flush: synced, id: undefined, error: undefined });
  });
  const upkeeps = every(clock, UPKEEP_MS, () => {
    report(upkeep(), 'upkeep of partitions failed; trying again in a minute');
  });
  try {
    keeper.start();
    send({ kind: 'found', through: keeper.storedThrough(clock.now()) });
  } catch (error) {
    report((error as Error).message, 'partitions of an earlier run cannot be opened');
  }
  step();
  return { close };
}
