import type { Clock } from '../clock.ts';
import { CorruptBlockError } from '../encoding/corrupt-block.ts';
import type { Log } from '../model/log.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { listPartitions } from './partition/directory.ts';
import { isoDay } from './partition/names.ts';
import { type SealResult, sealDay } from './partition/seal.ts';
import { PARTITION_MS } from './partition.ts';
import type { UpkeepStats } from './protocol.ts';

/** A day is sealed when it has been over for this long and its hot file has been left alone for as long. */
const SEAL_AFTER_MS = 3_600_000;

/** The days that are to be sealed, one after the other, in steps. */
export class SealQueue {
  readonly stats = { seals: 0, sealFailures: 0, sealMs: 0 } satisfies Partial<UpkeepStats>;
  readonly #dir: string;
  readonly #addon: SqliteAddon;
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'info' | 'error'>;
  readonly #onSealed: () => void;
  /** When a day's hot file was last written to by this process. */
  readonly #touched = new Map<number, number>();
  #sealing: { readonly day: number; readonly steps: Generator<void, SealResult> } | undefined;
  #due: number[] = [];
  /** Days whose files are damaged. */
  readonly #unsealable = new Set<number>();
  /** What the last attempt failed of: said once. */
  #trouble: string | undefined;

  constructor(deps: {
    readonly dir: string;
    readonly addon: SqliteAddon;
    readonly clock: Clock;
    readonly log: Pick<Log, 'info' | 'error'>;
    readonly onSealed: () => void;
  }) {
    this.#dir = deps.dir;
    this.#addon = deps.addon;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#onSealed = deps.onSealed;
  }

  /** A day's hot file was appended to: it is left alone for a while. */
  touched(day: number): void {
    this.#touched.set(day, this.#clock.monotonic());
    this.#unsealable.delete(day);
  }

  isSealing(day: number): boolean {
    return this.#sealing?.day === day;
  }

  /** Whether the day is being sealed or will be. */
  has(day: number): boolean {
    return this.isSealing(day) || this.#due.includes(day);
  }

  /** Finds the days that are due. */
  plan(now: number): void {
    const quietSince = this.#clock.monotonic() - SEAL_AFTER_MS;
    this.#due = listPartitions(this.#dir)
      .filter(
        ({ day, hot }) => hot && day + PARTITION_MS + SEAL_AFTER_MS <= now && !this.#unsealable.has(day),
      )
      // One that is being sealed has its hot file to the end.
      .filter(({ day }) => !this.isSealing(day))
      .filter(({ day }) => (this.#touched.get(day) ?? Number.NEGATIVE_INFINITY) <= quietSince)
      .map(({ day }) => day);
  }

  /** Gives up a seal that is under way; the day is sealed later. */
  stop(): void {
    const { day, steps } = this.#sealing ?? {};
    steps?.return(undefined as never);
    this.#sealing = undefined;
    if (day !== undefined) this.#due.unshift(day);
  }

  /** Does one bounded piece; false when no day is due. @param closeWriter of the day that begins */
  step(closeWriter: (day: number) => void): boolean {
    if (!this.#sealing) {
      const day = this.#due.shift();
      if (day === undefined) return false;
      closeWriter(day);
      this.#sealing = { day, steps: sealDay({ directory: this.#dir, day, addon: this.#addon }) };
    }
    const { day, steps } = this.#sealing;
    const startedAt = this.#clock.monotonic();
    try {
      const { done, value } = steps.next();
      if (!done) return true;
      this.#sealing = undefined;
      this.#trouble = undefined;
      this.stats.seals++;
      this.#onSealed();
      this.#log.info({ day: isoDay(day), ...value }, 'sealed a day');
    } catch (error) {
      this.#sealing = undefined;
      // Damage stays. Anything else, a full disk say, may be over at the next upkeep.
      if (error instanceof CorruptBlockError) this.#unsealable.add(day);
      const trouble = `${isoDay(day)}: ${(error as Error).message}`;
      if (trouble !== this.#trouble) {
        this.#log.error({ day: isoDay(day), error: (error as Error).message }, 'a day could not be sealed');
      }
      this.#trouble = trouble;
      this.stats.sealFailures++;
    } finally {
      this.stats.sealMs += this.#clock.monotonic() - startedAt;
    }
    return true;
  }
}
