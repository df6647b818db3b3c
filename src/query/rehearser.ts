import type { Clock } from '../clock.ts';
import type { ServiceThread } from './thread.ts';

/** Runs one long task at a time in a thread of its own, which ends with the task. */
export type Rehearser = <Request, Answer>(request: Request, signal: AbortSignal) => Promise<Answer>;

export interface RehearserOptions {
  readonly clock: Clock;
  readonly start: () => ServiceThread;
  /** What the thread's service needs to open. */
  readonly init: unknown;
  readonly timeoutMs: number;
}

export function createRehearser({ clock, start, init, timeoutMs }: RehearserOptions): Rehearser {
  let isBusy = false;
  return <Request, Answer>(request: Request, signal: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      if (isBusy) return reject(new Error('another rehearsal is running; try again when it is done'));
      if (signal.aborted) return reject(new Error('cancelled'));
      isBusy = true;
      let isDone = false;
      const thread = start();
      const port = thread.serve('rehearse', init);
      const end = (settle: () => void): void => {
        if (isDone) return;
        isDone = true;
        isBusy = false;
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        port.close();
        void thread.terminate();
        settle();
      };
      const onAbort = (): void => end(() => reject(new Error('cancelled')));
      const timer = clock.after(timeoutMs, () =>
        end(() => reject(new Error(`took longer than ${timeoutMs} ms`))),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      thread.onExit((reason) => end(() => reject(new Error(`its thread ended: ${reason}`))));
      port.on('message', (answer: Answer) => end(() => resolve(answer)));
      port.postMessage(request);
    });
}
