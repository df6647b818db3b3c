import type { RuleGroupConfig } from '../../config/rules.ts';
import type { Histogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';

/** What a unit test file asks for, in promtool's format. Times are ms from the start of the test unless said otherwise. */
export interface RuleTest {
  /** Empty when it has none. */
  readonly name: string;
  /** Between the values of the input series, ms. */
  readonly intervalMs: number;
  readonly inputSeries: readonly { readonly series: string; readonly values: string }[];
  readonly alertTests: readonly AlertTest[];
  readonly exprTests: readonly ExprTest[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** Unix ms. */
  readonly startMs: number;
}

export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly ExpectedAlert[];
}

export interface ExpectedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ExprTest {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly expected: readonly {
    readonly labels: string;
    readonly value: number;
    /** In the notation of series; empty for a float. */
    readonly histogram: string;
  }[];
}

export interface RuleTestSettings {
  /** In the order in which they are evaluated. */
  readonly groups: readonly RuleGroupConfig[];
  readonly evaluationIntervalMs: number;
  /** Takes floats for equal that are neighbours. */
  readonly fuzzyCompare: boolean;
  readonly delayedNameRemoval: boolean;
  /** Shows what differs line by line, instead of both sides. */
  readonly diff: boolean;
  /** Hears what the series were at the end, for `--debug`. */
  readonly dump?: (text: string) => void;
  readonly monotonic: () => number;
}

/** An element of a result, as it is compared and shown. */
export interface FoundSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: Histogram | undefined;
}
