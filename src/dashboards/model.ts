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
  /** Queries whose answers are marked on every graph. */
  readonly annotations: readonly AnnotationModel[];
  /** To other dashboards and elsewhere, beside the variables. */
  readonly links: readonly DashboardLinkModel[];
  /** What of the dashboard as a whole is not drawn. */
  readonly warnings: readonly string[];
}

export interface DashboardLinkModel {
  /** One address, or all dashboards that have every one of the tags. */
  readonly kind: 'link' | 'dashboards';
  readonly title: string;
  readonly tooltip: string;
  readonly url: string;
  readonly tags: readonly string[];
  /** The dashboards are listed in a menu, not side by side. */
  readonly isMenu: boolean;
  readonly keepTime: boolean;
  readonly includeVars: boolean;
  readonly isNewTab: boolean;
}

/** A query whose samples are moments: consecutive ones are a stretch of time. */
export interface AnnotationModel {
  readonly name: string;
  readonly expr: string;
  /** A duration, or empty. */
  readonly step: string;
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly tagKeys: readonly string[];
  /** The sample's value is the moment, in Unix ms. */
  readonly useValueForTime: boolean;
  readonly color: string;
  readonly isEnabled: boolean;
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
  readonly tooltip?: TooltipModel;
  readonly value?: ValueModel;
  readonly text?: { readonly mode: 'markdown' | 'html' | 'code'; readonly content: string };
  /** How a heat map, a pie, a bar chart, a histogram or rows of states are drawn. */
  readonly heatmap?: HeatmapModel;
  readonly pie?: PieModel;
  readonly bars?: BarsModel;
  readonly states?: StatesModel;
  /** Of tables: what is preset for every column. */
  readonly columns?: ColumnModel;
  /** Of values, and of the panel as a whole. */
  readonly links?: readonly LinkModel[];
  readonly panelLinks?: readonly LinkModel[];
  /** A range of its own: `from` back from the end, all of it moved by `shift`; both durations or empty. */
  readonly time?: { readonly from: string; readonly shift: string; readonly isHidden: boolean };
  /** Draws the panel once per value of this variable. */
  readonly repeat?: string;
  readonly repeatDirection?: 'h' | 'v';
  /** Most copies side by side. */
  readonly maxPerRow?: number;
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
  /** 10 or 2; absent is a linear axis. */
  readonly logBase?: number;
  readonly isHidden: boolean;
  /** As far below zero as above it. */
  readonly isCentered?: boolean;
  /** On the other side than usual. */
  readonly side?: 'left' | 'right';
  /** In the colour of its series. */
  readonly isColored?: boolean;
}

export interface GraphModel {
  readonly draw: DrawStyle;
  /** Pixels. */
  readonly lineWidth: number;
  /** 0 to 1. */
  readonly fill: number;
  /** `opacity` fades areas towards their foot, `scheme` colours line and area by value. */
  readonly gradient: 'none' | 'opacity' | 'scheme';
  readonly stack: 'none' | 'normal' | 'percent';
  readonly nulls: 'gap' | 'connect' | 'zero';
  /** With `gap`: holes up to this long are bridged, ms. */
  readonly maxGapMs?: number;
  /** Lengths of lines and gaps, pixels; absent is a solid line. */
  readonly dash?: readonly number[];
  /** `auto`: where there is room for them. */
  readonly points: 'auto' | 'always' | 'never';
  /** Pixels. */
  readonly pointSize: number;
  /** Where bars stand: before their moment, around it, after it. */
  readonly barAlign: -1 | 0 | 1;
  readonly left: AxisModel;
  readonly right?: AxisModel;
  /** How thresholds show on the graph. */
  readonly thresholds: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
}

export type DrawStyle = 'line' | 'smooth' | 'step' | 'stepBefore' | 'bars' | 'points';

/** What the pointer tells of a graph. */
export interface TooltipModel {
  readonly mode: 'all' | 'single' | 'none';
  readonly sort: 'none' | 'ascending' | 'descending';
  readonly hideZeros: boolean;
}

export interface LegendModel {
  readonly isShown: boolean;
  readonly mode: 'list' | 'table';
  readonly placement: 'bottom' | 'right';
  readonly calcs: readonly string[];
  /** A reducer by which entries are ordered. */
  readonly sortBy?: string;
  readonly isDescending: boolean;
  readonly hideEmpty: boolean;
  readonly hideZero: boolean;
  /** Pixels, of one at the right. */
  readonly width?: number;
}

export interface HeatmapModel {
  /** Buckets are counted from the values of the series; otherwise each series is a bucket. */
  readonly isCalculated: boolean;
  readonly unit: string;
  readonly decimals?: number;
  /** Grafana's name of a colour scheme; empty for shades of one colour. */
  readonly scheme: string;
  readonly isReversed: boolean;
  /** Colours follow value to this power. */
  readonly exponent: number;
  /** Between cells, pixels. */
  readonly cellGap: number;
}

export interface PieModel {
  readonly isDonut: boolean;
  /** What stands on the slices: `name`, `value`, `percent`. */
  readonly labels: readonly string[];
  /** What stands in the legend. */
  readonly values: readonly string[];
}

export interface BarsModel {
  readonly isHorizontal: boolean;
  readonly isStacked: boolean;
  /** The column that names the bars; empty for the first text. */
  readonly xField: string;
  /** Of histograms; 0 is chosen by the values. */
  readonly bucketSize: number;
  readonly bucketCount: number;
}

export interface StatesModel {
  readonly showValue: boolean;
  /** Where a value stands in its stretch. */
  readonly align: 'left' | 'center' | 'right';
  readonly mergeEqual: boolean;
  /** How much of its room a row has, and a cell of a history: above 0, at most 1. */
  readonly rowShare: number;
  readonly cellShare: number;
}

export interface ColumnModel {
  readonly align: 'auto' | 'left' | 'center' | 'right';
  /** `auto`, `color-text`, `color-background`, `gauge`, `sparkline`, `json-view`, `image`. */
  readonly cell: string;
  readonly sortBy: readonly { readonly name: string; readonly isDescending: boolean }[];
  readonly hasHeader: boolean;
  /** Reducers under the table, if it has such a line. */
  readonly footer: readonly string[];
}

export interface LinkModel {
  readonly title: string;
  readonly url: string;
  readonly isNewTab: boolean;
}

/** Of single values: stat, gauge, bar gauge. */
export interface ValueModel {
  /** `lastNotNull`, `mean`, `max` …: Grafana's names, the old ones translated. */
  readonly reducer: string;
  readonly colorMode: 'none' | 'value' | 'background';
  readonly hasSparkline: boolean;
  readonly sparklineColor?: string;
  /** Each row of a table is a value, not each series; at most `limit`. */
  readonly isEveryRow?: boolean;
  readonly limit?: number;
  readonly orientation: 'auto' | 'horizontal' | 'vertical';
  readonly textMode: string;
  readonly prefix: string;
  readonly postfix: string;
  /** Pixels, where the author fixed them. */
  readonly valueSize?: number;
  readonly titleSize?: number;
  readonly isCentered: boolean;
  /** Of gauges: the ring of thresholds, and their values beside it. */
  readonly hasMarkers: boolean;
  readonly hasMarkerLabels: boolean;
  /** Of bar gauges. */
  readonly bar: 'basic' | 'gradient' | 'lcd';
  readonly hasTrack: boolean;
  /** The number behind the bar: in the bar's colour, in that of text, or not at all. */
  readonly barValue: 'color' | 'text' | 'hidden';
}

/** Of `mappings` and `thresholds` the values are in the forms of this file, of all others as authored. */
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
  /** As stored; `$__all` means all. Of ad hoc filters, each as `label|operator|value`. */
  readonly current: readonly string[];
  readonly options: readonly { readonly text: string; readonly value: string }[];
}

export interface DashboardSummary {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly folder: string;
  /** Those that were imported can be taken away again; those of files cannot. */
  readonly origin: 'file' | 'import';
}
