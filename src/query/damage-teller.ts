import type { DamageMessage } from './protocol.ts';

/** Places told of; more would be a broken disk, which is known by then. */
const MAX_TOLD = 10_000;

/** Tells of damage in partitions, once of each place, whichever query meets it. */
export function damageTeller(post: (message: DamageMessage) => void): (file: string, error: Error) => void {
  const told = new Set<string>();
  return (file, { message }) => {
    if (told.has(message) || told.size >= MAX_TOLD) return;
    told.add(message);
    const detail = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
    post({ kind: 'damage', file, detail });
  };
}
