import * as z from 'zod';
import { isLabelName } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { equalMap, joinMatchers, matcherList, regexMap } from './inhibit.ts';
import { duration, labelMap, oldForm, positiveDuration, text, verbatim } from './leaves.ts';

/** A node of the routing tree with everything it inherits filled in, except the time intervals, which are not inherited. */
export interface RouteConfig {
  readonly receiver: string;
  /** Labels to group by; empty puts all alerts of the route in one group. Unused when `group_by_all`. */
  readonly group_by: readonly string[];
  /** Groups by all labels (`group_by: ['...']`). */
  readonly group_by_all: boolean;
  /** All must match, sorted; the old `match` and `match_re` are among them. The root has none. */
  readonly matchers: readonly Matcher[];
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
  /** Goes on to the following siblings after a match. */
  readonly continue: boolean;
  readonly group_wait: number;
  readonly group_interval: number;
  readonly repeat_interval: number;
  /** Templates attached to the notifications of this route; children add to them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly routes: readonly RouteConfig[];
}

const groupBy = z.array(verbatim()).superRefine((labels, context) => {
  labels.forEach((label, index) => {
    if (label === '...') {
      if (labels.length > 1) add(index, 'expected either "..." alone or a list of labels');
    } else if (!isLabelName(label)) add(index, `expected a label name, got ${JSON.stringify(label)}`);
    else if (labels.indexOf(label) < index)
      add(index, `expected each label once, got ${JSON.stringify(label)} again`);
  });
  function add(index: number, message: string): void {
    context.addIssue({ code: 'custom', path: [index], message });
  }
});

export const route = z.strictObject({
  receiver: text().optional().describe("Name of the receiver; the parent's unless given."),
  group_by: groupBy
    .optional()
    .describe("Labels that make up a group, `['...']` for all; the parent's unless given."),
  match: equalMap().optional().meta(oldForm('matchers')),
  match_re: regexMap().optional().meta(oldForm('matchers')),
  matchers: matcherList().optional().describe('What an alert must match, such as `severity="critical"`.'),
  mute_time_intervals: z.array(text()).default([]).describe('Time intervals in which nothing is sent.'),
  active_time_intervals: z
    .array(text())
    .default([])
    .describe('Time intervals outside which nothing is sent.'),
  continue: z.boolean().default(false).describe('Goes on to the following siblings after a match.'),
  group_wait: duration()
    .optional()
    .describe("Wait before a new group's first notification; `30s` at the root."),
  group_interval: positiveDuration()
    .optional()
    .describe('Time between notifications of a changed group; `5m` at the root.'),
  repeat_interval: positiveDuration()
    .optional()
    .describe('Time until an unchanged group is sent again; `4h` at the root.'),
  labels: labelMap().default({}).describe('Templates attached to the notifications of this route.'),
  get routes(): z.ZodDefault<z.ZodArray<typeof route>> {
    return z.array(route).default([]).describe('Children, tried in order before this route itself.');
  },
});
export type RouteKeys = z.output<typeof route>;

const ROOT: RouteConfig = {
  receiver: '',
  group_by: [],
  group_by_all: false,
  matchers: [],
  mute_time_intervals: [],
  active_time_intervals: [],
  continue: false,
  group_wait: 30_000,
  group_interval: 300_000,
  repeat_interval: 14_400_000,
  labels: {},
  routes: [],
};

/** Fills in what a route and its children inherit. */
export function completeRoute(keys: RouteKeys, parent: RouteConfig = ROOT): RouteConfig {
  const all = keys.group_by?.includes('...');
  const own: RouteConfig = {
    receiver: keys.receiver || parent.receiver,
    group_by: keys.group_by === undefined ? parent.group_by : all ? [] : keys.group_by,
    group_by_all: all ?? parent.group_by_all,
    matchers: joinMatchers(keys.match, keys.match_re, keys.matchers),
    mute_time_intervals: keys.mute_time_intervals,
    active_time_intervals: keys.active_time_intervals,
    continue: keys.continue,
    group_wait: keys.group_wait ?? parent.group_wait,
    group_interval: keys.group_interval ?? parent.group_interval,
    repeat_interval: keys.repeat_interval ?? parent.repeat_interval,
    labels: { ...parent.labels, ...keys.labels },
    routes: [],
  };
  return { ...own, routes: keys.routes.map((child) => completeRoute(child, own)) };
}
