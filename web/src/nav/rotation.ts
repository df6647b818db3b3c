import { parsePromDuration } from '../format/duration.ts';

/** Dashboards that a wall shows in turn. All of it is in the address: `?kiosk&rotate=30s&boards=uid,uid`. */
export interface Rotation {
  readonly everyMs: number;
  readonly boards: readonly string[];
}

const LEAST_MS = 5000;

/** What the address says; undefined without an interval or with fewer than two dashboards. */
export function rotationOf(query: URLSearchParams): Rotation | undefined {
  const everyMs = parsePromDuration(query.get('rotate') ?? '');
  const boards = (query.get('boards') ?? '').split(',').filter((uid) => uid !== '');
  if (everyMs === undefined || boards.length < 2) return undefined;
  return { everyMs: Math.max(LEAST_MS, everyMs), boards };
}

/** Where the dashboard after this one is; range and variables go along, what belongs to one dashboard's panels does not. */
export function nextBoard({ boards }: Rotation, path: string, query: URLSearchParams): string {
  const uid = decodeURIComponent(/^\/d\/([^/]+)/.exec(path)?.[1] ?? '');
  const next = boards[(boards.indexOf(uid) + 1) % boards.length]!;
  const kept = [...query].filter(
    ([name]) => !/^(viewPanel|fullscreen|panelId|only-.*|hide-.*|mark-.*)$/.test(name),
  );
  return `/d/${encodeURIComponent(next)}/?${new URLSearchParams(kept)}`;
}
