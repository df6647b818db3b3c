import { validateDetailed } from 'node-cron';
import * as z from 'zod';
import { filePath, text } from './leaves.ts';
import { timeZone } from './time-intervals.ts';

export const backupConfig = z.strictObject({
  schedule: text()
    .refine((pattern) => pattern.trim().split(/\s+/).length === 5 && validateDetailed(pattern).valid, {
      error: (issue) =>
        `expected a cron pattern of five fields such as "0 3 * * *", got ${JSON.stringify(issue.input)}`,
    })
    .optional()
    .describe('When: minute, hour, day, month and weekday, as cron has it. Only when asked unless given.'),
  timezone: timeZone().optional().describe('Time zone of the schedule; that of the host unless given.'),
  directory: filePath()
    .optional()
    .describe('Where backups go, best another disk; `backups` in the data directory unless given.'),
  keep: z
    .number()
    .int()
    .min(1)
    .default(7)
    .describe('How many backups stay; older ones are removed when a new one is complete.'),
});
export type BackupConfig = z.output<typeof backupConfig>;
