import type { MatchOp } from '../model/matcher.ts';
import { formatAlertMatcher, formatAlertMatchers } from '../notifiers/matching.ts';
import { type FlagSpec, type ParsedArgs, UsageError } from './args.ts';

/** How lists are printed: amtool's ways. */
export const OUTPUT_FLAG: FlagSpec = {
  names: ['output', 'o'],
  kind: 'value',
  placeholder: 'FORMAT',
  help: 'simple, extended or json (simple)',
};

export type OutputFormat = 'simple' | 'extended' | 'json';

/** @throws UsageError */
export function outputOf(args: ParsedArgs): OutputFormat {
  const format = args.values.get('output') ?? 'simple';
  if (format === 'simple' || format === 'extended' || format === 'json') return format;
  throw new UsageError(`--output: expected simple, extended or json, got ${JSON.stringify(format)}`);
}

/** An alert as the API gives it. */
export interface ListedAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
  readonly status: { readonly state: string };
}

/** A silence as the API gives it. */
export interface ListedSilence {
  readonly id: string;
  readonly matchers: readonly {
    readonly name: string;
    readonly value: string;
    readonly isRegex: boolean;
    readonly isEqual?: boolean;
  }[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly updatedAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

export function formatAlerts(alerts: readonly ListedAlert[], format: OutputFormat): string {
  if (format === 'json') return `${JSON.stringify(alerts)}\n`;
  const sorted = [...alerts].sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
  if (format === 'simple') {
    return table(
      ['Alertname', 'Starts At', 'Summary', 'State'],
      sorted.map((one) => [
        one.labels.alertname ?? '',
        date(one.startsAt),
        one.annotations.summary ?? '',
        one.status.state,
      ]),
    );
  }
  return table(
    ['Labels', 'Annotations', 'Starts At', 'Ends At', 'Generator URL', 'State'],
    sorted.map((one) => [
      pairs(one.labels),
      pairs(one.annotations),
      date(one.startsAt),
      date(one.endsAt),
      one.generatorURL ?? '',
      one.status.state,
    ]),
  );
}

export function formatSilences(silences: readonly ListedSilence[], format: OutputFormat): string {
  if (format === 'json') return `${JSON.stringify(silences)}\n`;
  const sorted = [...silences].sort((a, b) => Date.parse(a.endsAt) - Date.parse(b.endsAt));
  const matchersOf = ({ matchers }: ListedSilence) =>
    matchers.map(({ name, value, isRegex, isEqual = true }) => {
      const op: MatchOp = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
      return { name, op, value };
    });
  if (format === 'simple') {
    return table(
      ['ID', 'Matchers', 'Ends At', 'Created By', 'Comment'],
      sorted.map((one) => [
        one.id,
        matchersOf(one).map(formatAlertMatcher).join(' '),
        date(one.endsAt),
        one.createdBy,
        one.comment,
      ]),
    );
  }
  return table(
    ['ID', 'Matchers', 'Starts At', 'Ends At', 'Updated At', 'Created By', 'Comment'],
    sorted.map((one) => [
      one.id,
      formatAlertMatchers(matchersOf(one)),
      date(one.startsAt),
      date(one.endsAt),
      date(one.updatedAt),
      one.createdBy,
      one.comment,
    ]),
  );
}

/** Columns two spaces apart, the last one filled up too, as Go's tabwriter does it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replace(/[\r\n\t]+/g, ' ')));
  // Of a hundred thousand alerts there are more rows than a function takes arguments.
  const widths = head.map((_, i) => cells.reduce((most, row) => Math.max(most, [...row[i]!].length), 0) + 2);
  return cells
    .map((row) => `${row.map((cell, i) => cell + ' '.repeat(widths[i]! - [...cell].length)).join('')}\n`)
    .join('');
}

/**
 * Columns as Go's tabwriter makes them of cells that end with a tabulator; the last one is as long as it is.
 * @param least width of a column, with the space between them
 */
export function goTable(
  rows: readonly (readonly string[])[],
  { least, padding }: { readonly least: number; readonly padding: number },
): string {
  const widths = rows[0]!.map((_, i) =>
    rows.reduce((most, row) => Math.max(most, row[i]!.length + padding), least),
  );
  return rows
    .map(
      (row) => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('')}\n`,
    )
    .join('');
}

/** `2026-01-02 15:04:05 UTC` */
export const date = (time: string | number): string =>
  `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const pairs = (object: Readonly<Record<string, string>>): string =>
  Object.entries(object)
    .map(([name, value]) => `${name}="${value}"`)
    .sort()
    .join(' ');
