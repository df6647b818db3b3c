import type { Labels } from '../model/labels.ts';

/** Series that are gone count for so long: a target that always names new ones gets no new budget with each. */
const GONE_COUNT_MS = 60 * 60_000;

/** How many series the targets of a job may have together, and have. */
export class JobBudget {
  /** 0 is none. */
  limit = 0;
  used = 0;
}

/** What decides whether a series is known. */
export interface KnownSeries {
  /** Series that have a slot. */
  readonly seriesCount: number;
  /** The slot of a series that has one, -1 for others. */
  find(labels: Labels): number;
}

/**
 * How many series a target may have: those its source knows, those that are gone since less than an hour, and those asked for on the
 * page under way. Past it, and past the budget of its job, known series are taken and new ones are not.
 */
export class SeriesBudget {
  /** 0 is none. */
  readonly limit: number;
  readonly #job: JobBudget;
  readonly #known: KnownSeries;
  #charged = 0;
  #gone: { readonly until: number; readonly count: number }[] = [];
  #goneCount = 0;
  #left = 0;
  /** Of the series asked for, those already looked up; the rest is taken for new until the budget is used up. */
  #lookedUp = 0;

  constructor(limit: number, job: JobBudget, known: KnownSeries) {
    this.limit = limit;
    this.#job = job;
    this.#known = known;
    this.sync();
  }

  /** What is used up. */
  get problem(): string {
    const { limit, used } = this.#job;
    return this.limit > 0 && this.#charged >= this.limit
      ? `series_budget of ${this.limit} used up by ${this.#charged} series of the target`
      : `job_series_budget of ${limit} used up by ${used} series of the job`;
  }

  /** Starts a page. @param asked series that have no slot and take room all the same */
  start(asked: number): void {
    this.#lookedUp = asked;
    this.#left = this.#room() - asked;
  }

  /**
   * Whether a series may be taken.
   * @param asked those asked for on this page before, itself not among them
   */
  admits(labels: Labels, asked: readonly Labels[]): boolean {
    // Some of those taken for new were known.
    for (; this.#left <= 0 && this.#lookedUp < asked.length; this.#lookedUp++) {
      if (this.#known.find(asked[this.#lookedUp]!) >= 0) this.#left++;
    }
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    if (this.#known.find(labels) < 0) return false;
    // It takes no room, so it is none of those to look up.
    this.#lookedUp = asked.length + 1;
    return true;
  }

  /** Whether enough has become free to ask for parked series again. */
  hasRoom(): boolean {
    return this.#room() > 0.05 * (this.limit || this.#job.limit);
  }

  /** Takes note of series that got a slot. */
  sync(): void {
    const { seriesCount } = this.#known;
    this.#job.used += seriesCount + this.#goneCount - this.#charged;
    this.#charged = seriesCount + this.#goneCount;
  }

  /** Takes note of series whose slots were given back. */
  released(count: number, now: number): void {
    if (count > 0) this.#gone.push({ until: now + GONE_COUNT_MS, count });
    this.#goneCount += count;
    while (this.#gone.length > 0 && this.#gone[0]!.until <= now) this.#goneCount -= this.#gone.shift()!.count;
    this.sync();
  }

  /** The target is gone. */
  close(): void {
    this.#job.used -= this.#charged;
    this.#charged = 0;
  }

  #room(): number {
    const own = this.limit === 0 ? Number.POSITIVE_INFINITY : this.limit - this.#charged;
    const job = this.#job.limit === 0 ? Number.POSITIVE_INFINITY : this.#job.limit - this.#job.used;
    return Math.min(own, job);
  }
}
