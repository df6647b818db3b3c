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
/** Pixels; less was a click. */
const LEAST_STRETCH = 8;

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
  const { theme, range: chosen } = useSession();
  const shown = theme.shown.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const size = useSize(plot, rows);
  const [hover, setHover] = useState<Hover>();
  const stretch = useStretch((left, right) => {
    const timeAt = (x: number): string =>
      String(Math.round((from + Math.min(1, Math.max(0, x / size.width)) * (to - from)) * 1000));
    chosen.set({ from: timeAt(left), to: timeAt(right) });
  });
  const most = useMemo(
    () =>
      rows.reduce((max, row) => row.values.reduce<number>((top, value) => Math.max(top, value ?? 0), max), 0),
    [rows],
  );

  useEffect(() => {
    if (!canvas.current || size.width === 0 || size.height === 0) return;
    drawCells(canvas.current, size, { rows, times, step, from, to, gap }, (value) =>
      schemeColor(scheme || 'Oranges', (value / (most || 1)) ** exponent, shown, isReversed),
    );
  }, [rows, size, shown, from, to, gap, scheme, isReversed, exponent]);

  if (rows.length === 0) return <p class="panel-empty">No data in this range.</p>;
  const endText = (row: HeatRow): string => rowText(row, unit, decimals);
  const every = Math.max(1, Math.ceil((rows.length * FONT_ROW) / Math.max(1, size.height)));
  const move = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const time = from + (x / box.width) * (to - from);
    const column = Math.floor((time - (times[0] ?? 0)) / step);
    const row = rows.length - 1 - Math.floor((y / box.height) * rows.length);
    setHover(rows[row] && times[column] !== undefined ? { row, column, x, y } : undefined);
    stretch.move(x);
  };
  // The range may have changed under the pointer.
  const hovered = hover && rows[hover.row];
  const hoveredAt = hover && times[hover.column];
  return (
    <div class="heat">
      <div class="heat-main">
        <div class="heat-labels" aria-hidden="true">
          {rows.map((row, i) => (
            <span key={row.label}>{i % every === 0 ? endText(row) : ''}</span>
          ))}
        </div>
        <div
          class="heat-plot"
          ref={plot}
          onPointerMove={move}
          onPointerLeave={() => setHover(undefined)}
          onPointerDown={stretch.press}
          onPointerUp={stretch.release}
          onPointerCancel={stretch.cancel}
          onDblClick={() => chosen.undo()}
          role="img"
          aria-label={`${label}: ${rows.length} buckets over time, at most ${formatNumber(most)} in one`}
        >
          <canvas ref={canvas} />
          {stretch.ends && (
            <div
              class="heat-drag"
              style={{ left: `${stretch.ends[0]}px`, width: `${stretch.ends[1] - stretch.ends[0]}px` }}
            />
          )}
          {hover && hovered && hoveredAt !== undefined && (
            <HeatTip
              at={hover}
              isLeft={hover.x > size.width / 2}
              isAbove={hover.y > size.height / 2}
              time={hoveredAt}
              name={hovered.upper === undefined ? hovered.label : `≤ ${endText(hovered)}`}
              count={hovered.values[hover.column]}
            />
          )}
        </div>
      </div>
      <TimeRuler from={from} to={to} width={size.width} />
    </div>
  );
}

/** A stretch that is dragged over to be looked at closer; its ends are pixels, the left one first. */
function useStretch(onChosen: (left: number, right: number) => void) {
  const [drag, setDrag] = useState<readonly [from: number, to: number]>();
  const ends = drag && ([Math.min(...drag), Math.max(...drag)] as const);
  return {
    ends,
    press(event: PointerEvent): void {
      if (event.button !== 0 || event.pointerType === 'touch') return;
      const element = event.currentTarget as HTMLElement;
      element.setPointerCapture(event.pointerId);
      const x = event.clientX - element.getBoundingClientRect().left;
      setDrag([x, x]);
    },
    move(x: number): void {
      if (drag) setDrag([drag[0], x]);
    },
    release(): void {
      setDrag(undefined);
      if (ends && ends[1] - ends[0] >= LEAST_STRETCH) onChosen(...ends);
    },
    cancel: () => setDrag(undefined),
  };
}

interface HeatTipProps {
  readonly at: Hover;
  /** Of the pointer, rather than right of it and below. */
  readonly isLeft: boolean;
  readonly isAbove: boolean;
  /** Unix seconds. */
  readonly time: number;
  readonly name: string;
  readonly count: number | null | undefined;
}

function HeatTip({ at, isLeft, isAbove, time, name, count }: HeatTipProps) {
  const { now, zone } = useSession();
  return (
    <div
      class={`chart-tip${isLeft ? ' is-left' : ''}${isAbove ? ' is-above' : ''}`}
      style={{ transform: `translate(${Math.round(at.x)}px, ${Math.round(at.y)}px)` }}
    >
      <div class="chart-tip-time">{timeText(time * 1000, now.peek(), zone.shown.value)}</div>
      <div class="chart-tip-row">
        <span class="chart-tip-name">{name}</span>
        <span class="chart-tip-value">{formatCount(count)}</span>
      </div>
    </div>
  );
}

interface Cells extends Pick<HeatMapProps, 'rows' | 'times' | 'step'> {
  /** Unix seconds. */
  readonly from: number;
  readonly to: number;
  readonly gap: number;
}

function drawCells(
  element: HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
  { rows, times, step, from, to, gap }: Cells,
  colorOf: (value: number) => string,
): void {
  const context = element.getContext('2d');
  if (!context) return;
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
}

function rowText(row: HeatRow, unit: string | undefined, decimals: number | undefined): string {
  if (row.upper === undefined) return row.label;
  if (Number.isFinite(row.upper)) return valueText(row.upper, unit, decimals);
  return row.upper > 0 ? '∞' : '−∞';
}

/** What can be had of a gap: cells keep two pixels, and those of less than four have none. */
const gapWithin = (gap: number, cell: number): number =>
  cell < 4 ? 0 : Math.max(0, Math.min(Math.round(gap), Math.floor(cell) - 2));

const formatCount = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : formatNumber(value);
