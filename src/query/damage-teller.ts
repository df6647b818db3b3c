import { kindOfLoss } from '../tsdb/partition/unreadable.ts';
import type { DamageMessage } from './protocol.ts';

/** Places told of; more would be a broken disk, which is known by then. */
const MAX_TOLD = 10_000;

/** Tells of what cannot be read of partitions, once of each place, whichever query meets it. */
export function damageTeller(post: (message: DamageMessage) => void): (file: string, error: Error) => void {
  const told = new Set<string>();
  return (file, error) => {
    const { message } = error;
    if (told.has(message) || told.size >= MAX_TOLD) return;
    told.add(message);
    const detail = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
    post({ kind: 'damage', file, loss: kindOfLoss(error), detail });
  };
}
