import * as z from 'zod';
import { duration, labelMap, text } from './leaves.ts';

/** Belfry's own metrics, stored like a target's. `self: {}` switches this on. */
export const selfConfig = z.strictObject({
  scrape_interval: duration()
    .optional()
    .describe('Time between collections; `global.scrape_interval` unless given.'),
  job_name: text().default('belfry').describe('The label `job`.'),
  instance: text().optional().describe('The label `instance`; host name and port unless given.'),
  labels: labelMap().default({}).describe('More labels of these series.'),
});

export interface SelfConfig extends Omit<z.output<typeof selfConfig>, 'scrape_interval'> {
  readonly scrape_interval: number;
}
