/** What a thread of the process holds, right after its garbage was collected. */
export interface ThreadSample {
  /** `main`, or what the worker calls itself. */
  readonly name: string;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** Timers that will fire, those that keep nothing alive included; where they were asked for. */
  readonly timers?: number;
  /** Those of them that were set for a minute or longer: few, and always about as many. */
  readonly longTimers?: number;
  /** Handles of its event loop: sockets, servers, pipes, signals, files that are watched. */
  readonly handles: number;
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
type Send = (method: string, params?: object) => Promise<unknown>;

const ANSWER_TIMEOUT_MS = 30_000;

const MEMORY = `JSON.stringify((() => {
  const { heapUsed, external } = process.memoryUsage();
  process.report.excludeNetwork = true;
  const handles = process.report.getReport().libuv.filter(({ type }) => type !== 'loop').length;
  return { heapBytes: heapUsed, externalBytes: external, handles };
})())`;

/** The inspector of a Node process: looks into its threads from outside, so that nothing is built into what is measured. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  /** By session of a worker. */
  readonly #workers = new Map<
    string,
    { readonly title: string; readonly waiting: Map<number, (answer: Answer) => void> }
  >();
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)));
  }

  /** @param port of 127.0.0.1, as was given to `--inspect` */
  static async connect(port: number): Promise<Inspector> {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(target!.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('the inspector does not answer'));
    });
    return new Inspector(socket);
  }

  /** Runs an expression in the main thread; what it gives must be JSON. */
  async evaluate(expression: string): Promise<unknown> {
    return resultOf(await this.#send('Runtime.evaluate', { expression, returnByValue: true }));
  }

  /** Every thread there is now. Counting timers looks at every object, which takes ten times as long as the rest. */
  async threads(options: { countTimers: boolean }): Promise<ThreadSample[]> {
    this.#workers.clear();
    await this.#send('NodeWorker.enable', { waitForDebuggerOnStart: false });
    const samples = [await sampleOf('main', this.#send, options)];
    for (const [sessionId, { title }] of this.#workers) {
      const send: Send = (method, params) => this.#sendTo(sessionId, method, params);
      // One that ends meanwhile is no thread any more.
      const sample = await sampleOf(title.replace(/^\[worker \d+\] ?/, ''), send, options).catch(
        () => undefined,
      );
      if (sample) samples.push(sample);
    }
    await this.#send('NodeWorker.disable');
    return samples;
  }

  close(): void {
    this.#socket.close();
  }

  readonly #send: Send = (method, params) => {
    const id = ++this.#id;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answered(this.#waiting, id, method);
  };

  async #sendTo(sessionId: string, method: string, params?: object): Promise<unknown> {
    const worker = this.#workers.get(sessionId);
    if (!worker) throw new Error('the worker has ended');
    const id = ++this.#id;
    const answer = answered(worker.waiting, id, method);
    answer.catch(() => {});
    await this.#send('NodeWorker.sendMessageToWorker', {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    return answer;
  }

  #take(message: { id?: number; method?: string; params?: Record<string, never> } & Answer): void {
    const params = message.params as
      | { sessionId: string; workerInfo: { title: string }; message: string }
      | undefined;
    if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    else if (message.method === 'NodeWorker.attachedToWorker')
      this.#workers.set(params!.sessionId, { title: params!.workerInfo.title, waiting: new Map() });
    else if (message.method === 'NodeWorker.detachedFromWorker') {
      const worker = this.#workers.get(params!.sessionId);
      this.#workers.delete(params!.sessionId);
      for (const settle of worker?.waiting.values() ?? [])
        settle({ error: { message: 'the worker has ended' } });
    } else if (message.method === 'NodeWorker.receivedMessageFromWorker') {
      const answer = JSON.parse(params!.message) as { id?: number } & Answer;
      if (answer.id !== undefined) this.#workers.get(params!.sessionId)?.waiting.get(answer.id)?.(answer);
    }
  }
}

function answered(
  waiting: Map<number, (answer: Answer) => void>,
  id: number,
  method: string,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      waiting.delete(id);
      if (answer.error) reject(new Error(`${method}: ${answer.error.message}`));
      else resolve(answer.result);
    };
    const timer = setTimeout(() => settle({ error: { message: 'no answer' } }), ANSWER_TIMEOUT_MS);
    waiting.set(id, settle);
  });
}

async function sampleOf(
  name: string,
  send: Send,
  { countTimers }: { countTimers: boolean },
): Promise<ThreadSample> {
  await send('HeapProfiler.collectGarbage');
  const memory = JSON.parse(
    resultOf(await send('Runtime.evaluate', { expression: MEMORY, returnByValue: true })) as string,
  );
  return { name, ...memory, ...(countTimers && (await timersOf(send))) };
}

async function timersOf(send: Send): Promise<Pick<ThreadSample, 'timers' | 'longTimers'>> {
  const objectGroup = 'endurance';
  const kind = (await send('Runtime.evaluate', {
    expression: 'Object.getPrototypeOf(setTimeout(() => {}, 0))',
    objectGroup,
  })) as { result: { objectId: string } };
  const all = (await send('Runtime.queryObjects', {
    prototypeObjectId: kind.result.objectId,
    objectGroup,
  })) as { objects: { objectId: string } };
  const counted = await send('Runtime.callFunctionOn', {
    objectId: all.objects.objectId,
    functionDeclaration: `function () {
      const set = this.filter((timer) => !timer._destroyed && timer._idleTimeout > 1);
      return { timers: set.length, longTimers: set.filter((timer) => timer._idleTimeout >= 60000).length };
    }`,
    returnByValue: true,
  });
  await send('Runtime.releaseObjectGroup', { objectGroup });
  return resultOf(counted) as Pick<ThreadSample, 'timers' | 'longTimers'>;
}

function resultOf(answer: unknown): unknown {
  const { result, exceptionDetails } = answer as {
    result: { value: unknown; description?: string };
    exceptionDetails?: unknown;
  };
  if (exceptionDetails) throw new Error(`in the process: ${result.description}`);
  return result.value;
}
