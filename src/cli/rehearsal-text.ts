import { formatDuration } from '../model/duration.ts';
import { formatLabels, labelsFromObject } from '../model/labels.ts';
import { formatValue } from '../model/sample.ts';
import type { RehearsalSummary, RoutingSummary } from '../rehearse/summary.ts';

/** What `POST /api/rehearse` answers, as far as it is shown. */
export interface RehearsalJson {
  readonly alert: string;
  readonly group: string;
  readonly for: string;
  readonly threshold?: number;
  readonly from: string;
  readonly to: string;
  readonly summary: RehearsalSummary;
  readonly errors: readonly { readonly message: string; readonly count: number }[];
  readonly firings: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly firingAt: string;
    readonly resolvedAt?: string;
    readonly peak: number | null;
    readonly lowest: number | null;
  }[];
  readonly routing?: RoutingSummary;
  readonly sweep?: readonly {
    readonly for: string;
    readonly threshold?: number;
    readonly summary: RehearsalSummary;
    readonly routing?: RoutingSummary;
  }[];
}

/** Most firings that are listed. */
const MAX_LISTED = 40;

/** A rehearsal for people: what fired, who was told, what else was tried. */
export function rehearsalText(json: RehearsalJson): string {
  const { alert, group, from, to, errors, firings, routing, sweep } = json;
  const lines = [
    `${alert} (group ${group}), ${minute(from)} to ${minute(to)}`,
    `  ${summaryText(json.summary)}`,
    ...errors.map(({ message, count }) => `  ${counted(count, 'evaluation')} failed: ${message}`),
    ...(routing ? routingLines(routing) : []),
  ];
  if (firings.length > 0) {
    const shown = firings.slice(-MAX_LISTED);
    lines.push('', ...indented(firingTable(shown, to)));
    if (shown.length < firings.length) lines.push(`  and ${firings.length - shown.length} before`);
  }
  if (sweep) lines.push('', ...indented(sweepTable(json, sweep)));
  return lines.join('\n');
}

function summaryText(summary: RehearsalSummary): string {
  const { firings, alerts, pendingOnly, longestMs, totalMs, nightShare, flaps } = summary;
  const pending = pendingOnly > 0 ? [`${pendingOnly} × only pending`] : [];
  if (firings === 0) return ['no firings', ...pending].join(', ');
  return [
    `${counted(firings, 'firing')} of ${counted(alerts, 'alert')}`,
    `longest ${lasting(longestMs)}`,
    `${lasting(totalMs)} in all`,
    `${percent(nightShare)} at night`,
    ...(flaps > 0 ? [`${counted(flaps, 'flap')}`] : []),
    ...pending,
  ].join(', ');
}

function routingLines({ receivers, untold }: RoutingSummary): string[] {
  const lines = receivers.map((way) => {
    const { receiver, integration, index, notifications, repeats, resolved, nightShare } = way;
    return [
      `  ${receiver} (${integration}[${index}]): ${counted(notifications, 'notification')}`,
      ...(repeats > 0 ? [`${counted(repeats, 'repeat')}`] : []),
      ...(resolved > 0 ? [`${resolved} that all is over`] : []),
      `${percent(nightShare)} at night`,
    ].join(', ');
  });
  const never = Object.entries(untold).filter(([, count]) => count > 0);
  if (never.length > 0)
    lines.push(`  told to nobody: ${never.map(([why, count]) => `${count} ${why}`).join(', ')}`);
  return lines.length > 0 ? lines : ['  no notifications'];
}

function firingTable(firings: RehearsalJson['firings'], to: string): string[] {
  return table([
    ['firing at', 'lasted', 'values', 'labels'],
    ...firings.map(({ labels, firingAt, resolvedAt, lowest, peak }) => [
      minute(firingAt),
      lasting(Date.parse(resolvedAt ?? to) - Date.parse(firingAt)) + (resolvedAt === undefined ? '…' : ''),
      lowest === peak ? number(peak) : `${number(lowest)} to ${number(peak)}`,
      formatLabels(labelsFromObject(labels)),
    ]),
  ]);
}

function sweepTable(json: RehearsalJson, sweep: NonNullable<RehearsalJson['sweep']>): string[] {
  const withThreshold = sweep.some(({ threshold }) => threshold !== undefined);
  const withRouting = json.routing !== undefined;
  const row = (one: {
    readonly for: string;
    readonly threshold?: number;
    readonly summary: RehearsalSummary;
    readonly routing?: RoutingSummary;
  }): string[] => [
    one.for,
    ...(withThreshold ? [one.threshold === undefined ? '' : formatValue(one.threshold)] : []),
    String(one.summary.firings),
    ...(withRouting ? [String(one.routing?.notifications ?? '')] : []),
    lasting(one.summary.longestMs),
    percent(one.summary.nightShare),
  ];
  const head = [
    'for',
    ...(withThreshold ? ['threshold'] : []),
    'firings',
    ...(withRouting ? ['notifications'] : []),
    'longest',
    'at night',
  ];
  const [titles, own, ...tried] = table([head, row(json), ...sweep.map(row)]);
  return [titles!, `${own}  as it is`, ...tried];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
const lasting = (ms: number): string => formatDuration(Math.round(ms / 1000) * 1000);
const percent = (share: number): string => `${Math.round(share * 100)} %`;
/** JSON has no NaN; it is null there. */
const number = (value: number | null): string =>
  value === null ? 'NaN' : formatValue(Number(value.toPrecision(4)));
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
