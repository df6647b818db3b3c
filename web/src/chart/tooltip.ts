import type uPlot from 'uplot';
import { timeText, type Zone } from '../format/time.ts';
import { formatValue } from '../format/units.ts';
import type { ChartSpec } from './plot.ts';
import { type ChartMark, marksNear } from './time-marks.ts';

const MAX_ROWS = 12;
const MAX_MARKS = 3;
/** How near the pointer has to be to a mark, pixels. */
const MARK_REACH_PX = 6;

export interface TooltipSettings {
  /** `single` tells the nearest line only. */
  readonly mode: 'all' | 'single' | 'none';
  readonly sort: 'none' | 'ascending' | 'descending';
  readonly hideZeros: boolean;
  /** Also while the pointer is over another chart of the same page. */
  readonly isShared: boolean;
}

export interface Tooltip {
  move(plot: uPlot, spec: ChartSpec): void;
  show(): void;
  hide(): void;
  /** Holds the box where it is, so that what it says can be selected, or lets it go. */
  pin(isPinned: boolean): void;
  destroy(): void;
}

interface Row {
  readonly name: string;
  readonly value: number;
  readonly color: string;
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly isNearest: boolean;
}

/**
 * The box that follows the pointer: values at that time, largest first, the nearest line in bold, at most twelve. Plain DOM
 * with text nodes only, one box per chart, nothing rebuilt while the pointer stays on the same point.
 */
export function createTooltip(host: HTMLElement): Tooltip {
  const box = document.createElement('div');
  box.className = 'chart-tip';
  box.hidden = true;
  host.append(box);
  let isHovered = false;
  let isPinned = false;
  let shown = '';

  return {
    move(plot, spec) {
      if (isPinned) return;
      const { idx, left, top } = plot.cursor;
      if (
        (!isHovered && spec.tooltip?.isShared !== true) ||
        spec.tooltip?.mode === 'none' ||
        idx === null ||
        idx === undefined ||
        left === undefined ||
        top === undefined ||
        left < 0
      ) {
        box.hidden = true;
        return;
      }
      const rows = rowsAt(plot, spec, idx, isHovered ? top : Number.NaN);
      const width = Math.max(1, plot.bbox.width / window.devicePixelRatio);
      const reach = ((spec.range[1] - spec.range[0]) / width) * MARK_REACH_PX;
      const marks = marksNear(spec.marks ?? [], plot.posToVal(left, 'x'), reach).slice(0, MAX_MARKS);
      if (rows.length === 0 && marks.length === 0) {
        box.hidden = true;
        return;
      }
      const nearest = rows.findIndex((row) => row.isNearest);
      const told = `${idx} ${nearest} ${rows.length} ${rows[0]?.value} ${marks.map(({ text }) => text).join()}`;
      if (told !== shown) fill(box, spec.times[idx]! * 1000, rows, marks, spec.zone);
      shown = told;
      box.hidden = false;
      place(box, plot, left, top, box.childElementCount);
    },
    show() {
      isHovered = true;
    },
    hide() {
      isHovered = false;
      if (!isPinned) box.hidden = true;
    },
    pin(next) {
      isPinned = next && !box.hidden;
      box.classList.toggle('is-pinned', isPinned);
    },
    destroy: () => box.remove(),
  };
}

/** @param top where the pointer is, pixels; NaN where it is over another chart */
function rowsAt(plot: uPlot, spec: ChartSpec, index: number, top: number): Row[] {
  const { mode = 'all', sort = 'descending', hideZeros = false } = spec.tooltip ?? {};
  let nearest = -1;
  let nearestDistance = mode === 'single' ? Number.POSITIVE_INFINITY : NEAR_PX;
  const found: (Omit<Row, 'isNearest'> & { at: number })[] = [];
  spec.lines.forEach((line, i) => {
    const value = line.values[index];
    if (value === null || value === undefined || line.isUntold || spec.hidden.has(line.name)) return;
    if (hideZeros && value === 0) return;
    const drawn = plot.data[i + 1]![index] ?? value;
    const distance = Math.abs(plot.valToPos(drawn, line.axis ?? 'left') - top);
    if (distance < nearestDistance) {
      nearest = i;
      nearestDistance = distance;
    }
    const isRight = line.axis === 'right';
    found.push({
      name: line.name,
      value,
      color: line.color,
      unit: line.unit ?? (isRight ? (spec.rightUnit ?? spec.unit) : spec.unit),
      decimals: line.decimals ?? (isRight ? spec.rightDecimals : spec.decimals),
      at: i,
    });
  });
  const told = mode === 'single' ? found.filter(({ at }) => at === nearest) : found;
  if (sort !== 'none') told.sort((a, b) => (sort === 'ascending' ? a.value - b.value : b.value - a.value));
  return told.map(({ at, ...row }) => ({ ...row, isNearest: at === nearest }));
}

/** How near to the pointer a line is emphasised, pixels. */
const NEAR_PX = 24;

function fill(
  box: HTMLElement,
  time: number,
  rows: readonly Row[],
  marks: readonly ChartMark[],
  zone: Zone = 'local',
): void {
  const nearest = rows.find((row) => row.isNearest);
  const shown = rows.slice(0, MAX_ROWS);
  if (nearest && !shown.includes(nearest)) shown[MAX_ROWS - 1] = nearest;
  const head = element('div', 'chart-tip-time', timeText(time, time - 86_400_000 * 2, zone));
  const lines = shown.map((row) => {
    const line = element('div', row.isNearest ? 'chart-tip-row is-nearest' : 'chart-tip-row');
    const dot = element('span', 'chart-tip-dot');
    dot.style.background = row.color;
    const { text, unit } = formatValue(row.value, row.unit, row.decimals);
    const value = element('span', 'chart-tip-value', text);
    if (unit !== '') value.append(element('span', 'unit', unit));
    line.append(dot, element('span', 'chart-tip-name', row.name), value);
    return line;
  });
  const rest = rows.length - shown.length;
  const more = rest > 0 ? [element('div', 'chart-tip-more', `and ${rest} more`)] : [];
  const notes = marks.map((mark) => {
    const note = element('div', 'chart-tip-mark', `${timeText(mark.time * 1000, time, zone)} ${mark.text}`);
    note.style.borderColor = mark.color;
    return note;
  });
  box.replaceChildren(head, ...lines, ...more, ...notes);
}

/**
 * Beside the pointer, on the side with more room, without asking the browser for sizes: that would lay out the page on every move.
 * @param lineCount how many lines the box has
 */
function place(box: HTMLElement, plot: uPlot, left: number, top: number, lineCount: number): void {
  const ratio = window.devicePixelRatio;
  const [plotLeft, plotTop, width, height] = [
    plot.bbox.left / ratio,
    plot.bbox.top / ratio,
    plot.bbox.width / ratio,
    plot.bbox.height / ratio,
  ];
  const isRight = left > width / 2;
  const x = plotLeft + left + (isRight ? -GAP_PX : GAP_PX);
  const y = plotTop + Math.max(0, Math.min(top - GAP_PX, height - lineCount * LINE_PX - PADDING_PX));
  box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)${isRight ? ' translateX(-100%)' : ''}`;
}

const GAP_PX = 12;
/** As the style has them. */
const LINE_PX = 16;
const PADDING_PX = 24;

function element(tag: string, className: string, text?: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
