import { statfs } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import type { FamilySample } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import type { HostFiles } from './host-files.ts';
import { parseMounts } from './mounts.ts';

export interface Space {
  /** Bytes of a block. */
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export type AskSpace = (mountPoint: string) => Promise<Space>;

/** How long a mount may take to answer. A server that is gone never does. */
const ANSWER_MS = 1000;
/** Each unanswered question holds a thread of the pool that all files and names are read with: more are not asked. */
const MAX_UNANSWERED = 2;

const SIZES = {
  node_filesystem_size_bytes: { help: 'Size of a file system.', of: (s: Space) => s.blocks * s.bsize },
  node_filesystem_free_bytes: { help: 'Free space.', of: (s: Space) => s.bfree * s.bsize },
  node_filesystem_avail_bytes: {
    help: 'Free space for users other than root.',
    of: (s: Space) => s.bavail * s.bsize,
  },
  node_filesystem_files: { help: 'Files there may be.', of: (s: Space) => s.files },
  node_filesystem_files_free: { help: 'Files there may still be.', of: (s: Space) => s.ffree },
} as const;

/** Space on the mounted file systems. A mount that does not answer is asked no more until it does. */
export function filesystemCollector(deps: {
  readonly files: HostFiles;
  readonly clock: Clock;
  readonly isMountExcluded: (mountPoint: string) => boolean;
  readonly isTypeExcluded: (fsType: string) => boolean;
  readonly ask?: AskSpace;
}): HostCollector {
  const { files, clock } = deps;
  const ask = deps.ask ?? ((mountPoint) => statfs(mountPoint));
  const unanswered = new Set<string>();

  const spaceOf = (mountPoint: string): Promise<Space | undefined> => {
    if (unanswered.has(mountPoint) || unanswered.size >= MAX_UNANSWERED) return Promise.resolve(undefined);
    unanswered.add(mountPoint);
    return new Promise((resolve) => {
      const deadline = clock.after(ANSWER_MS, () => resolve(undefined));
      ask(mountPoint)
        .then(resolve, () => resolve(undefined))
        .finally(() => {
          unanswered.delete(mountPoint);
          deadline.cancel();
        });
    });
  };

  return {
    name: 'filesystem',
    async collect() {
      // Those of the first process: ours may see others.
      const text = tryRead(files, '/proc/1/mounts') ?? files.read('/proc/self/mounts');
      const sizes = Object.keys(SIZES).map((): FamilySample[] => []);
      const readOnly: FamilySample[] = [];
      const errors: FamilySample[] = [];
      for (const mount of parseMounts(text)) {
        const { device, fsType, mountPoint } = mount;
        if (deps.isMountExcluded(mountPoint) || deps.isTypeExcluded(fsType)) continue;
        const labels = ['device', device, 'fstype', fsType, 'mountpoint', mountPoint];
        const space = await spaceOf(mountPoint);
        errors.push({ labels, value: space ? 0 : 1 });
        readOnly.push({ labels, value: mount.isReadOnly ? 1 : 0 });
        if (!space) continue;
        Object.values(SIZES).forEach(({ of }, i) => {
          sizes[i]!.push({ labels, value: of(space) });
        });
      }
      return [
        ...Object.entries(SIZES).map(([name, { help }], i) => gauge(name, help, sizes[i]!)),
        gauge('node_filesystem_readonly', 'Whether a file system is mounted for reading only.', readOnly),
        gauge('node_filesystem_device_error', 'Whether a mount gave no answer.', errors),
      ];
    },
  };
}

function tryRead(files: HostFiles, path: string): string | undefined {
  try {
    return files.read(path);
  } catch {
    return undefined;
  }
}
