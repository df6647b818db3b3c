import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext, useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { PageClock } from './clock.ts';
import type { Me } from './data/access-types.ts';
import { type Api, createApi, type Health } from './data/api.ts';
import type { ApiAlert, EventMark } from './data/api-types.ts';
import { withAsked } from './data/asked.ts';
import { createBatch, type Queries } from './data/batch.ts';
import { loginAddress } from './data/next-place.ts';
import { createResource, type Load, type Resource, retryWhileEmpty } from './data/resource.ts';
import { parseApiTime } from './format/time.ts';
import { createRangeStore, type RangeStore } from './nav/range-store.ts';
import { createRouter, type Router } from './nav/router.ts';
import { createTheme, type Theme } from './nav/theme.ts';
import { createZone, type ZoneStore } from './nav/zone.ts';
import { createViewWatch, type ViewWatch } from './parts/view-watch.ts';

/** All that the parts of the page share. Made once by page.tsx, handed down by context. */
export interface Session {
  readonly clock: PageClock;
  readonly api: Api;
  /** The same questions, with all that is asked at the same time in one request. */
  readonly queries: Queries;
  /** When expressions were answered last, Unix ms. */
  readonly answeredAt: ReadonlySignal<number | undefined>;
  readonly router: Router;
  readonly range: RangeStore;
  readonly theme: Theme;
  readonly zone: ZoneStore;
  readonly viewWatch: ViewWatch;
  /** Unix ms, moves each second; for "4 min ago". */
  readonly now: ReadonlySignal<number>;
  /** Counts up each time everything in view is to be fetched again. */
  readonly tick: Signal<number>;
  /** How many alerts fire; watched all the time, for the strip and the badges. */
  readonly firing: ReadonlySignal<number>;
  /** All of them, with each look while somebody holds them: see `useAlerts`. */
  readonly alerts: Resource<readonly ApiAlert[]>;
  /** Has the alerts asked for until the returned function is called. */
  holdAlerts(): () => void;
  /** Deploys and the like within the page's range; every chart marks them. */
  readonly events: Resource<readonly EventMark[]>;
  /** Who the server takes this browser for. */
  readonly me: Resource<Me>;
  /**
   * Why nothing can be stored right now, whether the configuration on disk was refused, how many targets do not answer, how many
   * alerts fire. Watched all the time.
   */
  readonly health: Resource<Health>;
  /** Counts up each time that these are looked at. */
  readonly watched: ReadonlySignal<number>;
  /** The server's first word on its health has come, or will not come. */
  firstLook(): Promise<void>;
  /** How often most targets are scraped, seconds; right after the first look. */
  scrapeSeconds(): number;
  /** When the server started, Unix ms; undefined while that is not known. */
  startedAt(): number | undefined;
  /** Set while the server does not answer at all. */
  readonly isUnreachable: ReadonlySignal<boolean>;
}

/** How often the strip and the badges look, whatever the page's refresh is set to. */
const WATCH_MS = 15_000;
/** The same while it does not answer or is still starting. */
const RETRY_MS = 3000;
/** How often targets are taken to be scraped where that is not known, seconds. */
const SCRAPE_S = 15;

/** @param base the page's root, with a slash at its end */
export function createSession(window: Window, base: URL, clock: PageClock): Session {
  const router = createRouter(window, base.pathname);
  const api = createApi(base.href, withAsked(window.asked, clock.now, fetch), () => {
    window.location.assign(loginAddress(window.location, base));
  });
  const answeredAt = signal<number | undefined>(undefined);
  const queries = createBatch(base.href, clock, undefined, () => {
    answeredAt.value = clock.now();
  });
  const now = signal(clock.now());
  const tick = signal(0);
  const range = createRangeStore(router, clock, () => window.localStorage);
  const alerts = createResource(clock, (abort) => api.alerts(abort));
  const health = createResource(clock, (abort) => api.health(abort));
  const events = createResource(clock, (abort) => api.events(range.resolve(), abort));
  let eventsOf = '';
  effect(() => {
    const { from, to } = range.text.value;
    if (eventsOf !== '' && eventsOf !== `${from} ${to}`) void events.refresh();
    eventsOf = `${from} ${to}`;
  });
  const me = createResource(clock, (abort) => api.access.me(abort));
  void me.refresh();

  let holders = 0;
  const holdAlerts = (): (() => void) => {
    holders++;
    if (holders === 1) void alerts.refresh();
    return () => {
      holders--;
    };
  };

  const watched = signal(0);
  let firstHealth: Promise<void> | undefined;
  const watch = async (): Promise<void> => {
    const hadFailed = health.error.value !== undefined;
    watched.value++;
    const known = health.refresh();
    firstHealth ??= known;
    await Promise.all([holders > 0 && alerts.refresh(), known, events.refresh()]);
    // Back again: everything in view is fetched at once, not only at the next refresh.
    if (hadFailed && health.error.value === undefined) tick.value++;
    if (me.data.value === undefined) void me.refresh();
  };

  let lastTick = clock.now();
  let lastWatch = 0;
  const isHidden = (): boolean => window.document.visibilityState === 'hidden';
  const step = (): void => {
    now.value = clock.now();
    if (isHidden()) return;
    if (now.value - lastWatch >= (health.error.value ? RETRY_MS : WATCH_MS)) {
      lastWatch = now.value;
      void watch();
    }
    const interval = range.refreshMs.value;
    if (interval > 0 && now.value - lastTick >= interval) {
      lastTick = now.value;
      tick.value++;
    }
  };
  step();
  clock.every(1000, step);
  window.document.addEventListener('visibilitychange', step);

  return {
    clock,
    api,
    queries,
    answeredAt,
    router,
    range,
    theme: createTheme(window),
    zone: createZone(window),
    viewWatch: createViewWatch(),
    now,
    tick,
    firing: computed(() => health.data.value?.alerts?.firing ?? 0),
    alerts,
    holdAlerts,
    events,
    watched,
    firstLook: async () => firstHealth,
    scrapeSeconds: () => health.data.peek()?.targets?.scrapeIntervalSeconds ?? SCRAPE_S,
    health,
    startedAt: () => parseApiTime(health.data.peek()?.startedAt ?? ''),
    me,
    isUnreachable: computed(() => isSilent(health.error.value)),
  };
}

const isSilent = (error: Error | undefined): boolean =>
  error !== undefined && 'status' in error && error.status === 0;

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('a part of the page was drawn outside of the session');
  return session;
}

/** The alerts of now, kept up to date for as long as the component is shown. */
export function useAlerts(): Resource<readonly ApiAlert[]> {
  const { alerts, holdAlerts } = useSession();
  useLayoutEffect(holdAlerts, []);
  return alerts;
}

/**
 * Something fetched for as long as the component is shown: at once, whenever `deps` change, and on each tick of the page's
 * refresh. Old data stays until the new is there. An answer that `isEmpty` is asked for again soon, for a minute.
 */
export function useResource<T>(
  load: Load<T>,
  deps: readonly unknown[],
  options?: { live?: boolean; isEmpty?: (answer: T) => boolean },
): Resource<T> {
  const { clock, tick } = useSession();
  const resource = useMemo(() => createResource(clock, load), []);
  const latest = useRef(load);
  latest.current = load;
  // Before the first paint: an effect would wait for a frame, and each part inside of another for one more.
  useLayoutEffect(() => void resource.refresh(latest.current), deps as unknown[]);
  useEffect(() => {
    const { isEmpty } = options ?? {};
    return isEmpty && retryWhileEmpty(clock, resource, isEmpty);
  }, deps as unknown[]);
  useEffect(() => {
    if (options?.live === false) return resource.dispose;
    let isFirst = true;
    const stop = tick.subscribe(() => {
      if (!isFirst) void resource.refresh(latest.current);
      isFirst = false;
    });
    return () => {
      stop();
      resource.dispose();
    };
  }, []);
  return resource;
}
