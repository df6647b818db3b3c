import * as z from 'zod';
import type { Matcher } from '../model/matcher.ts';
import { matcherList } from './inhibit.ts';
import { text, verbatim } from './leaves.ts';

const DOWN: readonly Matcher[] = [{ name: 'severity', op: '=~', value: 'critical|page|emergency' }];

const statusService = z.strictObject({
  name: text()
    .min(1, { error: 'expected a name, got nothing' })
    .describe('As people know it; once per page.'),
  group: text().default('').describe('Heading under which it stands.'),
  description: text().default('').describe('A sentence under its name.'),
  matchers: matcherList()
    .default([])
    .describe('Firing alerts that match all of these are troubles of this service, unless silenced.'),
  expr: verbatim()
    .meta({ verbatim: true, type: 'PromQL' })
    .optional()
    .describe(
      'PromQL; each element is a part of the service, and down where it is 0. All of them: the service is down; some: degraded; none there: unknown.',
    ),
});
export type StatusServiceConfig = z.output<typeof statusService>;

/** A page for everybody, made of the state of services and of public incidents. */
export const statusPageConfig = z.strictObject({
  title: text().default('Status').describe('Of the page.'),
  description: text().default('').describe('A sentence under the title.'),
  services: z
    .array(statusService)
    .max(200)
    .default([])
    .describe('What the page tells of, in this order. Each needs `matchers` or `expr`.'),
  down_matchers: matcherList()
    .default([...DOWN])
    .describe('An alert that matches means its service is down; another, that it is degraded.'),
});
export type StatusPageConfig = z.output<typeof statusPageConfig>;
