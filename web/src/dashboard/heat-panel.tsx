import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { TimeRuler } from '../chart/time-ruler.tsx';
import { timeText } from '../format/time.ts';
import { formatNumber, valueText } from '../format/units.ts';
import { useSize } from '../parts/size-of.ts';
import { useSession } from '../session.ts';
import { type HeatRow, heatRows } from './buckets.ts';
import type { PanelData } from './panel-data.ts';
import { schemeColor } from './schemes.ts';

interface Hover {
  readonly row: number;
  readonly column: number;
  readonly x: number;
  readonly y: number;
}

const FONT_ROW = 16;

/** Buckets over time: how many values fell into each, by colour. */
export function HeatPanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme, now } = useSession();
  const shown = theme.shown.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const size = useSize(plot, data);
  const [hover, setHover] = useState<Hover>();
  const rows = useMemo(() => heatRows(panel, data.series), [panel, data]);
  const times = data.series[0]?.times ?? [];
  const most = useMemo(
    () => Math.max(0, ...rows.flatMap((row) => row.values.map((value) => value ?? 0))),
    [rows],
  );
  const [from, to] = [data.range.from / 1000, data.range.to / 1000];
  const heat = panel.heatmap;
  const colorOf = (value: number): string =>
    schemeColor(
      heat?.scheme ?? 'Oranges',
      (value / (most || 1)) ** (heat?.exponent ?? 0.5),
      shown,
      heat?.isReversed,
    );

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || size.width === 0 || size.height === 0) return;
    const scale = window.devicePixelRatio;
    element.width = size.width * scale;
    element.height = size.height * scale;
    context.scale(scale, scale);
    const x = (time: number): number => ((time - from) / (to - from)) * size.width;
    const height = size.height / Math.max(1, rows.length);
    rows.forEach((row, i) => {
      const top = size.height - (i + 1) * height;
      row.values.forEach((value, at) => {
        if (value === null || value === 0) return;
        // Whole pixels: between cells there is no gap that the eye would read as a pattern.
        const left = Math.max(0, Math.floor(x(times[at]!)));
        const right = Math.min(size.width, Math.floor(x(times[at]! + data.step)));
        if (right <= left) return;
        context.fillStyle = colorOf(value);
        context.fillRect(left, top, right - left, Math.max(1, height - 0.5));
      });
    });
  }, [rows, size, shown, from, to]);

  if (rows.length === 0) return <p class="panel-empty">No data in this range.</p>;
  const rowText = (row: HeatRow): string =>
    row.upper === undefined
      ? row.label
      : Number.isFinite(row.upper)
        ? valueText(row.upper, heat?.unit, heat?.decimals)
        : '∞';
  const every = Math.max(1, Math.ceil((rows.length * FONT_ROW) / Math.max(1, size.height)));
  const move = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const time = from + (x / box.width) * (to - from);
    const column = Math.floor((time - (times[0] ?? 0)) / data.step);
    const row = rows.length - 1 - Math.floor((y / box.height) * rows.length);
    setHover(rows[row] && times[column] !== undefined ? { row, column, x, y } : undefined);
  };
  const hovered = hover && rows[hover.row];
  return (
    <div class="heat">
      <div class="heat-main">
        <div class="heat-labels" aria-hidden="true">
          {rows.map((row, i) => (
            <span key={row.label}>{i % every === 0 ? rowText(row) : ''}</span>
          ))}
        </div>
        <div
          class="heat-plot"
          ref={plot}
          onPointerMove={move}
          onPointerLeave={() => setHover(undefined)}
          role="img"
          aria-label={`${panel.title}: ${rows.length} buckets over time, at most ${formatNumber(most)} in one`}
        >
          <canvas ref={canvas} />
          {hover && hovered && (
            <div
              class={`chart-tip${hover.x > size.width / 2 ? ' is-left' : ''}`}
              style={{ transform: `translate(${Math.round(hover.x)}px, ${Math.round(hover.y)}px)` }}
            >
              <div class="chart-tip-time">{timeText(times[hover.column]! * 1000, now.peek())}</div>
              <div class="chart-tip-row">
                <span class="chart-tip-name">≤ {rowText(hovered)}</span>
                <span class="chart-tip-value">{formatCount(hovered.values[hover.column])}</span>
              </div>
            </div>
          )}
        </div>
      </div>
      <TimeRuler from={from} to={to} width={size.width} />
    </div>
  );
}

const formatCount = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : formatNumber(value);
