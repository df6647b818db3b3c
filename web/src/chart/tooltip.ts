import type uPlot from 'uplot';
import { timeText } from '../format/time.ts';
import { formatValue } from '../format/units.ts';
import type { ChartSpec } from './plot.ts';
import { type ChartMark, marksNear } from './time-marks.ts';

const MAX_ROWS = 12;
const MAX_MARKS = 3;
/** How near the pointer has to be to a mark, pixels. */
const MARK_REACH_PX = 6;

export interface Tooltip {
  move(plot: uPlot, spec: ChartSpec): void;
  show(): void;
  hide(): void;
  destroy(): void;
}

interface Row {
  readonly name: string;
  readonly value: number;
  readonly color: string;
  readonly unit: string;
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

  return {
    move(plot, spec) {
      const { idx, left, top } = plot.cursor;
      if (
        !isHovered ||
        idx === null ||
        idx === undefined ||
        left === undefined ||
        top === undefined ||
        left < 0
      ) {
        box.hidden = true;
        return;
      }
      const rows = rowsAt(plot, spec, idx, top);
      const reach = ((spec.range[1] - spec.range[0]) / Math.max(1, plot.over.clientWidth)) * MARK_REACH_PX;
      const marks = marksNear(spec.marks ?? [], plot.posToVal(left, 'x'), reach).slice(0, MAX_MARKS);
      if (rows.length === 0 && marks.length === 0) {
        box.hidden = true;
        return;
      }
      fill(box, spec.times[idx]! * 1000, rows, marks, spec.decimals);
      box.hidden = false;
      place(box, plot, left, top);
    },
    show() {
      isHovered = true;
    },
    hide() {
      isHovered = false;
      box.hidden = true;
    },
    destroy: () => box.remove(),
  };
}

function rowsAt(plot: uPlot, spec: ChartSpec, index: number, top: number): Row[] {
  let nearest = -1;
  let nearestDistance = 24;
  const found: (Omit<Row, 'isNearest'> & { at: number })[] = [];
  spec.lines.forEach((line, i) => {
    const value = line.values[index];
    if (value === null || value === undefined || line.isUntold || spec.hidden.has(line.name)) return;
    const drawn = plot.data[i + 1]![index] ?? value;
    const distance = Math.abs(plot.valToPos(drawn, line.axis ?? 'left') - top);
    if (distance < nearestDistance) {
      nearest = i;
      nearestDistance = distance;
    }
    const unit = line.axis === 'right' ? (spec.rightUnit ?? spec.unit) : spec.unit;
    found.push({ name: line.name, value, color: line.color, unit, at: i });
  });
  return found
    .sort((a, b) => b.value - a.value)
    .map(({ at, ...row }) => ({ ...row, isNearest: at === nearest }));
}

function fill(
  box: HTMLElement,
  time: number,
  rows: readonly Row[],
  marks: readonly ChartMark[],
  decimals: number | undefined,
): void {
  const nearest = rows.find((row) => row.isNearest);
  const shown = rows.slice(0, MAX_ROWS);
  if (nearest && !shown.includes(nearest)) shown[MAX_ROWS - 1] = nearest;
  const head = element('div', 'chart-tip-time', timeText(time, time - 86_400_000 * 2));
  const lines = shown.map((row) => {
    const line = element('div', row.isNearest ? 'chart-tip-row is-nearest' : 'chart-tip-row');
    const dot = element('span', 'chart-tip-dot');
    dot.style.background = row.color;
    const { text, unit } = formatValue(row.value, row.unit, decimals);
    const value = element('span', 'chart-tip-value', text);
    if (unit !== '') value.append(element('span', 'unit', unit));
    line.append(dot, element('span', 'chart-tip-name', row.name), value);
    return line;
  });
  const rest = rows.length - shown.length;
  const more = rest > 0 ? [element('div', 'chart-tip-more', `and ${rest} more`)] : [];
  const notes = marks.map((mark) => {
    const note = element('div', 'chart-tip-mark', `${timeText(mark.time * 1000, time)} ${mark.text}`);
    note.style.borderColor = mark.color;
    return note;
  });
  box.replaceChildren(head, ...lines, ...more, ...notes);
}

function place(box: HTMLElement, plot: uPlot, left: number, top: number): void {
  const plotLeft = plot.over.offsetLeft;
  const room = plot.over.clientWidth;
  const width = box.offsetWidth;
  const x = left + width + 24 > room ? Math.max(-plotLeft, left - width - 12) : left + 12;
  const y = Math.max(0, Math.min(top - 12, plot.over.clientHeight - box.offsetHeight));
  box.style.transform = `translate(${Math.round(plotLeft + x)}px, ${Math.round(plot.over.offsetTop + y)}px)`;
}

function element(tag: string, className: string, text?: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
