import type { GridPos } from '../../../src/dashboards/model.ts';

/**
 * In how many columns tiles stand so that each is as large as it can be and few places stay empty.
 * @param shape width over height a tile likes to have
 */
export function tileColumns(count: number, { w, h }: GridPos, shape: number, pageWidth: number): number {
  const isPhone = pageWidth <= 640;
  const width = isPhone ? pageWidth : (w / 24) * pageWidth;
  const height = Math.max(38, h * 38 - 34);
  let best = { columns: 1, score: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns / shape, height / rows);
    const score = size * Math.sqrt(count / (columns * rows));
    if (score > best.score * 1.001) best = { columns, score };
  }
  return best.columns;
}
