import { type Clock, sleep, type Timer } from '../clock.ts';
import type { WriteEncoder } from '../exposition/remote/write-encoder.ts';
import type { Log } from '../model/log.ts';
import type { EndpointSettings, Kind, SentCounts } from './protocol.ts';

/** Sends one request. @throws Error when there is no answer */
export type Post = (request: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}) => Promise<PostAnswer>;

export interface PostAnswer {
  readonly status: number;
  /** The beginning of the body. */
  readonly text: string;
  readonly retryAfter: string | undefined;
}

export interface DeliveryDeps {
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly post: Post;
  /** Told at each attempt that is to be repeated. */
  readonly onTrouble: () => void;
}

/** Brings requests to one receiver, however long that takes, and counts what became of them. */
export interface Delivery {
  /** Tries until the receiver has decided on it. */
  send(
    body: Uint8Array,
    holds: Readonly<Record<Kind, number>>,
  ): Promise<'delivered' | 'rejected' | 'stopped'>;
  /** Writes to the log what goes wrong, now and then. */
  complain(problem: string, message: string): void;
  readonly counts: Readonly<Record<Kind, Readonly<SentCounts>>>;
  /** Why nothing arrives at present. */
  readonly trouble: string | undefined;
  /** Of delivered requests. */
  readonly bytes: number;
  /** Attempts. */
  readonly requests: number;
  /** Seconds of each attempt since the last call. */
  takeDurations(): readonly number[];
  /** Tries no more once what is under way was answered; `abort` gives that up, too. */
  stop(): void;
  abort(): void;
}

const COMPLAIN_EVERY_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;

export function createDelivery(
  { config }: EndpointSettings,
  encoder: Pick<WriteEncoder, 'contentType' | 'version'>,
  { clock, log, post, onTrouble }: DeliveryDeps,
): Delivery {
  const queue = config.queue_config;
  const counts = emptyCounts();
  const stopping = new AbortController();
  let isStopped = false;
  let trouble: string | undefined;
  let complainedAt = Number.NEGATIVE_INFINITY;
  let bytes = 0;
  let requests = 0;
  let durations: number[] = [];

  const count = (what: keyof SentCounts, holds: Readonly<Record<Kind, number>>): void => {
    for (const [kind, number] of Object.entries(holds)) counts[kind as Kind][what] += number;
  };

  const complain = (problem: string, message: string): void => {
    if (clock.monotonic() - complainedAt < COMPLAIN_EVERY_MS) return;
    complainedAt = clock.monotonic();
    log.warn({ url: config.url, problem }, message);
  };

  const attempt = async (body: Uint8Array): Promise<Verdict> => {
    const abort = new AbortController();
    const timer: Timer = clock.after(config.remote_timeout, () =>
      abort.abort(new Error(`no answer within ${config.remote_timeout} ms`)),
    );
    const startedAt = clock.monotonic();
    requests++;
    try {
      const answer = await post({
        url: config.url,
        headers: {
          ...config.headers,
          'content-type': encoder.contentType,
          'content-encoding': 'snappy',
          'content-length': String(body.length),
          'x-prometheus-remote-write-version': encoder.version,
        },
        body,
        signal: AbortSignal.any([abort.signal, stopping.signal]),
      });
      return verdictOf(answer, queue.retry_on_http_429, clock.now());
    } catch (error) {
      return { kind: 'later', problem: (error as Error).message, afterMs: undefined };
    } finally {
      timer.cancel();
      durations.push((clock.monotonic() - startedAt) / 1000);
    }
  };

  return {
    counts,
    complain,
    get trouble() {
      return trouble;
    },
    get bytes() {
      return bytes;
    },
    get requests() {
      return requests;
    },
    async send(body, holds) {
      for (let backoff = queue.min_backoff; ; backoff = Math.min(backoff * 2, queue.max_backoff)) {
        const verdict = await attempt(body);
        if (verdict.kind === 'delivered') {
          if (trouble !== undefined) log.info({ url: config.url }, 'the receiver takes samples again');
          trouble = undefined;
          bytes += body.length;
          count('sent', holds);
          return 'delivered';
        }
        if (isStopped || stopping.signal.aborted) return 'stopped';
        if (verdict.kind === 'rejected') {
          count('failed', holds);
          complain(verdict.problem, 'the receiver refuses samples for good; they are dropped');
          return 'rejected';
        }
        trouble = verdict.problem;
        onTrouble();
        count('retried', holds);
        complain(verdict.problem, 'samples cannot be sent; trying again until they can');
        try {
          await sleep(clock, verdict.afterMs ?? backoff, stopping.signal);
        } catch {
          return 'stopped';
        }
      }
    },
    takeDurations() {
      const taken = durations;
      durations = [];
      return taken;
    },
    stop() {
      isStopped = true;
    },
    abort() {
      stopping.abort();
    },
  };
}

type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'rejected'; readonly problem: string }
  | { readonly kind: 'later'; readonly problem: string; readonly afterMs: number | undefined };

/** What an answer means: only trouble on the receiver's side, and too many requests, are worth another try. */
function verdictOf({ status, text, retryAfter }: PostAnswer, retries429: boolean, now: number): Verdict {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const problem = `status ${status}${text === '' ? '' : `: ${text.trim().slice(0, 300)}`}`;
  if (status >= 500 || (status === 429 && retries429)) {
    return { kind: 'later', problem, afterMs: retryAfterMs(retryAfter, now) };
  }
  return { kind: 'rejected', problem };
}

/** Seconds or an HTTP date; at most what a person would wait. */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : undefined;
}

function emptyCounts(): Record<Kind, SentCounts> {
  const none = (): SentCounts => ({ sent: 0, failed: 0, retried: 0 });
  return { samples: none(), histograms: none(), exemplars: none(), metadata: none() };
}
