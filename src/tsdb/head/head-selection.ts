import { OWN_TIME_PLACE } from './layout.ts';

/** Series grouped by where their samples lie, for reading them again and again. Valid for all views of the index with this many series. */
export class HeadSelection {
  /** Series with their own times. */
  readonly own: Uint32Array;
  readonly rings: readonly { readonly ring: number; readonly series: Uint32Array }[];
  readonly size: number;

  constructor(series: Uint32Array, sourceOf: (series: number) => number) {
    const byRing = new Map<number, number[]>();
    let lastRing = -1;
    let list: number[] = [];
    for (const one of series) {
      const ring = sourceOf(one);
      if (ring !== lastRing) {
        lastRing = ring;
        list = byRing.get(ring) ?? [];
        byRing.set(ring, list);
      }
      list.push(one);
    }
    this.size = series.length;
    this.own = Uint32Array.from(byRing.get(OWN_TIME_PLACE) ?? []);
    byRing.delete(OWN_TIME_PLACE);
    this.rings = Array.from(byRing, ([ring, list]) => ({ ring, series: Uint32Array.from(list) }));
  }
}
