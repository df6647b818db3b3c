import * as z from 'zod';
import { filePath, positiveDuration } from '../leaves.ts';

const PATTERN = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

export const fileSdConfig = z.lazy(() =>
  z.strictObject({
    files: z
      .array(filePath())
      .min(1, { error: 'expected at least one file, got an empty list' })
      .superRefine((files, context) => {
        files.forEach((file, index) => {
          if (PATTERN.test(file)) return;
          context.addIssue({
            code: 'custom',
            path: [index],
            message: `expected a .json, .yml or .yaml file with wildcards in its last part only, got ${JSON.stringify(file)}`,
          });
        });
      })
      .describe('Files with lists of targets and labels, `*.json`, `*.yml` or `*.yaml`.'),
    refresh_interval: positiveDuration()
      .prefault('5m')
      .describe('Time between readings; changed files are noticed before.'),
  }),
);
export type FileSdConfig = z.output<typeof fileSdConfig>;
