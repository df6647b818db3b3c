import type { Position } from './rules.ts';

/** Where in a document: keys and list indexes from the top. */
export type Path = readonly (string | number)[];

export interface Finding extends Position {
  /** As given on the command line or in the config, so that an editor can jump to it. */
  readonly file: string;
  /** `scrape_configs[2].scrape_interval`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** `file:line:column: path: message` */
export function formatFinding({ file, line, column, path, message }: Finding): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

export function formatPath(path: Path): string {
  let formatted = '';
  for (const part of path) {
    if (typeof part === 'number') formatted += `[${part}]`;
    else if (/^[\w.-]+$/.test(part)) formatted += formatted === '' ? part : `.${part}`;
    else formatted += `[${JSON.stringify(part)}]`;
  }
  return formatted;
}

/** Top to bottom within each file, files in the order they came; a finding told twice is told once. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const files = [...new Set(findings.map((finding) => finding.file))];
  const unique = [...new Map(findings.map((finding) => [formatFinding(finding), finding])).values()];
  return unique.sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
