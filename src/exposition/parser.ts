import type { MetricMetadata } from '../model/queryable.ts';

/** What `ExpositionParser.next` came to. */
export type EntryKind = 'sample' | 'help' | 'type' | 'unit' | 'end';

export type MetricType = MetricMetadata['type'];

/** Metric types by the number under which parsers and pages keep them. */
export const METRIC_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'summary',
  'gaugehistogram',
  'info',
  'stateset',
] as const satisfies readonly MetricType[];

/**
 * Walks over a page entry by entry. Fields describe the last entry and are overwritten by the next; offsets are into the page.
 * Nothing is allocated for a sample unless `labels` is called.
 */
export interface ExpositionParser {
  /** Where the next entry is looked for: the start of a line. */
  readonly position: number;

  /** `sample`: bytes of the series as written, braces included. Equal bytes are the same series. */
  readonly keyFrom: number;
  readonly keyTo: number;
  /** `sample`: where the value starts, and where all that follows it on the line ends. */
  readonly valueFrom: number;
  readonly lineEnd: number;
  readonly value: number;
  /** `sample`: Unix ms as written, NaN without. */
  readonly timestamp: number;
  /** `sample`: whether the line ends with an exemplar; `exemplar` reads it. */
  readonly hasExemplar: boolean;
  /** Whether anything read so far holds a NUL byte. */
  readonly hasNul: boolean;
  /** Index into METRIC_TYPES of the type last declared. */
  readonly type: number;

  /** `help`, `type`, `unit`: the metric family. */
  readonly family: string;
  /** `help`, `unit`: the text, unescaped. */
  readonly text: string;

  /**
   * Goes on at the start of a line with the metric type that is in effect there.
   * `position` must be where the parser has been or would have come to.
   */
  seek(position: number, type: number): void;
  /** @throws ExpositionError */
  next(): EntryKind;
  /**
   * Labels of the last sample in the order written, name and value in turn, the metric name first as `__name__`; may hold
   * names twice and empty values. `le` and `quantile` are brought to one spelling, as upstream does.
   * @throws ExpositionError when a name or value is no UTF-8
   */
  labels(): string[];
  /** The exemplar of the last sample, when it has one. @throws ExpositionError when a name or value is no UTF-8 */
  exemplar(): WrittenExemplar;
}

/** An exemplar as written. */
export interface WrittenExemplar {
  /** Names and values in turn, in the order written. */
  readonly labels: readonly string[];
  readonly value: number;
  /** Unix ms, NaN without. */
  readonly timestamp: number;
}
