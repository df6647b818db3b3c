import { type Clock, sleep } from '../../clock.ts';
import type { Discoverer, TargetGroup } from './discoverer.ts';

/**
 * Asks at once and then on a grid of the interval. Each answer is all there is: sources that are not in it any more have ended.
 * @param ask rejects when nothing is known; undefined when nothing has changed
 */
export function refreshingDiscoverer(deps: {
  readonly clock: Clock;
  readonly intervalMs: number;
  ask(signal: AbortSignal): Promise<readonly TargetGroup[] | undefined>;
}): Discoverer {
  const { clock, intervalMs } = deps;
  return {
    async run(sink, signal) {
      let sources = new Set<string>();
      let due = clock.monotonic();
      while (!signal.aborted) {
        try {
          const groups = await askInTime(deps.ask, clock, intervalMs, signal);
          if (signal.aborted) return;
          if (groups) {
            const found = new Set(groups.map(({ source }) => source));
            const ended = [...sources].filter((source) => !found.has(source));
            sink.update([...groups, ...ended.map((source) => ({ source, targets: [], labels: {} }))]);
            sources = found;
          }
          sink.problem(undefined);
        } catch (error) {
          if (signal.aborted) return;
          sink.problem((error as Error).message);
        }
        const now = clock.monotonic();
        due += Math.max(1, Math.ceil((now - due) / intervalMs)) * intervalMs;
        await sleep(clock, due - now, signal).catch(() => {});
      }
    },
  };
}

/** An answer is late when the next question is due. */
async function askInTime<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
): Promise<T> {
  const cut = new AbortController();
  const onAbort = (): void => cut.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const late = new Error(`no complete answer within ${limitMs} ms (refresh_interval)`);
  const deadline = clock.after(limitMs, () => cut.abort(late));
  try {
    const cutOff = new Promise<never>((_, reject) => {
      cut.signal.addEventListener('abort', () => reject(cut.signal.reason), { once: true });
    });
    return await Promise.race([ask(cut.signal), cutOff]);
  } finally {
    deadline.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
