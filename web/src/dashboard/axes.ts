import type { GraphModel } from '../../../src/dashboards/model.ts';
import type { ChartAxis } from '../chart/chart-spec.ts';
import type { Settings } from './settings.ts';

/** The value axes of a panel and on which of them a series stands. */
export interface Axes {
  readonly leftUnit: string;
  /** Undefined where nothing stands on the right. */
  readonly rightUnit: string | undefined;
  readonly more: readonly ChartAxis[];
  /** The right axis is an old graph's own, whatever its unit. */
  readonly isAuthored: boolean;
  axisOf(settings: Settings): string;
}

export const NO_AXES: Axes = {
  leftUnit: '',
  rightUnit: undefined,
  more: [],
  isAuthored: false,
  axisOf: () => 'left',
};

/**
 * Each unit has an axis: the panel's own, or the first that is used, the left one, the next the right one, further ones stand beside it.
 * An old graph has the two it was given.
 */
export function axesOf(
  { left, right }: Pick<GraphModel, 'left' | 'right'>,
  isOld: boolean,
  series: readonly Settings[],
): Axes {
  if (left.side === 'right' || isOld) {
    return {
      leftUnit: left.unit,
      rightUnit: right?.unit,
      more: [],
      isAuthored: isOld,
      axisOf: (settings) =>
        left.side === 'right' || (right !== undefined && settings.get('custom.axisPlacement') === 'right')
          ? 'right'
          : 'left',
    };
  }
  const unitOf = (settings: Settings): string => {
    const own = settings.get('unit');
    return typeof own === 'string' && own !== '' ? own : left.unit;
  };
  const placementOf = (settings: Settings): unknown => settings.get('custom.axisPlacement');
  const onLeft = series.filter((one) => placementOf(one) !== 'right').map(unitOf);
  const leftUnit = onLeft.includes(left.unit) ? left.unit : (onLeft[0] ?? left.unit);
  const isLeft = (settings: Settings): boolean =>
    placementOf(settings) === 'left' || (placementOf(settings) !== 'right' && unitOf(settings) === leftUnit);
  const others = [...new Set(series.filter((one) => !isLeft(one)).map(unitOf))];
  const rightUnit = others.find((unit) => unit === right?.unit) ?? others[0];
  const keyOf = (unit: string): string => `right ${unit}`;
  return {
    leftUnit,
    rightUnit,
    more: others
      .filter((unit) => unit !== rightUnit)
      .map((unit) => ({ key: keyOf(unit), unit: unit || 'short', bounds: {} })),
    isAuthored: false,
    axisOf: (settings) => {
      if (isLeft(settings)) return 'left';
      const unit = unitOf(settings);
      return unit === rightUnit ? 'right' : keyOf(unit);
    },
  };
}
