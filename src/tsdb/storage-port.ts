import type { MessagePort } from 'node:worker_threads';
import type { FromStorage, ToStorage } from './protocol.ts';

/** Settles a request: undefined when it was done, else what went wrong. */
type Settle = (error: string | undefined) => void;

/**
 * Main's end of the port to the storage service. It is opened with the first message, and anew with the first one after the worker died;
 * while an answer is awaited it keeps the process alive.
 */
export class StoragePort {
  readonly #connect: () => MessagePort;
  readonly #receive: (message: FromStorage) => void;
  readonly #onEnd: () => void;
  #port: MessagePort | undefined;
  #nextId = 1;
  #isClosing = false;
  /** Answers awaited, by request; 0 is that of `close`. */
  readonly #waiting = new Map<number, Settle>();

  /** @param on `receive` gets all messages; `end` is called when the worker died, before what is awaited fails */
  constructor(connect: () => MessagePort, on: { receive(message: FromStorage): void; end(): void }) {
    this.#connect = connect;
    this.#receive = (message) => on.receive(message);
    this.#onEnd = () => on.end();
  }

  get isOpen(): boolean {
    return this.#port !== undefined;
  }

  /** A number for a message that is answered. */
  nextId(): number {
    return this.#nextId++;
  }

  open(): MessagePort {
    if (this.#port) return this.#port;
    const port = this.#connect();
    this.#port = port;
    port.on('message', this.#receive);
    port.on('close', () => {
      if (this.#port !== port) return;
      this.#port = undefined;
      this.#onEnd();
      for (const id of [...this.#waiting.keys()]) {
        this.answer(id, this.#isClosing ? undefined : 'the background worker ended');
      }
    });
    if (this.#waiting.size === 0) port.unref();
    return port;
  }

  post(message: ToStorage, transfer: ArrayBuffer[] = []): void {
    this.open().postMessage(message, transfer);
  }

  /** Sends a request; resolves when it was answered. @throws Error saying what went wrong, or that the worker ended */
  request(message: Extract<ToStorage, { id: number }>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.await(message.id, (error) => (error === undefined ? resolve() : reject(new Error(error))));
      this.post(message);
    });
  }

  await(id: number, settle: Settle): void {
    this.#waiting.set(id, settle);
    this.#port?.ref();
  }

  answer(id: number, error: string | undefined): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#port?.unref();
    settle?.(error);
  }

  /** Lets the service finish what it does and close its files. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const port = this.#port;
    if (!port) return;
    await new Promise<void>((resolve) => {
      this.await(0, () => resolve());
      this.post({ kind: 'close' });
    });
    port.close();
  }
}
