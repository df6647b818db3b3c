import { useRef } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import { niceTicks } from '../chart/scale.ts';
import { timeText, type Zone } from '../format/time.ts';
import { formatNumber, valueText } from '../format/units.ts';
import { useSize } from '../parts/size-of.ts';
import { useSession } from '../session.ts';
import { histogramOf } from './buckets.ts';
import { displayValue } from './display.ts';
import { nameWidth } from './gauge-panel.tsx';
import type { PanelData } from './panel-data.ts';
import { reduceSeries } from './reduce.ts';
import { isHidden, withSettings } from './settings.ts';

/** A place on the axis of names, with a bar for each series. */
interface BarGroup {
  readonly name: string;
  readonly bars: readonly {
    readonly series: string;
    readonly value: number | null;
    readonly text: string;
    readonly color: string;
  }[];
}

const MAX_GROUPS = 60;

/** Bars by name: of a table's rows, or one for each series; of a histogram, by range of values. */
export function BarPanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme, now, zone } = useSession();
  const root = useRef<HTMLDivElement>(null);
  const { width } = useSize(root, data);
  const shown = theme.shown.value;
  const groups =
    panel.type === 'histogram'
      ? histogramGroups(panel, data, shown)
      : barGroups(panel, data, shown, now.peek(), zone.shown.value);
  if (groups.length === 0) return <p class="panel-empty">{panel.noValue ?? 'No data.'}</p>;
  /** Of names that stand side by side, as many as there is room for. */
  const letters = Math.max(...groups.map(({ name }) => name.length));
  const room = Math.max(1, width - 48);
  const every = Math.max(1, Math.ceil((Math.min(letters, 12) * 7 * groups.length) / room));
  /** A name that is drawn from its bar to the right, over those that have none, must end within the panel. */
  const isNamed = (i: number): boolean =>
    i % every === 0 &&
    (every === 1 || (groups.length - i) * (room / groups.length) >= groups[i]!.name.length * 7);
  const isStacked = panel.bars?.isStacked === true;
  const isHorizontal = panel.bars?.isHorizontal === true;
  const sums = groups.map(({ bars }) =>
    isStacked
      ? bars.reduce((sum, { value }) => sum + Math.max(0, value ?? 0), 0)
      : Math.max(0, ...bars.map(({ value }) => value ?? 0)),
  );
  const low = panel.min ?? 0;
  const ticks = niceTicks(low, panel.max ?? (Math.max(...sums) || 1), panel.max !== undefined);
  const high = panel.max ?? ticks.at(-1)!;
  const length = (value: number | null): string =>
    `${Math.min(1, Math.max(0, ((value ?? 0) - low) / (high - low || 1))) * 100}%`;
  const names =
    panel.type === 'histogram'
      ? []
      : [...new Set(groups.flatMap(({ bars }) => bars.map(({ series }) => series)))];
  // Where each bar has its name under it, a legend would say the same again.
  const isLegendNeeded = names.length > 1 && groups.some(({ bars }) => bars.length > 1);
  const tickText = (value: number): string =>
    panel.type === 'histogram' ? formatNumber(value) : valueText(value, panel.unit, panel.decimals);
  return (
    <div
      ref={root}
      style={{ '--name': nameWidth(groups.map(({ name }) => name)) }}
      class={`bar-chart${every > 1 ? ' has-few-names' : ''}${isHorizontal ? ' is-horizontal' : ''}${isStacked ? ' is-stacked' : ''}`}
    >
      <div class="bar-plot">
        {!isHorizontal && (
          <div class="bar-axis" aria-hidden="true">
            {ticks.map((tick) => (
              <div key={tick} class="bar-tick" style={{ bottom: length(tick) }}>
                <span>{tickText(tick)}</span>
              </div>
            ))}
          </div>
        )}
        <ul class="bar-groups">
          {groups.slice(0, MAX_GROUPS).map((group, i) => (
            <li key={group.name}>
              <span class="bar-marks">
                {group.bars.map((bar) => (
                  <span
                    key={bar.series}
                    class="bar-mark"
                    title={`${group.name}${names.length > 1 ? `, ${bar.series}` : ''}: ${bar.text}`}
                    style={{ [isHorizontal ? 'width' : 'height']: length(bar.value), background: bar.color }}
                  >
                    <span class="sr-only">
                      {bar.series} {bar.text}
                    </span>
                  </span>
                ))}
              </span>
              <span class="bar-name" title={group.name}>
                {isHorizontal || isNamed(i) ? group.name : ''}
              </span>
              {isHorizontal && <span class="value">{group.bars.map((bar) => bar.text).join(' · ')}</span>}
            </li>
          ))}
        </ul>
      </div>
      {isLegendNeeded && panel.legend?.isShown !== false && (
        <ul class="legend">
          {names.map((name) => (
            <li key={name} class="legend-entry">
              <span
                class="legend-key"
                style={{
                  background: groups.flatMap(({ bars }) => bars).find((bar) => bar.series === name)?.color,
                }}
              />
              <span class="legend-name">{name}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function barGroups(
  panel: PanelModel,
  data: PanelData,
  theme: ShownTheme,
  now: number,
  zone: Zone,
): BarGroup[] {
  const series = data.series.filter(({ settings }) => !isHidden(settings));
  const palette = assignColors(series.map(({ name }) => name));
  const barOf = (index: number, value: number | null) => {
    const one = series[index]!;
    const own = withSettings(panel, one.settings);
    const shown = displayValue(value, own, theme);
    const isPalette = own.color.mode === '' || own.color.mode.startsWith('palette');
    return {
      series: one.name,
      value,
      text: `${shown.text} ${shown.unit}`.trim(),
      color: (isPalette ? undefined : shown.color) ?? seriesColor(palette[index]!, theme),
    };
  };
  const isTable = data.frames.length > 0;
  const length = Math.max(0, ...series.map(({ values }) => values.length));
  if (!isTable && series.every(({ values }) => values.length <= 1)) {
    return series.map(({ name, values }, i) => ({ name, bars: [barOf(i, values[0] ?? null)] }));
  }
  if (!isTable) {
    // Over a range each series is brought to its last value: bars by name, not by time.
    return series.map(({ name, values }, i) => ({
      name,
      bars: [barOf(i, reduceSeries(values, 'lastNotNull'))],
    }));
  }
  const names = namesOf(panel, data, length, now, zone);
  return Array.from({ length }, (_, row) => ({
    name: names[row] ?? String(row + 1),
    bars: series.map((one, i) => barOf(i, one.values[row] ?? null)),
  }));
}

/** The column that names the bars: the one asked for, else the first text, else the time. */
function namesOf(panel: PanelModel, data: PanelData, length: number, now: number, zone: Zone): string[] {
  const fields = data.frames.flatMap((frame) => frame.fields);
  const field =
    fields.find((one) => one.name === panel.bars?.xField) ??
    fields.find((one) => one.type === 'string') ??
    fields.find((one) => one.type === 'time');
  return Array.from({ length }, (_, row) => {
    const cell = field?.values[row];
    return field?.type === 'time' && typeof cell === 'number'
      ? timeText(cell, now, zone)
      : String(cell ?? '');
  });
}

function histogramGroups(panel: PanelModel, data: PanelData, theme: ShownTheme): BarGroup[] {
  const series = data.series.filter(({ settings }) => !isHidden(settings));
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const { bucketSize = 0, bucketCount = 30 } = panel.bars ?? {};
  const buckets = histogramOf(all, bucketSize, bucketCount);
  const width = buckets[0] ? buckets[0].to - buckets[0].from : 0;
  const color = seriesColor(0, theme);
  return buckets.map(({ from, to, count }) => ({
    name: valueText(from, panel.unit, panel.decimals),
    bars: [
      {
        series: `to ${valueText(to, panel.unit, panel.decimals)}, in steps of ${formatNumber(width)}`,
        value: count,
        text: `${formatNumber(count)} up to ${valueText(to, panel.unit, panel.decimals)}`,
        color,
      },
    ],
  }));
}
