import type { Clock } from '../clock.ts';
import { kindOfLoss } from '../tsdb/partition/unreadable.ts';
import type { DamageMessage } from './protocol.ts';

/** Places told of; more would be a broken disk, which is known by then. */
const MAX_TOLD = 10_000;
/** What cannot be read, which may pass, is told of again after this time, while queries meet it. */
const AGAIN_MS = 60_000;

/** Tells of what cannot be read of partitions, whichever query meets it: of damage once, of what may pass once a minute. */
export function damageTeller(
  post: (message: DamageMessage) => void,
  clock: Pick<Clock, 'monotonic'>,
): (file: string, error: Error) => void {
  /** When a place is told of again. */
  const told = new Map<string, number>();
  return (file, error) => {
    const { message } = error;
    const againAt = told.get(message);
    const now = clock.monotonic();
    if (againAt === undefined ? told.size >= MAX_TOLD : now < againAt) return;
    const loss = kindOfLoss(error);
    told.set(message, loss === 'is damaged' ? Number.POSITIVE_INFINITY : now + AGAIN_MS);
    const detail = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
    post({ kind: 'damage', file, loss, detail });
  };
}
