import type { Zone } from '../format/time.ts';
import type { Bounds } from './scale.ts';
import type { ChartMark, ChartShade } from './time-marks.ts';
import type { TooltipSettings } from './tooltip.ts';

/** Undefined: the line has no sample at this time and goes on; null: it has a hole. */
export type ChartValue = number | null | undefined;

export interface ChartLine {
  readonly name: string;
  readonly values: readonly ChartValue[];
  readonly color: string;
  /** Colours from the foot of the plot (0) to its top (1), instead of `color`. */
  readonly paint?: readonly (readonly [value: number, color: string])[];
  /** 0 (none) to 1. */
  readonly fill?: number;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly draw?: 'line' | 'smooth' | 'step' | 'stepBefore' | 'bars' | 'points';
  /** Dots on the samples: `auto` where they stand apart. Lone samples always have one. */
  readonly points?: 'auto' | 'always' | 'never';
  readonly pointSize?: number;
  readonly barAlign?: -1 | 0 | 1;
  /** `left` unless given, `right`, or the key of a further one. */
  readonly axis?: string;
  /** Lines of one group are drawn on top of each other; absent stands alone. */
  readonly stack?: string;
  /** The name of the line down to which this one's area reaches. */
  readonly fillBelowTo?: string;
  /** The area fades towards its foot. */
  readonly isGradient?: boolean;
  /** Left out of the legend, or of the tooltip. */
  readonly isUnnamed?: boolean;
  readonly isUntold?: boolean;
  /** Of the value in the tooltip and the legend, where it is not the axis's. */
  readonly unit?: string;
  readonly decimals?: number;
  /** Holes are bridged: all, or those up to so many seconds. */
  readonly spanGaps?: boolean | number;
}

/** A value axis beside the left and the right one, at the right. */
export interface ChartAxis {
  readonly key: string;
  readonly unit: string;
  readonly bounds: Bounds;
}

export interface ChartThreshold {
  /** Minus infinity for what is below the first one. */
  readonly value: number;
  readonly color: string;
}

export interface ChartSpec {
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Unix seconds; the axis shows all of it, data or not. */
  readonly range: readonly [from: number, to: number];
  readonly unit: string;
  readonly decimals?: number;
  readonly axisLabel?: string;
  readonly bounds: Bounds;
  readonly logBase?: number;
  /** Axes without numbers, and in the colour of their first line. */
  readonly isHidden?: boolean;
  readonly isColored?: boolean;
  readonly rightUnit?: string;
  readonly rightDecimals?: number;
  readonly rightLabel?: string;
  readonly rightBounds?: Bounds;
  readonly rightLogBase?: number;
  readonly moreAxes?: readonly ChartAxis[];
  readonly thresholds?: readonly ChartThreshold[];
  readonly thresholdStyle?: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
  readonly tooltip?: TooltipSettings;
  /** By whose clock; local unless given. */
  readonly zone?: Zone;
  readonly shades?: readonly ChartShade[];
  readonly marks?: readonly ChartMark[];
  /** Names of lines that are not drawn. */
  readonly hidden: ReadonlySet<string>;
}

/** The element a chart is in: what it draws can be read from it, by those who check that it is the truth. */
export interface ChartHost extends HTMLElement {
  drawn?: () => ChartSpec;
}

/** Plots of equal shape differ only in their data. */
export function shapeOf(spec: ChartSpec): string {
  const { times: _, range: __, hidden: ___, shades: ____, marks: _____, lines, ...rest } = spec;
  return JSON.stringify([lines.map(({ values: ______, ...line }) => line), rest]);
}
