import type { Matcher } from '../model/matcher.ts';

/** A node of `route:`. What is left out is inherited; durations in ms, regular expressions as text. */
export interface RouteSettings {
  readonly receiver?: string;
  readonly group_by?: readonly string[];
  readonly match?: Readonly<Record<string, string>>;
  readonly match_re?: Readonly<Record<string, string>>;
  readonly matchers?: readonly Matcher[];
  readonly continue?: boolean;
  readonly group_wait?: number;
  readonly group_interval?: number;
  readonly repeat_interval?: number;
  readonly mute_time_intervals?: readonly string[];
  readonly active_time_intervals?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly routes?: readonly RouteSettings[];
}

export interface InhibitRuleSettings {
  readonly name?: string;
  readonly source_match?: Readonly<Record<string, string>>;
  readonly source_match_re?: Readonly<Record<string, string>>;
  readonly source_matchers?: readonly Matcher[];
  readonly target_match?: Readonly<Record<string, string>>;
  readonly target_match_re?: Readonly<Record<string, string>>;
  readonly target_matchers?: readonly Matcher[];
  readonly equal?: readonly string[];
}

/** One interval as written: all fields given must hold, of each list any entry. */
export interface TimeIntervalSettings {
  readonly times?: readonly { readonly start_time: string; readonly end_time: string }[];
  /** `monday`, `monday:friday`. */
  readonly weekdays?: readonly string[];
  /** `1`, `-1`, `1:5`, `-3:-1`. */
  readonly days_of_month?: readonly string[];
  /** `january`, `1:3`. */
  readonly months?: readonly string[];
  /** `2026`, `2026:2028`. */
  readonly years?: readonly string[];
  /** IANA name; UTC when absent, `Local` for the host's zone. */
  readonly location?: string;
}

export interface NamedTimeIntervals {
  readonly name: string;
  readonly time_intervals: readonly TimeIntervalSettings[];
}
