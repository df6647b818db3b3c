import type uPlot from 'uplot';
import type { ChartSpec, ChartThreshold } from './chart-spec.ts';
import { withAlpha } from './palette.ts';

/** Each threshold's colour from its value up to the next one. */
export function drawThresholdAreas(plot: uPlot, thresholds: readonly ChartThreshold[]): void {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  const inside = (y: number): number => Math.min(bottom, Math.max(bbox.top, y));
  ctx.save();
  thresholds.forEach(({ value, color }, i) => {
    const next = thresholds[i + 1];
    const low = value === Number.NEGATIVE_INFINITY ? bottom : inside(plot.valToPos(value, 'left', true));
    const high = next ? inside(plot.valToPos(next.value, 'left', true)) : bbox.top;
    ctx.fillStyle = withAlpha(color, 0.1);
    ctx.fillRect(bbox.left, high, bbox.width, low - high);
  });
  ctx.restore();
}

/** A line across the plot for each, as the style says. */
export function drawThresholds(plot: uPlot, spec: ChartSpec): void {
  const { ctx, bbox } = plot;
  const style = spec.thresholdStyle ?? 'dashed';
  if (!/line|dashed/.test(style)) return;
  ctx.save();
  for (const { value, color } of spec.thresholds ?? []) {
    if (!Number.isFinite(value)) continue;
    const y = plot.valToPos(value, 'left', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = color;
    ctx.lineWidth = window.devicePixelRatio;
    ctx.setLineDash(
      style.includes('dashed') ? [6 * window.devicePixelRatio, 4 * window.devicePixelRatio] : [],
    );
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
