import type { PanelModel } from '../../../src/dashboards/model.ts';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { useSession } from '../session.ts';
import { cssColor, inkOn } from './colors.ts';
import { type Display, displayValue, mappingOf } from './display.ts';
import type { PanelData, PanelSeries } from './panel-data.ts';
import { reduceSeries } from './reduce.ts';
import { isHidden, withSettings } from './settings.ts';
import { tileColumns } from './tile-columns.ts';

export interface Tile {
  readonly name: string;
  readonly value: number | null;
  readonly display: Display;
  readonly values: readonly (number | null)[];
}

/** One large number per series, with its recent course behind it if the author wanted it. */
export function StatPanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const settings = panel.value;
  const tiles = tilesOf(panel, data.series, shown);
  const showName =
    settings?.textMode === 'value_and_name' ||
    settings?.textMode === 'name' ||
    (settings?.textMode === 'auto' && tiles.length > 1);
  // As Grafana has it: what stands by itself stands in the middle.
  const isCentered = settings?.isCentered === true || !showName;
  return (
    <div class={`stat-tiles is-${settings?.orientation ?? 'auto'}`} style={tileStyle(panel, tiles.length, 2)}>
      {tiles.map(({ name, value, display, values }) => {
        const isBackground = settings?.colorMode === 'background';
        const color = settings?.colorMode === 'none' ? undefined : display.color;
        const spark = cssColor(settings?.sparklineColor, shown) ?? color;
        return (
          <div
            key={name}
            class={`stat-tile${isBackground ? ' is-filled' : ''}${isCentered ? ' is-centered' : ''}`}
            style={{
              '--tile': color ?? 'var(--text)',
              ...(isBackground && color ? { color: inkOn(color) } : {}),
            }}
          >
            {showName && (
              <div
                class="stat-name"
                style={
                  settings?.titleSize === undefined
                    ? undefined
                    : { font: `${settings.titleSize}px/1.2 var(--sans)` }
                }
              >
                {name}
              </div>
            )}
            {settings?.textMode !== 'name' && settings?.textMode !== 'none' && (
              <div
                class={value === null && display.text === 'No data' ? 'stat-value is-missing' : 'stat-value'}
                style={
                  settings?.valueSize === undefined
                    ? { '--chars': String(lengthOf(display, settings)) }
                    : { fontSize: `${settings.valueSize}px` }
                }
              >
                {settings?.prefix !== '' && <span class="stat-affix">{settings?.prefix}</span>}
                {display.text}
                {display.unit !== '' && <span class="unit">{display.unit}</span>}
                {settings?.postfix !== '' && <span class="stat-affix">{settings?.postfix}</span>}
              </div>
            )}
            {settings?.hasSparkline === true && values.length > 1 && (
              <div class="stat-spark">
                <Sparkline
                  values={values}
                  label={`${panel.title} over the range`}
                  {...(spark && !isBackground ? { color: spark } : {})}
                />
              </div>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** How long a value is, in its own characters: what is beside it is smaller. */
function lengthOf({ text, unit }: Display, settings: PanelModel['value']): number {
  const beside = unit.length + (settings?.prefix.length ?? 0) + (settings?.postfix.length ?? 0);
  return Math.max(1, text.length + 0.6 * beside);
}

/** The columns of a panel's tiles, unless the author has set their direction. */
export function tileStyle(
  panel: PanelModel,
  count: number,
  shape: number,
): Record<string, string> | undefined {
  if (panel.type === 'stat' && panel.value?.orientation !== 'auto') return undefined;
  return { '--columns': String(tileColumns(count, panel.gridPos, shape, window.innerWidth)) };
}

/** A panel's series, each brought to one number as the author wants it read; of a table each row, if that is wanted. */
export function tilesOf(panel: PanelModel, series: readonly PanelSeries[], theme: ShownTheme): Tile[] {
  const reducer = panel.value?.reducer ?? 'lastNotNull';
  const shown = series.filter(({ settings }) => !isHidden(settings));
  if (shown.length === 0)
    return [{ name: '', value: null, display: displayValue(null, panel, theme), values: [] }];
  if (panel.value?.isEveryRow) {
    return shown
      .flatMap(({ name, values, settings, rowNames }) =>
        values.map((value, i) => ({
          name: rowNames?.[i] ?? `${name} ${i + 1}`,
          value,
          values: [],
          display: displayValue(value, withSettings(panel, settings), theme),
        })),
      )
      .slice(0, panel.value.limit);
  }
  const palette = assignColors(shown.map(({ name }) => name));
  return shown.map(({ name, values, settings }, i) => {
    const own = withSettings(panel, settings);
    const value = reduceSeries(values, reducer);
    const display = displayValue(value, own, theme);
    const isPalette =
      own.color.mode.startsWith('palette') && mappingOf(value, own.mappings)?.color === undefined;
    return {
      name,
      value,
      values,
      display: isPalette ? { ...display, color: seriesColor(palette[i]!, theme) } : display,
    };
  });
}
