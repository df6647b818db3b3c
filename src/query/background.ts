import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../clock.ts';
import type { ServeMessage } from './protocol.ts';
import type { ServiceThread } from './thread.ts';

/** The one thread behind the main one: storage and the rules lane. It starts with the first service that is asked for. */
export interface Background {
  serve(service: ServeMessage['service'], init: unknown): MessagePort;
  /** Called when the thread ends by itself. */
  onExit(listener: (reason: string) => void): void;
  stop(): Promise<void>;
}

export interface BackgroundOptions {
  readonly start: () => ServiceThread;
  readonly clock: Clock;
  /** How long the thread may be silent before it counts as hung and is ended, ms; longer than any of its steps. */
  readonly hungMs: number;
}

/** How often the thread is asked whether it is alive, ms. */
const PULSE_MS = 15_000;

/** Runs services in one thread. One that hangs is ended, so that its end is told as any other and it is started anew. */
export function createBackground({ start, clock, hungMs }: BackgroundOptions): Background {
  const listeners: ((reason: string) => void)[] = [];
  let thread: ServiceThread | undefined;
  let pulse: Timer | undefined;
  let isStopping = false;

  /** Asks `watched` again and again; pulses are counted, not time, as a machine that slept has hung nothing. */
  const watch = (watched: ServiceThread, onHung: (reason: string) => void): void => {
    const port = watched.serve('pulse', undefined);
    let unanswered = 0;
    port.on('message', () => (unanswered = 0));
    port.unref();
    const beat = (): void => {
      if (unanswered * PULSE_MS >= hungMs) {
        onHung(`it was hung: no sign of life for ${(unanswered * PULSE_MS) / 1000} s`);
        void watched.terminate();
        return;
      }
      if (unanswered++ === 0) port.postMessage('');
      pulse = clock.after(PULSE_MS, beat);
    };
    pulse = clock.after(PULSE_MS, beat);
  };

  const begin = (): ServiceThread => {
    const begun = start();
    let hung = '';
    begun.onExit((reason) => {
      pulse?.cancel();
      thread = undefined;
      if (!isStopping) for (const listener of listeners) listener(hung || reason);
    });
    watch(begun, (reason) => (hung = reason));
    return begun;
  };

  return {
    serve(service, init) {
      thread ??= begin();
      return thread.serve(service, init);
    },
    onExit: (listener) => void listeners.push(listener),
    async stop() {
      isStopping = true;
      pulse?.cancel();
      await thread?.terminate();
    },
  };
}
