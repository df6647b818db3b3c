import type { MessagePort } from 'node:worker_threads';
import type { ServeMessage } from './protocol.ts';
import type { ServiceThread } from './thread.ts';

/** The one thread behind the main one: storage and the rules lane. It starts with the first service that is asked for. */
export interface Background {
  serve(service: ServeMessage['service'], init: unknown): MessagePort;
  /** Called when the thread ends by itself. */
  onExit(listener: (reason: string) => void): void;
  stop(): Promise<void>;
}

export function createBackground(start: () => ServiceThread): Background {
  const listeners: ((reason: string) => void)[] = [];
  let thread: ServiceThread | undefined;
  let isStopping = false;
  return {
    serve(service, init) {
      if (!thread) {
        thread = start();
        thread.onExit((reason) => {
          thread = undefined;
          if (!isStopping) for (const listener of listeners) listener(reason);
        });
      }
      return thread.serve(service, init);
    },
    onExit: (listener) => void listeners.push(listener),
    async stop() {
      isStopping = true;
      await thread?.terminate();
    },
  };
}
