import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Clock, Timer } from '../clock.ts';

/**
 * Looks at files now and then, and at the folders they are in: a new one beside them may match the same pattern.
 * @param files absolute paths, as of today
 * @param onChange called once for whatever changed between two looks
 */
export function watchFiles(options: {
  readonly files: () => readonly string[];
  readonly everyMs: number;
  readonly clock: Clock;
  onChange(): void;
}): Timer {
  const { files, everyMs, clock, onChange } = options;
  let seen = stampOf(files());
  let timer: Timer;
  const look = (): void => {
    timer = clock.after(everyMs, look);
    // Read for another reason since the last look: what was written after that may not have been, so it is read once more.
    const today = files();
    const stamp = stampOf(today);
    if (stamp === seen) return;
    seen = stamp;
    onChange();
  };
  timer = clock.after(everyMs, look);
  return { cancel: () => timer.cancel() };
}

/** Changes with the content of the files, and with the names of those of the same kind beside them. */
function stampOf(files: readonly string[]): string {
  const kinds = new Map<string, Set<string>>();
  for (const file of files) {
    const folder = dirname(file);
    kinds.set(folder, (kinds.get(folder) ?? new Set()).add(extname(file)));
  }
  const names = [...kinds].flatMap(([folder, extensions]) =>
    namesIn(folder)
      .filter((name) => extensions.has(extname(basename(name))))
      .map((name) => join(folder, name)),
  );
  return JSON.stringify([names.sort(), files.map(statOf)]);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function statOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : 'gone';
}
