import type {
  AlertingRuleConfig,
  RecordingRuleConfig,
  RuleConfig,
  RuleGroupConfig,
} from '../config/rules.ts';
import type { Appender, ScrapeAppender } from '../model/appender.ts';
import { formatLabels, labelsFromObject } from '../model/labels.ts';
import type { ActiveAlerts } from './alert-state.ts';
import type { SeriesSample } from './rule-series.ts';

export type RuleHealth = 'unknown' | 'ok' | 'err';

/** A rule at work: what it was last time, and where it writes. */
export interface RuleRun<Config extends RuleConfig = RuleConfig> {
  readonly config: Config;
  /** Names the rule across reloads and restarts: file, group, name, labels, and which of several alike. */
  readonly key: string;
  /** The expression as the parser prints it. */
  readonly query: string;
  readonly active: ActiveAlerts;
  readonly output: RuleOutput;
  health: RuleHealth;
  lastError: string | undefined;
  /** Unix ms; 0 = never. */
  lastEvaluation: number;
  evaluationSeconds: number;
  /** The next evaluation counts `for` from its own time: the outage before it was too long. */
  startsAnew: boolean;
}

export const isAlerting = (run: RuleRun): run is RuleRun<AlertingRuleConfig> => run.config.kind === 'alert';
export const isRecording = (run: RuleRun): run is RuleRun<RecordingRuleConfig> =>
  run.config.kind === 'record';

/** Upstream's name for a group: names need not be unique across files. */
export const groupKey = (group: Pick<RuleGroupConfig, 'file' | 'name'>): string =>
  `${group.file};${group.name}`;

/** Keys of a group's rules, in order. Two rules alike are told apart by their order. */
export function ruleKeys(group: RuleGroupConfig): string[] {
  const counts = new Map<string, number>();
  return group.rules.map((rule) => {
    const name = rule.kind === 'alert' ? rule.alert : rule.record;
    const base = `${groupKey(group)};${rule.kind} ${name}${formatLabels(labelsFromObject(rule.labels))}`;
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    return count === 0 ? base : `${base};${count}`;
  });
}

/** Scrapes between two looks for series that are gone. */
const RELEASE_EVERY = 32;

/**
 * Writes the series of one rule. A rule is a source of its own: what it records is there for the next rule of its group, and
 * one that fails leaves the series of the others alone.
 */
export class RuleOutput {
  readonly #appender: Appender;
  readonly #key: string;
  #source: ScrapeAppender | undefined;
  #isEmpty = false;
  #commits = 0;

  constructor(appender: Appender, key: string) {
    this.#appender = appender;
    this.#key = key;
  }

  /** @returns false when `timestamp` is not later than the last one written */
  write(series: readonly SeriesSample[], timestamp: number): boolean {
    // After one empty scrape has marked all stale, further ones would say nothing.
    if (this.#isEmpty && series.length === 0) return true;
    const source = this.#opened();
    if (!source.begin(timestamp)) return false;
    for (const { labels, value, histogram } of series) {
      const slot = source.slot(labels);
      if (histogram) source.setHistogram(slot, histogram);
      else source.set(slot, value);
    }
    source.commit();
    // No slot is kept from scrape to scrape, so whatever is given back is forgotten already.
    if (++this.#commits % RELEASE_EVERY === 0) source.releaseUnused();
    this.#isEmpty = series.length === 0;
    return true;
  }

  /** Ends the series of a rule that is no more. */
  end(timestamp: number): void {
    this.#opened().markAllStale(timestamp);
    this.close();
  }

  /** Lets go of the source; its series go on when the rule is opened again. */
  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  #opened(): ScrapeAppender {
    this.#source ??= this.#appender.source(`rule ${this.#key}`);
    return this.#source;
  }
}
