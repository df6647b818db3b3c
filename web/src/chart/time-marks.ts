import type uPlot from 'uplot';

/** A stretch of time drawn behind the lines. Unix seconds. */
export interface ChartShade {
  readonly from: number;
  readonly to: number;
  readonly color: string;
  /** Drawn as a bar on the time axis only, so that nothing lies behind the lines. */
  readonly isBar?: boolean;
}

/** A moment, drawn as a thin line with a foot on the time axis; its text is in the tooltip. Unix seconds. */
export interface ChartMark {
  readonly time: number;
  readonly color: string;
  readonly text: string;
  /** Only the foot, no line across the plot. */
  readonly isFoot?: boolean;
}

const BAR_PX = 2;

export function drawShades(plot: uPlot, shades: readonly ChartShade[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { from, to, color, isBar } of shades) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
    if (right <= left) continue;
    ctx.fillStyle = color;
    const height = isBar ? BAR_PX * devicePixelRatio : bbox.height;
    const top = bbox.top + bbox.height - (isBar ? 0 : height);
    ctx.fillRect(left, top, Math.max(right - left, devicePixelRatio), height);
  }
  ctx.restore();
}

export function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { time, color, isFoot } of marks) {
    const x = Math.round(plot.valToPos(time, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    if (!isFoot) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
    }
    const half = 3.5 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bottom - 1.6 * half);
    ctx.lineTo(x + half, bottom);
    ctx.lineTo(x - half, bottom);
    ctx.fill();
  }
  ctx.restore();
}

/** The marks that stand within `reach` seconds of a time, nearest first. */
export function marksNear(marks: readonly ChartMark[], time: number, reach: number): ChartMark[] {
  return marks
    .filter((mark) => Math.abs(mark.time - time) <= reach)
    .sort((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time));
}
