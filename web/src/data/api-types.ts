import type { ExplainNode, QueryStats } from './explain-types.ts';

/** The shapes of the server's answers that the page reads; spelled as on the wire. */
export type LabelMap = Readonly<Record<string, string>>;

export interface ApiAlert {
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  readonly state: 'pending' | 'firing' | 'inactive';
  readonly activeAt: string;
  readonly value: string;
}

/** An alert as the notifier sees it (/api/v2/alerts). */
export interface NotifierAlert {
  readonly labels: LabelMap;
  readonly annotations?: LabelMap;
  /** No rule of this server has sent it: it was posted, or says that a receiver fails. */
  readonly isOther?: boolean;
  readonly fingerprint: string;
  readonly generatorURL?: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    readonly mutedBy?: readonly string[];
  };
  readonly startsAt: string;
  readonly endsAt: string;
}

export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

export interface Silence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly status: { readonly state: 'active' | 'pending' | 'expired' };
}

export type NewSilence = Pick<Silence, 'matchers' | 'startsAt' | 'endsAt' | 'createdBy' | 'comment'> & {
  readonly id?: string;
};

export interface AlertingRule {
  readonly type: 'alerting';
  readonly name: string;
  readonly query: string;
  readonly duration: number;
  readonly keepFiringFor?: number;
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  readonly alerts: readonly ApiAlert[];
  readonly state: 'inactive' | 'pending' | 'firing' | 'unknown';
  readonly health: string;
  readonly lastError?: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface RecordingRule {
  readonly type: 'recording';
  readonly name: string;
  readonly query: string;
  readonly labels?: LabelMap;
  readonly health: string;
  readonly lastError?: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  /** Seconds. */
  readonly interval: number;
  readonly rules: readonly (AlertingRule | RecordingRule)[];
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

/** New series of a target that are not stored, because its budget is used up. */
export interface ParkedSeries {
  readonly series: number;
  readonly since: string;
  readonly reason: string;
  readonly metrics: readonly {
    readonly metric: string;
    readonly series: number;
    /** The label with the most values among them. */
    readonly label: string;
    readonly values: number;
    /** YAML for `metric_relabel_configs`. */
    readonly rule: string;
  }[];
}

export interface ActiveTarget {
  readonly labels: LabelMap;
  readonly discoveredLabels: LabelMap;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly lastError: string;
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
  readonly parked?: ParkedSeries;
}

/** What discovery found and relabelling did not keep. */
export interface DroppedTarget {
  readonly discoveredLabels: LabelMap;
  readonly reason?: string;
  readonly scrapePool?: string;
}

export interface TargetsAnswer {
  readonly activeTargets: readonly ActiveTarget[];
  readonly droppedTargets?: readonly DroppedTarget[];
  readonly droppedTargetCounts?: Readonly<Record<string, number>> | null;
}

/** `[Unix seconds, value]`. */
export type ApiPoint = readonly [time: number, value: string];

export interface ApiHistogram {
  readonly count: string;
  readonly sum: string;
  /** Which ends belong to the bucket, its ends, how many values it holds. */
  readonly buckets?: readonly (readonly [rule: number, lower: string, upper: string, count: string])[];
}

export interface MatrixSeries {
  readonly metric: LabelMap;
  readonly values?: readonly ApiPoint[];
  readonly histograms?: readonly (readonly [time: number, histogram: ApiHistogram])[];
  /** Where columns were asked for, instead of `values`: a number for each step of the range from step `from` on. */
  readonly from?: number;
  readonly column?: readonly (number | null)[];
}

export interface VectorSample {
  readonly metric: LabelMap;
  readonly value?: ApiPoint;
  readonly histogram?: readonly [time: number, histogram: ApiHistogram];
}

export type QueryResult =
  | { readonly resultType: 'vector'; readonly result: readonly VectorSample[] }
  | { readonly resultType: 'matrix'; readonly result: readonly MatrixSeries[] }
  | { readonly resultType: 'scalar' | 'string'; readonly result: ApiPoint };

/** A query's answer with what the engine had to say about it. */
export interface Answer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Where they were asked for. */
  readonly stats?: QueryStats;
  readonly explain?: ExplainNode;
}

export interface TsdbStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName?: readonly NameCount[] | null;
  readonly labelValueCountByLabelName?: readonly NameCount[] | null;
  readonly memoryInBytesByLabelName?: readonly NameCount[] | null;
  readonly seriesCountByLabelValuePair?: readonly NameCount[] | null;
}

export interface NameCount {
  readonly name: string;
  readonly value: number;
}

export interface DashboardSummary {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly folder: string;
  readonly origin: 'file' | 'import';
}

/** Something marked on graphs, such as a deploy. Unix ms. */
export interface EventMark {
  readonly id: number;
  readonly time: number;
  readonly timeEnd: number;
  readonly text: string;
  readonly tags: readonly string[];
}

/** A file of the store, in the terms of upstream's blocks. Times in Unix ms. */
export interface StoredFile {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats: { readonly numBytes: number };
  /** 1 is written to, 2 is sealed. */
  readonly compaction: { readonly level: number };
}

/** Someone's query. */
export interface QueryInFlight {
  readonly id: number;
  /** What is evaluated; of other kinds than `instant` and `range` there may be no expression. */
  readonly kind: string;
  readonly query: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'canceled' | 'interrupted';
  /** Unix ms. */
  readonly receivedAt: number;
  readonly cost?: { readonly evaluationMs: number; readonly samplesRead: number };
}

/** What discovery of a job found, and whether it could. */
export interface DiscoveryState {
  readonly scrapePool: string;
  readonly mechanism: string;
  readonly targets: number;
  readonly lastUpdate: string;
  readonly lastError: string;
}

/** What relabelling did to a target, rule by rule. */
export interface RelabelSteps {
  readonly steps: readonly {
    readonly rule: Readonly<Record<string, unknown>>;
    readonly keep: boolean;
    readonly changes?: readonly unknown[];
  }[];
  readonly outcome?: { readonly reason?: string };
}
