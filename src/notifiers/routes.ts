import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type CompiledMatchers, compileMatchers, formatAlertMatchers, sortMatchers } from './matching.ts';
import type { RouteSettings } from './settings.ts';

/** A node of the route tree with everything it inherits filled in. Durations in ms. */
export interface Route {
  /** Names the node uniquely within the tree, also across reloads that leave it where it is. */
  readonly id: string;
  /** Matchers from the root to here, as they begin a group key. Two nodes may share one. */
  readonly key: string;
  readonly matchers: CompiledMatchers;
  readonly continues: boolean;
  readonly receiver: string;
  /** `all` for `group_by: ['...']`. */
  readonly groupBy: ReadonlySet<string> | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimes: readonly string[];
  readonly activeTimes: readonly string[];
  /** Labels of the route, its parents' included; values are templates. */
  readonly labels: Readonly<Record<string, string>>;
  readonly children: readonly Route[];
}

/** One node on the way to a route, and what decided about it. */
export interface RouteStep {
  readonly id: string;
  readonly matchers: string;
  readonly receiver: string;
  readonly matched: boolean;
  /** The matchers that did not hold. */
  readonly failing: readonly Matcher[];
  /** Whether alerts of this node go to its receiver, no child having matched. */
  readonly chosen: boolean;
  /** Whether the search went on to the node's next sibling. */
  readonly continued: boolean;
}

/** Builds the route tree. The root's options default as upstream's; children inherit, but for the time intervals. */
export function buildRoutes(settings: RouteSettings): Route {
  return buildRoute(settings, undefined, 0);
}

/** The nodes an alert goes to: depth first, left to right, the deepest that match. Empty only if the root does not match. */
export function matchRoutes(route: Route, labels: Labels): readonly Route[] {
  if (!route.matchers.matches(labels)) return [];
  const found: Route[] = [];
  for (const child of route.children) {
    const below = matchRoutes(child, labels);
    found.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return found.length > 0 ? found : [route];
}

/** Says for every node that was looked at whether it matched and why not, in the order of the search. */
export function explainRoutes(root: Route, labels: Labels): readonly RouteStep[] {
  const steps: RouteStep[] = [];
  const visit = (route: Route): boolean => {
    const failing = route.matchers.failing(labels);
    const index = steps.length;
    const matched = failing.length === 0;
    let below = false;
    steps.push(undefined as unknown as RouteStep);
    if (matched) {
      for (const child of route.children) {
        const hit = visit(child);
        below ||= hit;
        if (hit && !child.continues) break;
      }
    }
    steps[index] = {
      id: route.id,
      matchers: formatAlertMatchers(route.matchers.matchers),
      receiver: route.receiver,
      matched,
      failing,
      chosen: matched && !below,
      continued: !matched || route.continues,
    };
    return matched;
  };
  visit(root);
  return steps;
}

/** All nodes, parents before children. */
export function* eachRoute(route: Route): Generator<Route> {
  yield route;
  for (const child of route.children) yield* eachRoute(child);
}

function buildRoute(settings: RouteSettings, parent: Route | undefined, index: number): Route {
  const matchers = compileMatchers(sortMatchers(routeMatchers(settings)));
  const text = formatAlertMatchers(matchers.matchers);
  const own: Omit<Route, 'children'> = {
    id: parent ? `${parent.id}/${text}/${index}` : text,
    key: parent ? `${parent.key}/${text}` : text,
    matchers,
    continues: settings.continue ?? false,
    receiver: settings.receiver || parent?.receiver || '',
    groupBy: groupBy(settings.group_by) ?? parent?.groupBy ?? new Set(),
    groupWaitMs: settings.group_wait ?? parent?.groupWaitMs ?? 30_000,
    groupIntervalMs: settings.group_interval ?? parent?.groupIntervalMs ?? 300_000,
    repeatIntervalMs: settings.repeat_interval ?? parent?.repeatIntervalMs ?? 14_400_000,
    muteTimes: settings.mute_time_intervals ?? [],
    activeTimes: settings.active_time_intervals ?? [],
    labels: { ...parent?.labels, ...settings.labels },
  };
  const children: Route[] = [];
  const route: Route = { ...own, children };
  for (const [i, child] of (settings.routes ?? []).entries()) children.push(buildRoute(child, route, i));
  return route;
}

function groupBy(names: readonly string[] | undefined): Route['groupBy'] | undefined {
  if (!names) return undefined;
  return names.includes('...') ? 'all' : new Set(names);
}

function routeMatchers(settings: RouteSettings): readonly Matcher[] {
  return [
    ...Object.entries(settings.match ?? {}).map(([name, value]): Matcher => ({ name, op: '=', value })),
    ...Object.entries(settings.match_re ?? {}).map(([name, value]): Matcher => ({ name, op: '=~', value })),
    ...(settings.matchers ?? []),
  ];
}
