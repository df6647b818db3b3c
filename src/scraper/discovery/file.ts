import { type FSWatcher, watch } from 'node:fs';
import { glob, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import type { FileSdConfig } from '../../config/discovery/file.ts';
import type { Discoverer, TargetGroup } from './discoverer.ts';
import { parseGroupsJson, parseGroupsYaml } from './group-list.ts';

const FILE_LIMIT_BYTES = 16 * 1024 * 1024;
/** From the first sign of a change to reading: editors write in several steps. */
const SETTLE_MS = 100;

interface KnownFile {
  readonly text: string;
  readonly sources: readonly string[];
}

/** Targets listed in files, which are read again when something changes in their folders, and now and then in any case. */
export function fileDiscoverer(config: FileSdConfig, deps: { readonly clock: Clock }): Discoverer {
  const { clock } = deps;
  return {
    async run(sink, signal) {
      const known = new Map<string, KnownFile>();
      const folders = new Set(config.files.map((pattern) => dirname(pattern)));
      let watchers: FSWatcher[] = [];
      let wake = (): void => {};
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        // Watching starts before reading, so that no change falls in between. Each time anew: a folder may come, or be replaced.
        const before = watchers;
        watchers = [...folders].flatMap((folder) => watchFolder(folder, () => wake()));
        for (const watcher of before) watcher.close();
        const { groups, problems } = await readFiles(config.files, known);
        if (signal.aborted) break;
        sink.update(groups);
        sink.problem(problems.length > 0 ? problems.join('; ') : undefined);
        await waitForChange(changed, clock, config.refresh_interval, signal);
      }
      for (const watcher of watchers) watcher.close();
    },
  };
}

async function waitForChange(
  changed: Promise<void>,
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const onAbort = (): void => over.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  const limit = sleep(clock, limitMs, over.signal).catch(() => {});
  await Promise.race([changed.then(() => sleep(clock, SETTLE_MS, over.signal).catch(() => {})), limit]);
  over.abort();
  signal.removeEventListener('abort', onAbort);
}

function watchFolder(folder: string, onChange: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    // A folder that is not there, or one more than the system watches: the refresh interval still reads it.
    return [];
  }
}

/** Groups of files that changed, and empty ones for what is gone. A file that is wrong keeps what it gave before. */
async function readFiles(
  patterns: readonly string[],
  known: Map<string, KnownFile>,
): Promise<{ groups: TargetGroup[]; problems: string[] }> {
  const groups: TargetGroup[] = [];
  const problems: string[] = [];
  const end = (sources: readonly string[]): void =>
    void groups.push(...sources.map((source) => ({ source, targets: [], labels: {} })));
  const files = new Set<string>();
  for (const pattern of patterns) for await (const file of glob(pattern)) files.add(file);
  for (const file of [...files].sort()) {
    const before = known.get(file);
    try {
      const text = await readText(file);
      if (before?.text === text) continue;
      const parse = /\.json$/i.test(file) ? parseGroupsJson : parseGroupsYaml;
      const found = parse(text, (index) => `${file}:${index}`, { __meta_filepath: file });
      const sources = found.map(({ source }) => source);
      end((before?.sources ?? []).filter((source) => !sources.includes(source)));
      groups.push(...found);
      known.set(file, { text, sources });
    } catch (error) {
      const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (gone) files.delete(file);
      else problems.push(`${file}: ${(error as Error).message}`);
    }
  }
  for (const [file, { sources }] of known) {
    if (files.has(file)) continue;
    end(sources);
    known.delete(file);
  }
  return { groups, problems };
}

async function readText(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > FILE_LIMIT_BYTES)
      throw new Error(`expected a file of at most ${FILE_LIMIT_BYTES} bytes, got ${size}`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
