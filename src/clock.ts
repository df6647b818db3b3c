/** The only place that reads the system clock or arms a timer. Everything that waits, expires or stamps takes a `Clock`. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the system clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start; never jumps. For durations. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs` (≥ 0). A pending timer keeps no process alive. */
  after(delayMs: number, fire: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Longest delay a Node timer takes; longer waits are chained. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, fire) {
    let handle: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      const wait = Math.min(remainingMs, MAX_DELAY_MS);
      handle = setTimeout(() => (remainingMs > wait ? arm(remainingMs - wait) : fire()), wait);
      handle.unref();
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Calls `work` again and again, `periodMs` after it was last done, until cancelled. Of the times before nothing stays in memory. */
export function every(clock: Clock, periodMs: number, work: () => void): Timer {
  let isCancelled = false;
  let timer: Timer;
  const tick = (): void => {
    work();
    if (!isCancelled) timer = clock.after(periodMs, tick);
  };
  timer = clock.after(periodMs, tick);
  return {
    cancel() {
      isCancelled = true;
      timer.cancel();
    },
  };
}

/** Resolves after `delayMs` on `clock`; rejects with the signal's reason when aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves after `delayMs` and keeps the process alive until then: for commands that wait for nothing else that would. */
export const stayFor = (delayMs: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, delayMs));
