import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { checkFrame } from '../../encoding/frame.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import { corruptionAt, identityOf, openPartitionFile, type StoredBlob } from './schema.ts';

interface TimedBlob extends StoredBlob {
  readonly first: number;
  readonly last: number;
}

/** Checks the checksum of every blob of a partition; what is wrong with it, or undefined. */
export function checkBlobs(file: string, addon: SqliteAddon): string | undefined {
  try {
    const { db } = openPartitionFile(file, addon);
    try {
      corruptionAt('', () => {
        const found = db.pragma('quick_check(1)', { simple: true }) as string;
        if (found !== 'ok') throw new CorruptBlockError(found);
        for (const table of ['series', 'grp', 'block']) {
          for (const { id, b } of db
            .prepare(`SELECT id, b FROM ${table}`)
            .iterate() as Iterable<StoredBlob>) {
            corruptionAt(`table ${table}, row ${id}`, () => checkFrame(b, identityOf(id)));
          }
        }
        for (const { id, first, last, b } of db
          .prepare('SELECT id, first, last, b FROM ts')
          .iterate() as Iterable<TimedBlob>) {
          corruptionAt(`table ts, row ${id}`, () => checkFrame(b, identityOf(id, first, last)));
        }
        for (const { id, first, last, ts, b } of db
          .prepare('SELECT id, first, last, ts, b FROM own')
          .iterate() as Iterable<TimedBlob & { readonly ts: Buffer }>) {
          corruptionAt(`table own, row ${id}`, () => {
            checkFrame(ts, identityOf(id, first, last));
            checkFrame(b, identityOf(id));
          });
        }
      });
      return undefined;
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof CorruptBlockError) return error.message;
    throw error;
  }
}
