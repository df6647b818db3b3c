import type uPlot from 'uplot';
import { timeText } from '../format/time.ts';
import { formatValue } from '../format/units.ts';
import type { ChartSpec } from './chart-spec.ts';
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

/** From so many lines on, not each has a dot under the pointer: only the nearest. */
export const MANY_LINES = 24;

/**
 * The box that follows the pointer: values at that time, largest first, the nearest line in bold, at most twelve. Plain DOM
 * with text nodes only, one box per chart; rows are made once and written anew, and not at all while the pointer stays on the same point.
 */
export function createTooltip(host: HTMLElement): Tooltip {
  const view = createView();
  const { box } = view;
  host.append(box);
  const dot = element('div', 'chart-dot');
  dot.hidden = true;
  let isHovered = false;
  let isPinned = false;
  let shown = '';
  let found: Found = { order: [], nearest: -1 };
  let foundAt = -1;
  let foundTop = Number.NaN;
  let foundSpec: ChartSpec | undefined;
  const hide = (): void => {
    box.hidden = true;
    dot.hidden = true;
  };

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
        hide();
        return;
      }
      const at = isHovered ? top : Number.NaN;
      if (foundAt !== idx || foundSpec !== spec || !Object.is(foundTop, at)) {
        found = linesAt(plot, spec, idx, at);
        foundAt = idx;
        foundTop = at;
        foundSpec = spec;
      }
      const width = Math.max(1, plot.bbox.width / window.devicePixelRatio);
      const reach = ((spec.range[1] - spec.range[0]) / width) * MARK_REACH_PX;
      const marks = marksNear(spec.marks ?? [], plot.posToVal(left, 'x'), reach).slice(0, MAX_MARKS);
      const { order, nearest } = found;
      if (order.length === 0 && marks.length === 0) {
        hide();
        return;
      }
      const told = `${idx} ${nearest} ${order.length} ${spec.lines[order[0] ?? -1]?.values[idx]} ${marks.map(({ text }) => text).join()}`;
      if (told !== shown) view.write(spec, idx, found, marks);
      shown = told;
      box.hidden = false;
      view.place(plot, left, top);
      placeDot(dot, plot, spec, idx, nearest);
    },
    show() {
      isHovered = true;
    },
    hide() {
      isHovered = false;
      if (!isPinned) hide();
    },
    pin(next) {
      isPinned = next && !box.hidden;
      box.classList.toggle('is-pinned', isPinned);
    },
    destroy() {
      box.remove();
      dot.remove();
    },
  };
}

/** Lines that have a value at the pointer's time. */
interface Found {
  /** Their places in the spec, as they are told. */
  readonly order: readonly number[];
  /** Place of the nearest to the pointer; -1 where none is near. */
  readonly nearest: number;
}

/** @param top where the pointer is, pixels; NaN where it is over another chart */
function linesAt(plot: uPlot, spec: ChartSpec, index: number, top: number): Found {
  const { mode = 'all', sort = 'descending', hideZeros = false } = spec.tooltip ?? {};
  const { lines } = spec;
  let nearest = -1;
  let nearestDistance = mode === 'single' ? Number.POSITIVE_INFINITY : NEAR_PX;
  const order: number[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const value = line.values[index];
    if (value === null || value === undefined || line.isUntold || spec.hidden.has(line.name)) continue;
    if (hideZeros && value === 0) continue;
    const drawn = plot.data[i + 1]![index] ?? value;
    const distance = Math.abs(plot.valToPos(drawn, line.axis ?? 'left') - top);
    if (distance < nearestDistance) {
      nearest = i;
      nearestDistance = distance;
    }
    order.push(i);
  }
  const amountOf = (i: number): number => lines[i]!.values[index] as number;
  if (mode === 'single') return { order: nearest < 0 ? [] : [nearest], nearest };
  if (sort === 'ascending') order.sort((a, b) => amountOf(a) - amountOf(b));
  else if (sort === 'descending') order.sort((a, b) => amountOf(b) - amountOf(a));
  return { order, nearest };
}

/** How near to the pointer a line is emphasised, pixels. */
const NEAR_PX = 24;

/** The box's elements, made when they are first needed and kept. */
function createView() {
  const box = element('div', 'chart-tip');
  box.hidden = true;
  const head = element('div', 'chart-tip-time');
  const more = element('div', 'chart-tip-more');
  box.append(head, more);
  const rows: ReturnType<typeof createRow>[] = [];
  let notes: HTMLElement[] = [];
  let lineCount = 0;
  return {
    box,
    write(spec: ChartSpec, index: number, { order, nearest }: Found, marks: readonly ChartMark[]): void {
      const time = spec.times[index]! * 1000;
      const shown = order.slice(0, MAX_ROWS);
      if (nearest >= 0 && !shown.includes(nearest)) shown[MAX_ROWS - 1] = nearest;
      head.textContent = timeText(time, time - 86_400_000 * 2, spec.zone ?? 'local');
      shown.forEach((place, i) => {
        if (!rows[i]) {
          rows[i] = createRow();
          more.before(rows[i].line);
        }
        const line = spec.lines[place]!;
        const isRight = line.axis === 'right';
        rows[i].write(
          line,
          line.values[index] as number,
          line.unit ?? (isRight ? (spec.rightUnit ?? spec.unit) : spec.unit),
          line.decimals ?? (isRight ? spec.rightDecimals : spec.decimals),
          place === nearest,
        );
      });
      rows.forEach(({ line }, i) => {
        line.hidden = i >= shown.length;
      });
      const rest = order.length - shown.length;
      more.hidden = rest <= 0;
      if (rest > 0) more.textContent = `and ${rest} more`;
      for (const note of notes) note.remove();
      notes = marks.map((mark) => {
        const at = timeText(mark.time * 1000, time, spec.zone ?? 'local');
        const note = element('div', 'chart-tip-mark', `${at} ${mark.text}`);
        note.style.borderColor = mark.color;
        return note;
      });
      box.append(...notes);
      lineCount = 1 + shown.length + (rest > 0 ? 1 : 0) + notes.length;
    },
    /** Beside the pointer, on the side with more room, without asking the browser for sizes: that would lay out the page on every move. */
    place(plot: uPlot, left: number, top: number): void {
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
    },
  };
}

function createRow() {
  const line = element('div', 'chart-tip-row');
  const key = element('span', 'chart-tip-dot');
  const name = element('span', 'chart-tip-name', ' ');
  const value = element('span', 'chart-tip-value');
  const number = document.createTextNode('');
  const unitText = element('span', 'unit');
  value.append(number, unitText);
  line.append(key, name, value);
  let color = '';
  return {
    line,
    write(
      told: { readonly name: string; readonly color: string },
      amount: number,
      unit: string,
      decimals: number | undefined,
      isNearest: boolean,
    ): void {
      const written = formatValue(amount, unit, decimals);
      if (color !== told.color) key.style.background = color = told.color;
      setText(name.firstChild as Text, told.name);
      setText(number, written.text);
      if (unitText.textContent !== written.unit) unitText.textContent = written.unit;
      line.classList.toggle('is-nearest', isNearest);
    },
  };
}

function setText(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}

/** On the nearest line, where there are too many lines for a dot on each. */
function placeDot(dot: HTMLElement, plot: uPlot, spec: ChartSpec, index: number, nearest: number): void {
  const line = spec.lines[nearest];
  const value = plot.data[nearest + 1]?.[index];
  const isShown =
    spec.lines.length >= MANY_LINES && line !== undefined && value !== null && value !== undefined;
  dot.hidden = !isShown;
  if (!isShown) return;
  if (!dot.isConnected) plot.over.append(dot);
  const x = plot.valToPos(spec.times[index]!, 'x');
  const y = plot.valToPos(value, line.axis ?? 'left');
  dot.style.background = line.color;
  dot.style.transform = `translate(${Math.round(x) - DOT_PX / 2}px, ${Math.round(y) - DOT_PX / 2}px)`;
}

const GAP_PX = 12;
/** As the style has them. */
const LINE_PX = 16;
const PADDING_PX = 24;
const DOT_PX = 8;

function element(tag: string, className: string, text?: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
