import type { PanelModel } from '../../../src/dashboards/model.ts';
import { valueText } from '../format/units.ts';
import { useSession } from '../session.ts';
import { cssColor } from './colors.ts';
import type { PanelData } from './panel-data.ts';
import { type Tile, tileStyle, tilesOf } from './stat-panel.tsx';

/** An arc from the least to the most the panel allows, coloured by the steps reached. */
export function GaugePanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const tiles = tilesOf(panel, data.series, shown);
  const share = shareOf(panel, tiles);
  const steps = panel.thresholds?.steps ?? [];
  const at = (value: number | null): number =>
    value === null ? 0 : panel.thresholds?.mode === 'percentage' ? Math.min(1, value / 100) : share(value);
  const isLabelled = panel.value?.hasMarkerLabels === true;
  return (
    <div class="stat-tiles" style={tileStyle(panel, tiles.length, 1.3)}>
      {tiles.map(({ name, display, value }, _, all) => (
        <div key={name} class={isLabelled ? 'gauge is-labelled' : 'gauge'}>
          <div
            class="gauge-dial"
            style={{ '--length': String(display.text.length + display.unit.length * 0.6 + 1) }}
          >
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
              {panel.value?.hasMarkers !== false &&
                steps.map((step, i) => (
                  <path
                    key={`${step.value}`}
                    class="gauge-step"
                    d={arc(52.5, at(step.value), i + 1 < steps.length ? at(steps[i + 1]!.value) : 1)}
                    style={{ stroke: cssColor(step.color, shown) ?? 'var(--line)' }}
                  />
                ))}
            </svg>
            {isLabelled &&
              steps.map((step) => {
                if (step.value === null) return null;
                const [x, y] = spot(57, at(step.value));
                return (
                  <span
                    key={step.value}
                    class={x < 60 ? 'gauge-label is-left' : 'gauge-label'}
                    style={{ left: `${(x / 120) * 100}%`, top: `${(y / 90) * 100}%` }}
                  >
                    {valueText(step.value, panel.unit)}
                  </span>
                );
              })}
            <div
              class={value === null && display.text === 'No data' ? 'gauge-value is-missing' : 'gauge-value'}
            >
              <span style={{ color: display.color }}>{display.text}</span>
              {display.unit !== '' && <span class="unit">{display.unit}</span>}
            </div>
          </div>
          {all.length > 1 && <div class="stat-name">{name}</div>}
        </div>
      ))}
    </div>
  );
}

const START = -210;
const SWEEP = 240;

/** A point of the dial. */
function spot(radius: number, share: number): [x: number, y: number] {
  const angle = ((START + share * SWEEP) * Math.PI) / 180;
  return [60 + radius * Math.cos(angle), 57 + radius * Math.sin(angle)];
}

/** Part of the dial as a path; `from` and `to` between 0 and 1. */
function arc(radius: number, from: number, to: number): string {
  const point = (share: number): string =>
    spot(radius, share)
      .map((part) => part.toFixed(2))
      .join(' ');
  if (to <= from) return '';
  const isLarge = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${point(from)}A${radius} ${radius} 0 ${isLarge} 1 ${point(to)}`;
}

/** A bar per series, all on one scale, with the number behind it. */
export function BarGaugePanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme } = useSession();
  const tiles = tilesOf(panel, data.series, theme.shown.value);
  const share = shareOf(panel, tiles);
  const look = panel.value;
  const isUpright = look?.orientation === 'vertical';
  return (
    <ul
      style={{ '--name': nameWidth(tiles.map(({ name }) => name)) }}
      class={`bars is-${look?.bar ?? 'gradient'}${isUpright ? ' is-upright' : ''}${look?.hasTrack === false ? ' has-no-track' : ''}`}
    >
      {tiles.map(({ name, value, display }) => (
        <li key={name}>
          <span class="bars-name">{name}</span>
          <span class="bars-track">
            <span
              class="bars-bar"
              style={{
                [isUpright ? 'height' : 'width']: `${(value === null ? 0 : share(value)) * 100}%`,
                '--bar': display.color ?? 'var(--bell)',
              }}
            />
          </span>
          {look?.barValue !== 'hidden' && (
            <span
              class={look?.barValue === 'text' ? 'value' : 'value is-colored'}
              style={{ '--bar': display.color ?? 'var(--text)' }}
            >
              {display.text}
              {display.unit !== '' && <span class="unit">{display.unit}</span>}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** As wide as a column of names is, as far as there is room; a letter is hardly ever wider than a digit. */
export const nameWidth = (names: readonly string[]): string =>
  `${Math.max(0, ...names.map((name) => name.length)) + 1.5}ch`;

/** Where a value stands between the panel's ends, 0 to 1; an end that is not authored is 0 below, and above what the values need. */
function shareOf(panel: PanelModel, tiles: readonly Tile[]): (value: number) => number {
  const low = panel.min ?? 0;
  const natural =
    panel.unit === 'percentunit' ? 1 : panel.unit === 'percent' || panel.type === 'gauge' ? 100 : undefined;
  const high = panel.max ?? natural ?? Math.max(low, ...tiles.map(({ value }) => value ?? low));
  return (value) => Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
}
