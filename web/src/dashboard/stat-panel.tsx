import type { PanelModel } from '../../../src/dashboards/model.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { useSession } from '../session.ts';
import { cssColor } from './colors.ts';
import { type Display, displayValue } from './display.ts';
import type { PanelData, PanelSeries } from './panel-data.ts';
import { reduceSeries } from './reduce.ts';
import { isHidden } from './series-panel.tsx';

interface Tile {
  readonly name: string;
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

/** An arc from the least to the most the panel allows, coloured by the steps reached. */
export function GaugePanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const low = panel.min ?? 0;
  const high = panel.max ?? (panel.unit === 'percentunit' ? 1 : 100);
  const share = (value: number): number => Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  const steps = panel.thresholds?.steps ?? [];
  const at = (value: number | null): number =>
    value === null ? 0 : panel.thresholds?.mode === 'percentage' ? Math.min(1, value / 100) : share(value);
  return (
    <div class="stat-tiles">
      {tilesOf(panel, data.series, shown).map(({ name, display, values }, _, all) => {
        const value = reduceSeries(values, panel.value?.reducer ?? 'lastNotNull');
        return (
          <div key={name} class="gauge">
            <svg
              viewBox="0 0 120 90"
              role="img"
              aria-label={`${panel.title || name}: ${display.text} ${display.unit}`}
            >
              <path class="gauge-track" d={arc(44, 0, 1)} />
              {value !== null && (
                <path
                  class="gauge-arc"
                  d={arc(44, 0, Math.max(0.004, share(value)))}
                  style={{ stroke: display.color ?? 'var(--bell)' }}
                />
              )}
              {steps.map((step, i) => (
                <path
                  key={`${step.value}`}
                  class="gauge-step"
                  d={arc(52.5, at(step.value), i + 1 < steps.length ? at(steps[i + 1]!.value) : 1)}
                  style={{ stroke: cssColor(step.color, shown) ?? 'var(--line)' }}
                />
              ))}
            </svg>
            <div class="gauge-value">
              <span style={{ color: display.color }}>{display.text}</span>
              {display.unit !== '' && <span class="unit">{display.unit}</span>}
            </div>
            {all.length > 1 && <div class="stat-name">{name}</div>}
          </div>
        );
      })}
    </div>
  );
}

const START = -210;
const SWEEP = 240;

/** Part of the dial as a path; `from` and `to` between 0 and 1. */
function arc(radius: number, from: number, to: number): string {
  const point = (share: number): string => {
    const angle = ((START + share * SWEEP) * Math.PI) / 180;
    return `${(60 + radius * Math.cos(angle)).toFixed(2)} ${(57 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  if (to <= from) return '';
  const isLarge = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${point(from)}A${radius} ${radius} 0 ${isLarge} 1 ${point(to)}`;
}

function tilesOf(panel: PanelModel, series: readonly PanelSeries[], theme: 'light' | 'dark'): Tile[] {
  const reducer = panel.value?.reducer ?? 'lastNotNull';
  const shown = series.filter(({ settings }) => !isHidden(settings));
  if (shown.length === 0) return [{ name: '', display: displayValue(null, panel, theme), values: [] }];
  return shown.map(({ name, values, settings }) => {
    const unit = settings.get('unit');
    const value = reduceSeries(values, reducer);
    return {
      name,
      values,
      display: displayValue(value, panel, theme, typeof unit === 'string' ? unit : panel.unit),
    };
  });
}
