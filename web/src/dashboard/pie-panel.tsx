import type { PanelModel } from '../../../src/dashboards/model.ts';
import { assignColors, seriesColor } from '../chart/palette.ts';
import { formatNumber } from '../format/units.ts';
import { useSession } from '../session.ts';
import { inkOn } from './colors.ts';
import type { PanelData } from './panel-data.ts';
import { type Tile, tilesOf } from './stat-panel.tsx';

interface Slice extends Tile {
  readonly share: number;
  readonly fill: string;
}

/** Shares of a whole, the authored colours where there are any. */
export function PiePanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const tiles = tilesOf(panel, data.series, shown).filter(({ value }) => value !== null && value > 0);
  const total = tiles.reduce((sum, { value }) => sum + value!, 0);
  if (total === 0) return <p class="panel-empty">{panel.noValue ?? 'No data.'}</p>;
  const palette = assignColors(tiles.map(({ name }) => name));
  const isByValue = panel.color.mode === 'thresholds';
  const slices = tiles.map((tile, i): Slice => {
    const series = data.series.find((one) => one.name === tile.name);
    const isOwn = series?.settings.has('color') || isByValue;
    const fill = (isOwn ? tile.display.color : undefined) ?? seriesColor(palette[i]!, shown);
    return { ...tile, share: tile.value! / total, fill };
  });
  const { isDonut, labels, values } = panel.pie ?? { isDonut: false, labels: [], values: [] };
  let at = 0;
  return (
    <div class={`pie${panel.legend?.placement === 'right' ? ' has-legend-right' : ''}`}>
      <div class="pie-room">
        <div class="pie-round">
          <svg
            viewBox="-50 -50 100 100"
            role="img"
            aria-label={`${panel.title}: ${slices.map((slice) => `${slice.name} ${percent(slice.share)}`).join(', ')}`}
          >
            {slices.map((slice) => {
              const from = at;
              at += slice.share;
              return (
                <path
                  key={slice.name}
                  class="pie-slice"
                  d={slicePath(from, at, isDonut ? 27 : 0)}
                  style={{ fill: slice.fill }}
                >
                  <title>{`${slice.name}: ${slice.display.text} ${slice.display.unit} (${percent(slice.share)})`}</title>
                </path>
              );
            })}
          </svg>
          {labels.length > 0 &&
            slices.map((slice, i) => (
              <SliceLabel
                key={slice.name}
                slices={slices}
                index={i}
                slice={slice}
                labels={labels}
                isDonut={isDonut}
              />
            ))}
        </div>
      </div>
      {panel.legend?.isShown !== false && (
        <ul class="pie-legend">
          {slices.map((slice) => (
            <li key={slice.name}>
              <span class="legend-key" style={{ background: slice.fill }} />
              <span class="legend-name">{slice.name}</span>
              {values.includes('value') && (
                <span class="value">
                  {slice.display.text}
                  {slice.display.unit !== '' && <span class="unit">{slice.display.unit}</span>}
                </span>
              )}
              {values.includes('percent') && <span class="value">{percent(slice.share)}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface SliceLabelProps {
  readonly slices: readonly Slice[];
  readonly index: number;
  readonly slice: Slice;
  readonly labels: readonly string[];
  readonly isDonut: boolean;
}

/** What stands on a slice that has room for it. */
function SliceLabel({ slices, index, slice, labels, isDonut }: SliceLabelProps) {
  if (slice.share < 0.06) return null;
  const middle = slices.slice(0, index).reduce((sum, { share }) => sum + share, 0) + slice.share / 2;
  const angle = middle * 2 * Math.PI;
  const radius = isDonut ? 37.5 : 30;
  const parts = [
    labels.includes('name') && slice.name,
    labels.includes('value') && `${slice.display.text} ${slice.display.unit}`.trim(),
    labels.includes('percent') && percent(slice.share),
  ].filter((part) => part !== false);
  return (
    <span
      class="pie-label"
      style={{
        left: `${50 + Math.sin(angle) * radius}%`,
        top: `${50 - Math.cos(angle) * radius}%`,
        color: inkOn(slice.fill),
      }}
    >
      {parts.join(' ')}
    </span>
  );
}

const percent = (share: number): string => `${formatNumber(share * 100, share < 0.1 ? 1 : 0)} %`;

/** A slice from one share of the circle to another, from the top clockwise. */
function slicePath(from: number, to: number, hole: number): string {
  const end = to - from >= 0.99999 ? to - 0.0001 : to;
  const point = (share: number, radius: number): string => {
    const angle = share * 2 * Math.PI;
    return `${(Math.sin(angle) * radius).toFixed(3)} ${(-Math.cos(angle) * radius).toFixed(3)}`;
  };
  const isLarge = end - from > 0.5 ? 1 : 0;
  const outer = `M${point(from, 48)}A48 48 0 ${isLarge} 1 ${point(end, 48)}`;
  return hole === 0
    ? `${outer}L0 0Z`
    : `${outer}L${point(end, hole)}A${hole} ${hole} 0 ${isLarge} 0 ${point(from, hole)}Z`;
}
