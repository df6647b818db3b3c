import { statfsSync } from 'node:fs';
import type { SmallDisk } from '../../src/tsdb/small-disk.fixture.ts';
import type { Cast } from './journal.ts';
import { eventually, sleep } from './timing.ts';

const HOUR = 3_600_000;
/** How long before a kill what was served may not have been written yet, ms: the log is committed about once a second. */
const UNWRITTEN_MS = 4000;

const HOSTILE_QUERIES = [
  '{__name__=~".+"}',
  'count_values("v", {__name__=~".+"})',
  'max_over_time(avg_over_time({__name__=~".+"}[5m:100ms])[10m:100ms])',
  'label_replace({__name__=~".+"}, "l", "$1$1$1$1", "__name__", "(.*)")',
  '{__name__=~"(a+)+$|(x|xx)+y"}',
  'sum by (j) (rate(soak_value[1h]))',
  `${'('.repeat(2000)}1${')'.repeat(2000)}`,
];

export interface TroubleDeps extends Cast {
  readonly disk: SmallDisk;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What can happen to a monitor at night, by name. */
export function createTroubles(deps: TroubleDeps): ReadonlyMap<string, () => Promise<void>> {
  return new Map([
    ['kill -9', () => kill(deps)],
    ['a stop and a start', () => stopAndStart(deps)],
    ['a full disk', () => fullDisk(deps)],
    ['a clock an hour ahead', () => jump(deps, HOUR)],
    ['a clock an hour behind', () => jump(deps, -HOUR)],
    ['a receiver that hangs', () => badReceiver(deps, 'hangs', 12_000)],
    ['a receiver that fails', () => badReceiver(deps, 'fails', 20_000)],
    ['hostile queries', () => hostileQueries(deps)],
    ['a reload', () => reload(deps)],
  ]);
}

async function kill({ monitor, journal, random }: TroubleDeps): Promise<void> {
  journal.kills++;
  const at = Date.now();
  await monitor.end('SIGKILL');
  await sleep(random() * 3000);
  await monitor.start();
  journal.gaps.push([at - UNWRITTEN_MS, Date.now()]);
  journal.unsettle(at);
}

async function stopAndStart({ monitor, journal }: TroubleDeps): Promise<void> {
  journal.kills++;
  const at = Date.now();
  await monitor.end('SIGTERM');
  await monitor.start();
  journal.gaps.push([at - 1500, Date.now()]);
  journal.unsettle(at);
}

const PIECE = 4 * 1024 * 1024;

function roomOf({ path }: SmallDisk): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

async function fullDisk({ monitor, disk, random }: TroubleDeps): Promise<void> {
  try {
    // In pieces: this process serves the targets too.
    for (let free = roomOf(disk) - PIECE; free > 0; free -= PIECE) {
      disk.fill(free);
      await sleep(1);
    }
    disk.fill(0);
  } catch {
    // Somebody else took the last block meanwhile: it is full.
  }
  await sleep(8000 + random() * 12_000);
  disk.empty();
  const isWriting = async (): Promise<boolean> => (await monitor.metric('belfry_tsdb_degraded')) === 0;
  await eventually('it writes again', isWriting, 60_000);
}

async function jump({ monitor, journal, random }: TroubleDeps, byMs: number): Promise<void> {
  journal.jumps++;
  const at = Date.now();
  monitor.setClock(byMs);
  await sleep(6000 + random() * 6000);
  monitor.setClock(0);
  await sleep(2000);
  journal.unsettle(at);
}

async function badReceiver({ receiver }: TroubleDeps, mode: 'hangs' | 'fails', ms: number): Promise<void> {
  receiver.mode = mode;
  await sleep(ms);
  receiver.mode = 'works';
}

async function hostileQueries({ monitor, journal, random }: TroubleDeps): Promise<void> {
  const stopAt = Date.now() + 10_000;
  const client = async (): Promise<void> => {
    while (Date.now() < stopAt) {
      const query = HOSTILE_QUERIES[Math.floor(random() * HOSTILE_QUERIES.length)]!;
      const now = Date.now() / 1000;
      const form = { query, start: String(now - 3000), end: String(now), step: '1', time: String(now) };
      const answer = await fetch(`${monitor.url}/api/v1/${random() < 0.5 ? 'query' : 'query_range'}`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      await answer.arrayBuffer();
      journal.hostileQueries++;
      journal.answers.set(answer.status, (journal.answers.get(answer.status) ?? 0) + 1);
    }
  };
  await Promise.all([client(), client(), client(), client()]);
}

async function reload({ monitor, journal }: TroubleDeps): Promise<void> {
  const answer = await fetch(`${monitor.url}/-/reload`, { method: 'POST' });
  if (!answer.ok) journal.problems.push(`a reload was answered with ${answer.status} ${await answer.text()}`);
}
