import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { HeatRow } from '../dashboard/buckets.ts';
import { schemeColor } from '../dashboard/schemes.ts';
import { timeText } from '../format/time.ts';
import { formatNumber, valueText } from '../format/units.ts';
import { useSize } from '../parts/size-of.ts';
import { useSession } from '../session.ts';
import { wholePixels } from './pixels.ts';
import { TimeRuler } from './time-ruler.tsx';

interface Hover {
  readonly row: number;
  readonly column: number;
  readonly x: number;
  readonly y: number;
}

const FONT_ROW = 16;

export interface HeatMapProps {
  readonly label: string;
  /** The lowest first. */
  readonly rows: readonly HeatRow[];
  /** Unix seconds, one per column. */
  readonly times: readonly number[];
  /** Seconds. */
  readonly step: number;
  /** Unix seconds. */
  readonly range: readonly [from: number, to: number];
  /** Of the rows' ends. */
  readonly unit?: string | undefined;
  readonly decimals?: number | undefined;
  /** Grafana's name of a scheme. */
  readonly scheme?: string | undefined;
  readonly isReversed?: boolean | undefined;
  /** Colours follow the values to this power. */
  readonly exponent?: number | undefined;
  /** Between cells, pixels. */
  readonly gap?: number | undefined;
}

/** Buckets over time: how many values fell into each, by colour. */
export function HeatMap({
  label,
  rows,
  times,
  step,
  range: [from, to],
  unit,
  decimals,
  scheme,
  isReversed,
  exponent = 0.5,
  gap = 1,
}: HeatMapProps) {
  const { theme, now, zone, range: chosen } = useSession();
  const shown = theme.shown.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const size = useSize(plot, rows);
  const [hover, setHover] = useState<Hover>();
  /** Where a stretch to be looked at closer begins and ends, pixels. */
  const [drag, setDrag] = useState<readonly [from: number, to: number]>();
  const most = useMemo(
    () =>
      rows.reduce((max, row) => row.values.reduce<number>((top, value) => Math.max(top, value ?? 0), max), 0),
    [rows],
  );
  const colorOf = (value: number): string =>
    schemeColor(scheme || 'Oranges', (value / (most || 1)) ** exponent, shown, isReversed);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || size.width === 0 || size.height === 0) return;
    const scale = window.devicePixelRatio;
    const [width, tall] = [wholePixels(size.width, scale), wholePixels(size.height, scale)];
    element.width = Math.round(width * scale);
    element.height = Math.round(tall * scale);
    element.style.width = `${width}px`;
    element.style.height = `${tall}px`;
    context.scale(scale, scale);
    const x = (time: number): number => ((time - from) / (to - from)) * width;
    const height = tall / Math.max(1, rows.length);
    const beside = gapWithin(gap, (step / (to - from)) * width);
    const below = gapWithin(gap, height);
    rows.forEach((row, i) => {
      // Whole pixels: all gaps are alike, and none is there that the eye would read as a pattern.
      const top = Math.round(tall - (i + 1) * height);
      const bottom = Math.round(tall - i * height) - below;
      row.values.forEach((value, at) => {
        if (value === null || value === 0) return;
        const left = Math.max(0, Math.floor(x(times[at]!)));
        const right = Math.min(width, Math.floor(x(times[at]! + step)) - beside);
        if (right <= left) return;
        context.fillStyle = colorOf(value);
        context.fillRect(left, top, right - left, Math.max(1, bottom - top));
      });
    });
  }, [rows, size, shown, from, to, gap]);

  if (rows.length === 0) return <p class="panel-empty">No data in this range.</p>;
  const rowText = (row: HeatRow): string =>
    row.upper === undefined
      ? row.label
      : Number.isFinite(row.upper)
        ? valueText(row.upper, unit, decimals)
        : row.upper > 0
          ? '∞'
          : '−∞';
  const every = Math.max(1, Math.ceil((rows.length * FONT_ROW) / Math.max(1, size.height)));
  const move = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const time = from + (x / box.width) * (to - from);
    const column = Math.floor((time - (times[0] ?? 0)) / step);
    const row = rows.length - 1 - Math.floor((y / box.height) * rows.length);
    setHover(rows[row] && times[column] !== undefined ? { row, column, x, y } : undefined);
    if (drag) setDrag([drag[0], x]);
  };
  const press = (event: PointerEvent): void => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    const element = event.currentTarget as HTMLElement;
    element.setPointerCapture(event.pointerId);
    const x = event.clientX - element.getBoundingClientRect().left;
    setDrag([x, x]);
  };
  const release = (): void => {
    setDrag(undefined);
    if (!drag || Math.abs(drag[1] - drag[0]) < 8) return;
    const time = (x: number): string =>
      String(Math.round((from + Math.min(1, Math.max(0, x / size.width)) * (to - from)) * 1000));
    chosen.set({ from: time(Math.min(...drag)), to: time(Math.max(...drag)) });
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
          onPointerDown={press}
          onPointerUp={release}
          onPointerCancel={() => setDrag(undefined)}
          onDblClick={() => chosen.undo()}
          role="img"
          aria-label={`${label}: ${rows.length} buckets over time, at most ${formatNumber(most)} in one`}
        >
          <canvas ref={canvas} />
          {drag && (
            <div
              class="heat-drag"
              style={{ left: `${Math.min(...drag)}px`, width: `${Math.abs(drag[1] - drag[0])}px` }}
            />
          )}
          {hover && hovered && (
            <div
              class={`chart-tip${hover.x > size.width / 2 ? ' is-left' : ''}`}
              style={{ transform: `translate(${Math.round(hover.x)}px, ${Math.round(hover.y)}px)` }}
            >
              <div class="chart-tip-time">
                {timeText(times[hover.column]! * 1000, now.peek(), zone.shown.value)}
              </div>
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

/** What can be had of a gap: cells keep two pixels, and those of less than four have none. */
const gapWithin = (gap: number, cell: number): number =>
  cell < 4 ? 0 : Math.max(0, Math.min(Math.round(gap), Math.floor(cell) - 2));

const formatCount = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : formatNumber(value);
