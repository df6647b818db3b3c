import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { PageClock } from '../clock.ts';
import { parsePromDuration, promDuration } from '../format/duration.ts';
import type { Router } from './router.ts';
import {
  DEFAULT_RANGE,
  isRelative,
  parseInstant,
  type RangeText,
  type ResolvedRange,
  resolveRange,
  tidyRange,
} from './time-range.ts';

/** The page's time range and refresh. Both live in the URL, so Back undoes a zoom, and both follow to the next page. */
export interface RangeStore {
  readonly text: ReadonlySignal<RangeText>;
  /** 0 = only on demand. */
  readonly refreshMs: ReadonlySignal<number>;
  readonly canUndo: ReadonlySignal<boolean>;
  resolve(): ResolvedRange;
  set(range: RangeText): void;
  undo(): void;
  /** Absolute ranges looked at before, newest first. */
  recent(): readonly RangeText[];
  setRefresh(intervalMs: number): void;
  /** What a view wants while the URL says nothing: a dashboard's own range and refresh. */
  setDefaults(range: RangeText | undefined, refreshMs: number | undefined): void;
  /** `?from=…&to=…` for links to other pages; empty for the default. */
  readonly carry: ReadonlySignal<string>;
}

const DEFAULT_REFRESH_MS = 15_000;
const MAX_UNDO = 50;

/** Explore keeps its range in upstream's parameters, so that links from alerts and from other tools work both ways. */
const isExplore = (path: string): boolean => path === '/graph';

/** @param storage keeps recent ranges; a browser may refuse it */
export function createRangeStore(router: Router, clock: PageClock, storage: () => Storage): RangeStore {
  const past = signal<readonly RangeText[]>([]);
  const defaults = signal<{ range: RangeText; refreshMs: number }>({
    range: DEFAULT_RANGE,
    refreshMs: DEFAULT_REFRESH_MS,
  });

  const text = computed((): RangeText => {
    const query = router.query.value;
    if (isExplore(router.path.value)) return exploreRange(query) ?? DEFAULT_RANGE;
    const from = query.get('from');
    const to = query.get('to');
    return from === null ? defaults.value.range : { from, to: to ?? 'now' };
  });
  const refreshMs = computed(() => {
    const given = router.query.value.get('refresh');
    if (given === null) return defaults.value.refreshMs;
    return given === '' || given === 'off' ? 0 : (parsePromDuration(given) ?? defaults.value.refreshMs);
  });
  const write = (range: RangeText): void => {
    const tidy = tidyRange(range);
    if (isExplore(router.path.value)) router.setQuery(exploreQuery(tidy, clock.now()));
    else router.setQuery({ from: tidy.from, to: tidy.to });
  };

  return {
    text,
    refreshMs,
    canUndo: computed(() => past.value.length > 0),
    resolve: () => resolveRange(text.value, clock.now()),
    set(range) {
      past.value = [...past.value.slice(-MAX_UNDO), text.value];
      write(range);
      if (!isRelative(range)) remember(storage, range);
    },
    undo() {
      const previous = past.value.at(-1);
      if (!previous) return;
      past.value = past.value.slice(0, -1);
      write(previous);
    },
    recent: () => recentRanges(storage),
    setRefresh(intervalMs) {
      router.setQuery({ refresh: intervalMs === 0 ? 'off' : promDuration(intervalMs) }, { replace: true });
    },
    setDefaults(range, refresh) {
      defaults.value = { range: range ?? DEFAULT_RANGE, refreshMs: refresh ?? DEFAULT_REFRESH_MS };
    },
    carry: computed(() => {
      const query = router.query.value;
      const out = new URLSearchParams();
      const { from, to } = text.value;
      const isGiven = isExplore(router.path.value) ? query.has('g0.range_input') : query.has('from');
      if (isGiven && !(from === DEFAULT_RANGE.from && to === DEFAULT_RANGE.to)) {
        out.set('from', from);
        out.set('to', to);
      }
      const refresh = query.get('refresh');
      if (refresh !== null) out.set('refresh', refresh);
      const params = out.toString();
      return params === '' ? '' : `?${params}`;
    }),
  };
}

/** Reads `g0.range_input=1h` with `g0.end_input`, or a range carried over from another page. */
function exploreRange(query: URLSearchParams): RangeText | undefined {
  const length = parsePromDuration(query.get('g0.range_input') ?? '');
  if (length === undefined) {
    const from = query.get('from');
    return from === null ? undefined : { from, to: query.get('to') ?? 'now' };
  }
  const endText = query.get('g0.end_input') ?? query.get('g0.moment_input');
  const end = endText === null ? undefined : parseInstant(`${endText.replace(' ', 'T')}Z`, 0);
  if (end === undefined)
    return tidyRange({ from: `now-${Math.max(1, Math.round(length / 1000))}s`, to: 'now' });
  return { from: String(end - length), to: String(end) };
}

function exploreQuery(range: RangeText, now: number): Record<string, string | undefined> {
  const { from, to } = resolveRange(range, now);
  const end = isRelative(range) ? undefined : new Date(to).toISOString().slice(0, 19).replace('T', ' ');
  return {
    'g0.range_input': promDuration(Math.round((to - from) / 1000) * 1000),
    'g0.end_input': end,
    'g0.moment_input': end,
    from: undefined,
    to: undefined,
  };
}

const RECENT_KEY = 'belfry.ranges';
const MAX_RECENT = 4;

function recentRanges(storage: () => Storage): readonly RangeText[] {
  try {
    const stored: unknown = JSON.parse(storage().getItem(RECENT_KEY) ?? '[]');
    return Array.isArray(stored) ? (stored as RangeText[]) : [];
  } catch {
    return [];
  }
}

function remember(storage: () => Storage, range: RangeText): void {
  const others = recentRanges(storage).filter(({ from, to }) => from !== range.from || to !== range.to);
  try {
    storage().setItem(RECENT_KEY, JSON.stringify([range, ...others].slice(0, MAX_RECENT)));
  } catch {
    // Storage is switched off: nothing is remembered.
  }
}
