import { type Finding, formatFinding } from './finding.ts';

/** A config that cannot be used: everything that is wrong with it, in the order of the files. */
export class ConfigError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(formatFinding).join('\n'));
    this.name = 'ConfigError';
    this.findings = findings;
  }
}
