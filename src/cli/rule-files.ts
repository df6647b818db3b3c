import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import type { RuleGroupConfig } from '../config/rules.ts';
import { formatDuration } from '../model/duration.ts';

/**
 * Reads rule files as a config that names them would.
 * @throws ConfigError
 */
export function readRuleFiles(
  files: readonly string[],
  intervalMs: number,
  options: Pick<LoadOptions, 'cwd' | 'checkExpr' | 'checkTemplate'>,
): readonly RuleGroupConfig[] {
  const config = path.join(options.cwd, 'rule files');
  const text = JSON.stringify({
    global: { evaluation_interval: formatDuration(intervalMs) },
    rule_files: files.map((_, i) => `file ${i}`),
  });
  const pathOf = new Map(files.map((file, i) => [path.join(options.cwd, `file ${i}`), file]));
  return loadConfig(config, {
    ...options,
    env: {},
    files: {
      read: (wanted) => (wanted === config ? text : readFileSync(wanted, 'utf8')),
      glob: (pattern) => [pathOf.get(pattern)!],
    },
  }).ruleGroups;
}
