import type { RouteConfig } from '../config/route.ts';
import { sortMatchers } from '../model/alert-matchers.ts';
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type CompiledMatchers, compileMatchers, formatAlertMatchers } from './matching.ts';

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

/** Builds the route tree from a section in which what children inherit is filled in. */
export function buildRoutes(config: RouteConfig): Route {
  return buildRoute(config, undefined, 0);
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

function buildRoute(config: RouteConfig, parent: Route | undefined, index: number): Route {
  const matchers = compileMatchers(sortMatchers(config.matchers));
  const text = formatAlertMatchers(matchers.matchers);
  const children: Route[] = [];
  const route: Route = {
    id: parent ? `${parent.id}/${text}/${index}` : text,
    key: parent ? `${parent.key}/${text}` : text,
    matchers,
    continues: config.continue,
    receiver: config.receiver,
    groupBy: config.group_by_all ? 'all' : new Set(config.group_by),
    groupWaitMs: config.group_wait,
    groupIntervalMs: config.group_interval,
    repeatIntervalMs: config.repeat_interval,
    muteTimes: config.mute_time_intervals,
    activeTimes: config.active_time_intervals,
    labels: config.labels,
    children,
  };
  for (const [i, child] of config.routes.entries()) children.push(buildRoute(child, route, i));
  return route;
}
