import type { PanelModel } from '../../../src/dashboards/model.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { useSession } from '../session.ts';
import { cssColor } from './colors.ts';
import { type Display, displayValue } from './display.ts';
import type { PanelData, PanelSeries } from './panel-data.ts';
import { reduceSeries } from './reduce.ts';
import { isHidden } from './series-panel.tsx';

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
  return (
    <div class="stat-tiles">
      {tiles.map(({ name, display, values }) => {
        const isBackground = settings?.colorMode === 'background';
        const color = settings?.colorMode === 'none' ? undefined : display.color;
        const spark = cssColor(settings?.sparklineColor, shown) ?? color;
        return (
          <div
            key={name}
            class={isBackground ? 'stat-tile is-filled' : 'stat-tile'}
            style={{ '--tile': color ?? 'var(--text)' }}
          >
            {showName && <div class="stat-name">{name}</div>}
            {settings?.textMode !== 'name' && settings?.textMode !== 'none' && (
              <div class="stat-value">
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

/** A panel's series, each brought to one number as the author wants it read. */
export function tilesOf(panel: PanelModel, series: readonly PanelSeries[], theme: 'light' | 'dark'): Tile[] {
  const reducer = panel.value?.reducer ?? 'lastNotNull';
  const shown = series.filter(({ settings }) => !isHidden(settings));
  if (shown.length === 0)
    return [{ name: '', value: null, display: displayValue(null, panel, theme), values: [] }];
  return shown.map(({ name, values, settings }) => {
    const unit = settings.get('unit');
    const value = reduceSeries(values, reducer);
    return {
      name,
      value,
      values,
      display: displayValue(value, panel, theme, typeof unit === 'string' ? unit : panel.unit),
    };
  });
}
