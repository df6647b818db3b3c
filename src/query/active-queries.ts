import fs from 'node:fs';
import path from 'node:path';
import type { QueryTask } from './protocol.ts';

/** What is noted of a running query. */
export interface ActiveQuery {
  readonly kind: QueryTask['kind'];
  readonly query: string;
  /** Unix ms. */
  readonly receivedAt: number;
}

/**
 * A note of the queries being evaluated, in a small file that outlives the process: one slot per query, written in place, never
 * synced. A kill -9 loses nothing of it, since the pages are the kernel's.
 */
export interface ActiveQueries {
  /** What the process before was evaluating when it ended without `close`. */
  readonly interrupted: readonly ActiveQuery[];
  started(id: number, query: ActiveQuery): void;
  ended(id: number): void;
  /** Empties the file: an orderly end. */
  close(): void;
}

const SLOT_BYTES = 4096;
const SLOTS = 64;
const EMPTY = Buffer.from('\n');

/** @throws Error when the file cannot be made */
export function openActiveQueries(file: string): ActiveQueries {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const interrupted = readInterrupted(file);
  const handle = fs.openSync(file, 'w', 0o600);
  /** Query id per slot, 0 when free. */
  const slots = new Array<number>(SLOTS).fill(0);
  let isOpen = true;
  const write = (slot: number, bytes: Uint8Array): void => {
    try {
      if (isOpen) fs.writeSync(handle, bytes, 0, bytes.length, slot * SLOT_BYTES);
    } catch {
      // A full disk: queries go on unnoted, and free slots are written again with the next.
    }
  };
  return {
    interrupted,
    started(id, { kind, query, receivedAt }) {
      const slot = slots.indexOf(0);
      if (slot < 0) return;
      slots[slot] = id;
      write(slot, lineOf({ kind, query, receivedAt }));
    },
    ended(id) {
      const slot = slots.indexOf(id);
      if (slot < 0) return;
      slots[slot] = 0;
      write(slot, EMPTY);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      try {
        fs.ftruncateSync(handle);
      } finally {
        fs.closeSync(handle);
      }
    },
  };
}

/** One line of JSON that fits a slot. */
function lineOf(query: ActiveQuery): Buffer {
  const line = Buffer.from(`${JSON.stringify(query)}\n`);
  if (line.length <= SLOT_BYTES) return line;
  return lineOf({ ...query, query: query.query.slice(0, query.query.length >> 1) });
}

function readInterrupted(file: string): ActiveQuery[] {
  if (!fs.existsSync(file)) return [];
  const bytes = fs.readFileSync(file).subarray(0, SLOTS * SLOT_BYTES);
  const found: ActiveQuery[] = [];
  for (let at = 0; at < bytes.length; at += SLOT_BYTES) {
    const slot = bytes.subarray(at, at + SLOT_BYTES);
    const query = parseLine(slot.toString('utf8', 0, Math.max(0, slot.indexOf(10))));
    if (query) found.push(query);
  }
  return found;
}

/** Undefined for an empty slot, and for one whose writing was cut. */
function parseLine(line: string): ActiveQuery | undefined {
  try {
    const value = JSON.parse(line) as Partial<ActiveQuery>;
    return typeof value.query === 'string' && typeof value.receivedAt === 'number' && value.kind
      ? { kind: value.kind, query: value.query, receivedAt: value.receivedAt }
      : undefined;
  } catch {
    return undefined;
  }
}
