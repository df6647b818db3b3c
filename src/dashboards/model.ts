/** A dashboard as the page draws it: old and new spellings of Grafana's JSON brought into one, nothing expanded yet. */
export interface DashboardModel {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  /** `browser`, `utc` or a zone's name. */
  readonly timezone: string;
  /** The range it opens with; absent means the page's own. */
  readonly time?: { readonly from: string; readonly to: string };
  /** `10s`, or empty for none. */
  readonly refresh: string;
  readonly tooltip: 'own' | 'crosshair' | 'shared';
  readonly panels: readonly PanelModel[];
  readonly variables: readonly VariableModel[];
  /** What of the dashboard as a whole is not drawn. */
  readonly warnings: readonly string[];
}

/** 24 columns; rows of 30 px with 8 px between them. */
export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface PanelModel {
  readonly id: number;
  /** The authored type or what Grafana made of it: `graph` is `timeseries`, `singlestat` is `stat` or `gauge`. */
  readonly type: string;
  readonly authoredType: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPos;
  readonly isTransparent: boolean;
  readonly targets: readonly TargetModel[];
  /** Least step, a duration or a variable; of the panel as a whole. */
  readonly interval: string;
  readonly maxDataPoints?: number;
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Shown instead of a missing value. */
  readonly noValue?: string;
  readonly thresholds?: ThresholdsModel;
  readonly mappings: readonly MappingModel[];
  readonly color: { readonly mode: string; readonly fixedColor?: string };
  readonly graph?: GraphModel;
  readonly legend?: LegendModel;
  readonly value?: ValueModel;
  readonly text?: { readonly mode: 'markdown' | 'html' | 'code'; readonly content: string };
  /** Draws the panel once per value of this variable. */
  readonly repeat?: string;
  /** Of a row: closed at first, and the panels in it. */
  readonly collapsed?: boolean;
  readonly panels?: readonly PanelModel[];
  readonly overrides: readonly OverrideModel[];
  /** The authored options and transformations, for what is not brought into a form of ours. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly transformations: readonly Readonly<Record<string, unknown>>[];
  /** Needs another data source, or is of a type that is not drawn. */
  readonly unsupported?: true;
  /** What of it is not drawn as authored, in plain words. */
  readonly warnings?: readonly string[];
}

export interface TargetModel {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly isInstant: boolean;
  readonly isHidden: boolean;
  readonly format: 'time_series' | 'table' | 'heatmap';
  readonly interval: string;
  readonly intervalFactor: number;
}

export interface ThresholdsModel {
  readonly mode: 'absolute' | 'percentage';
  /** Ascending; the first has no value and is the base. */
  readonly steps: readonly { readonly value: number | null; readonly color: string }[];
}

export interface MappingModel {
  readonly kind: 'value' | 'range' | 'regex' | 'special';
  /** The value, pattern or special (`null`, `nan`, `empty`, `true`, `false`) that is meant. */
  readonly match: string;
  readonly from?: number;
  readonly to?: number;
  readonly text?: string;
  readonly color?: string;
}

export interface AxisModel {
  readonly label: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly softMin?: number;
  readonly softMax?: number;
  readonly isLog: boolean;
  readonly isHidden: boolean;
}

export interface GraphModel {
  readonly draw: 'line' | 'smooth' | 'step' | 'bars' | 'points';
  /** Pixels. */
  readonly lineWidth: number;
  /** 0 to 1. */
  readonly fill: number;
  readonly stack: 'none' | 'normal' | 'percent';
  readonly nulls: 'gap' | 'connect' | 'zero';
  readonly isDashed: boolean;
  readonly left: AxisModel;
  readonly right?: AxisModel;
  /** How thresholds show on the graph. */
  readonly thresholds: 'off' | 'line' | 'area' | 'line+area';
}

export interface LegendModel {
  readonly isShown: boolean;
  readonly mode: 'list' | 'table';
  readonly placement: 'bottom' | 'right';
  readonly calcs: readonly string[];
}

/** Of single values: stat, gauge, bar gauge. */
export interface ValueModel {
  /** `lastNotNull`, `mean`, `max` …: Grafana's names, the old ones translated. */
  readonly reducer: string;
  readonly colorMode: 'none' | 'value' | 'background';
  readonly hasSparkline: boolean;
  readonly sparklineColor?: string;
  readonly textMode: string;
  readonly prefix: string;
  readonly postfix: string;
}

export interface OverrideModel {
  readonly matcher: { readonly id: string; readonly options: unknown };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface VariableModel {
  readonly name: string;
  readonly label: string;
  readonly type: 'query' | 'custom' | 'interval' | 'constant' | 'textbox' | 'datasource' | 'adhoc';
  readonly hide: 'none' | 'label' | 'variable';
  /** Of a query variable, its PromQL-side call; of a custom or interval one, the list. */
  readonly query: string;
  readonly regex: string;
  /** 0 none, odd ascending, even descending, pairs: alphabetical, numerical, alphabetical without case. */
  readonly sort: number;
  readonly isMulti: boolean;
  readonly includeAll: boolean;
  readonly allValue: string;
  readonly refresh: 'never' | 'load' | 'range';
  /** As stored; `$__all` means all. */
  readonly current: readonly string[];
  readonly options: readonly { readonly text: string; readonly value: string }[];
}

export interface DashboardSummary {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly folder: string;
}
