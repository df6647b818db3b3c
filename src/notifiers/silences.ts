import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type CompiledMatchers, compileMatcher, compileMatchers, perLabelSet } from './matching.ts';

/** Mutes alerts that match all matchers of any of its sets, from `startsAt` until `endsAt` (Unix ms). */
export interface Silence {
  readonly id: string;
  readonly matcherSets: readonly (readonly Matcher[])[];
  readonly startsAt: number;
  readonly endsAt: number;
  readonly updatedAt: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A silence to make, or, with an id, to change. `startsAt` 0 means now. */
export type SilenceInput = Omit<Silence, 'updatedAt'>;

export type SilenceState = 'active' | 'pending' | 'expired';

/** A silence cannot be made or found; the message is upstream's. */
export class SilenceError extends Error {
  readonly kind: 'invalid' | 'not found';

  constructor(kind: 'invalid' | 'not found', message: string) {
    super(message);
    this.name = 'SilenceError';
    this.kind = kind;
  }
}

/** Where silences outlive the process. A call returns when its change is committed. */
export interface SilenceStore {
  load(): readonly Silence[];
  save(silences: readonly Silence[]): void;
  remove(ids: readonly string[]): void;
}

/** How long an expired silence stays visible: 5 days, as upstream. */
const SILENCE_RETENTION_MS = 120 * 3_600_000;

export function silenceState(silence: Pick<Silence, 'startsAt' | 'endsAt'>, now: number): SilenceState {
  if (now < silence.startsAt) return 'pending';
  return now >= silence.endsAt ? 'expired' : 'active';
}

export class Silences {
  readonly #clock: Clock;
  readonly #store: SilenceStore;
  readonly #byId = new Map<string, Entry>();
  /** The silences that match, whether they are active or not; anew after each change. */
  #matching = this.#match();

  constructor(clock: Clock, store: SilenceStore) {
    this.#clock = clock;
    this.#store = store;
    for (const silence of store.load()) this.#remember(silence);
  }

  list(): readonly Silence[] {
    return [...this.#byId.values()].map((entry) => entry.silence);
  }

  get(id: string): Silence | undefined {
    return this.#byId.get(id)?.silence;
  }

  /** The active silences that mute these labels. */
  silencing(labels: Labels, now: number): readonly Silence[] {
    return this.#matching(labels).filter((silence) => silenceState(silence, now) === 'active');
  }

  /**
   * Makes a silence, or changes the one with the given id: in place when that does not rewrite history (only the end, and the
   * start while pending), else the old one expires and a new one is made. Gives the silence as kept.
   * @throws SilenceError
   */
  set(input: SilenceInput): Silence {
    const now = this.#clock.now();
    const wanted = { ...input, startsAt: input.startsAt || now, updatedAt: now };
    const problem = silenceProblem(wanted);
    if (problem) throw new SilenceError('invalid', `invalid silence: ${problem}`);
    const previous = input.id === '' ? undefined : this.#byId.get(input.id)?.silence;
    if (input.id !== '' && !previous) throw new SilenceError('not found', 'silence not found');
    if (previous && canUpdate(previous, wanted, now)) {
      this.#commit([wanted]);
      return wanted;
    }
    const made = { ...wanted, id: randomUUID(), startsAt: Math.max(wanted.startsAt, now) };
    const expired =
      previous && silenceState(previous, now) !== 'expired' ? [expireSilence(previous, now)] : [];
    this.#commit([...expired, made]);
    return made;
  }

  /** Ends a silence now; one that is over stays as it is. @throws SilenceError when there is none */
  expire(id: string): void {
    const silence = this.#byId.get(id)?.silence;
    if (!silence) throw new SilenceError('not found', 'silence not found');
    const now = this.#clock.now();
    if (silenceState(silence, now) !== 'expired') this.#commit([expireSilence(silence, now)]);
  }

  /** Forgets silences that ended more than the retention ago. */
  collect(): void {
    const limit = this.#clock.now() - SILENCE_RETENTION_MS;
    const gone = this.list().filter((silence) => silence.endsAt <= limit);
    if (gone.length === 0) return;
    this.#store.remove(gone.map((silence) => silence.id));
    for (const silence of gone) this.#byId.delete(silence.id);
    this.#matching = this.#match();
  }

  #commit(silences: readonly Silence[]): void {
    this.#store.save(silences);
    for (const silence of silences) this.#remember(silence);
    this.#matching = this.#match();
  }

  #match(): (labels: Labels) => readonly Silence[] {
    return perLabelSet((labels) =>
      [...this.#byId.values()]
        .filter(({ sets }) => sets.some((set) => set.matches(labels)))
        .map(({ silence }) => silence),
    );
  }

  #remember(silence: Silence): void {
    this.#byId.set(silence.id, { silence, sets: silence.matcherSets.map(compileMatchers) });
  }
}

interface Entry {
  readonly silence: Silence;
  readonly sets: readonly CompiledMatchers[];
}

/** What is wrong with a silence, in upstream's words; undefined when nothing is. */
function silenceProblem(silence: Omit<Silence, 'id'>): string | undefined {
  if (silence.matcherSets.length === 0) return 'at least one matcher set required';
  for (const [set, matchers] of silence.matcherSets.entries()) {
    if (matchers.length === 0) return `matcher set ${set} is empty`;
    for (const [index, matcher] of matchers.entries()) {
      const problem = matcherProblem(matcher);
      if (problem) return `invalid label matcher ${index} in set ${set}: ${problem}`;
    }
    if (matchers.every(matchesEmpty)) {
      return `matcher set ${set}: at least one matcher must not match the empty string`;
    }
  }
  if (!(silence.endsAt > 0)) return 'invalid zero end timestamp';
  if (silence.endsAt < silence.startsAt) return 'end time must not be before start time';
  return undefined;
}

function matcherProblem(matcher: Matcher): string | undefined {
  if (matcher.name === '' || /\s/.test(matcher.name))
    return `invalid label name ${JSON.stringify(matcher.name)}`;
  try {
    compileMatcher(matcher);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `invalid regular expression ${JSON.stringify(matcher.value)}: ${reason}`;
  }
}

/** Negative matchers never count as matching the empty string here: upstream lets `a!="b"` alone pass. */
function matchesEmpty(matcher: Matcher): boolean {
  return (matcher.op === '=' || matcher.op === '=~') && compileMatcher(matcher)('');
}

function canUpdate(from: Silence, to: Silence, now: number): boolean {
  if (JSON.stringify(from.matcherSets) !== JSON.stringify(to.matcherSets)) return false;
  switch (silenceState(from, now)) {
    case 'active':
      return seconds(from.startsAt) === seconds(to.startsAt) && to.endsAt >= now;
    case 'pending':
      return to.startsAt >= now;
    case 'expired':
      return false;
  }
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

function expireSilence(silence: Silence, now: number): Silence {
  return { ...silence, startsAt: Math.min(silence.startsAt, now), endsAt: now, updatedAt: now };
}
