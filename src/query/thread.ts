import v8 from 'node:v8';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { QueryWorker } from './pool.ts';
import { CONTROL, type DamageMessage, newControl, type QueryAnswer, type ServeMessage } from './protocol.ts';

/** A worker thread that runs services, each on a port of its own. */
export interface ServiceThread {
  /**
   * Starts a service in the thread.
   * @param init plain data or shared memory; what that service needs to open
   * @returns our end of its port
   */
  serve(service: ServeMessage['service'], init: unknown): MessagePort;
  onExit(listener: (reason: string) => void): void;
  terminate(): Promise<void>;
}

export interface WorkerOptions {
  /** A file, or with `isText` the text itself. */
  readonly program: { readonly source: string; readonly isText: boolean };
  readonly name: string;
  /** Last guard against a heap that grows past every budget, MB. */
  readonly maxHeapMB: number;
  /** Room for objects that hardly anybody keeps, MB; 6 unless given. */
  readonly youngGenerationMB?: number;
}

export interface ThreadOptions extends WorkerOptions {
  readonly addonFile: string | undefined;
  readonly onDamage?: (damage: DamageMessage) => void;
}

/** Workers work on typed arrays and make little garbage: three semi-spaces of 2 MB. */
const YOUNG_GENERATION_MB = 6;

/**
 * Rules make small columns, thousands at a time: with three semi-spaces of 8 MB most of them are gone when V8 looks at what is left, and
 * rules take half of the CPU. So much room is worth it where there are many.
 */
const RULES_YOUNG_GENERATION_MB = 24;
const MANY_RULES = 100;

/** For the thread of the rules lane, by how many rules there are. */
export const rulesYoungGenerationMB = (rules: number): number =>
  rules < MANY_RULES ? YOUNG_GENERATION_MB : RULES_YOUNG_GENERATION_MB;

/**
 * Has threads keep to their own limits: what the process was told of heaps would stand above those of every thread. To be called once main
 * has its heap, which keeps what it was told.
 */
export function limitThreadsAlone(): void {
  v8.setFlagsFromString('--max-semi-space-size=0');
  v8.setFlagsFromString('--max-old-space-size=0');
}

/** A thread that waits for its first service. */
export function newWorker({ program, name, maxHeapMB, youngGenerationMB }: WorkerOptions): Worker {
  return new Worker(program.source, {
    eval: program.isText,
    name,
    resourceLimits: {
      maxOldGenerationSizeMb: maxHeapMB,
      maxYoungGenerationSizeMb: youngGenerationMB ?? YOUNG_GENERATION_MB,
    },
  });
}

/**
 * Takes a thread that was started before its options were known.
 * @returns undefined, and ends the thread, when it has another heap than it should, or has ended by itself
 */
export function adoptThread(worker: Worker, options: ThreadOptions): ServiceThread | undefined {
  const isFit = worker.resourceLimits?.maxOldGenerationSizeMb === options.maxHeapMB;
  if (worker.threadId > 0 && isFit) {
    worker.ref();
    return serviceThread(worker, options);
  }
  void worker.terminate();
  return undefined;
}

export const startThread = (options: ThreadOptions): ServiceThread =>
  serviceThread(newWorker(options), options);

function serviceThread(worker: Worker, { addonFile, onDamage }: ThreadOptions): ServiceThread {
  if (onDamage) worker.on('message', (message: DamageMessage) => onDamage(message));
  let failure = '';
  worker.on('error', (error) => {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  return {
    serve(service, init) {
      const { port1, port2 } = new MessageChannel();
      const message: ServeMessage = { service, port: port2, addonFile, init };
      worker.postMessage(message, [port2]);
      return port1;
    },
    onExit: (listener) => void worker.on('exit', (code) => listener(failure || `exit code ${code}`)),
    terminate: async () => void (await worker.terminate()),
  };
}

/** A thread that serves only the interactive lane, as the pool drives it. */
export function queryWorker(thread: ServiceThread, init: object): QueryWorker {
  const control = newControl();
  const port = thread.serve('queries', { ...init, control });
  return {
    control,
    post(request) {
      port.postMessage(request);
      Atomics.add(control, CONTROL.posted, 1);
      Atomics.notify(control, CONTROL.posted);
    },
    onAnswer: (listener) => void port.on('message', (answer: QueryAnswer) => listener(answer)),
    onExit: (listener) => thread.onExit(listener),
    terminate: () => {
      port.close();
      void thread.terminate();
    },
  };
}
