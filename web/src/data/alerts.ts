import { fingerprint } from '../../../src/model/fingerprint.ts';
import { parseApiTime } from '../format/time.ts';
import type { ApiAlert, LabelMap, NotifierAlert } from './api-types.ts';
import { parseSample } from './matrix.ts';

/** One alert as the page tells it: what the rule says joined with what the notifier does about it. */
export interface AlertRow {
  readonly key: string;
  /** The notifier's name for it, or the one it will have; of its page's address. */
  readonly id: string;
  /** What its rule's labels alone make of it: where external labels are added, links made while it was pending have this one. */
  readonly ownId: string;
  readonly name: string;
  readonly state: 'firing' | 'pending';
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  /** Unix ms. */
  readonly activeAt: number;
  /** Undefined of alerts that no rule of this server has sent. */
  readonly value: number | undefined;
  /** Its rule's expression, where the notifier was told. */
  readonly expr: string | undefined;
  /** Receivers it is routed to; undefined while the notifier does not know it. */
  readonly receivers: readonly string[] | undefined;
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

/**
 * Firing before pending, heard before silenced, oldest first: the order in which they deserve attention. Among them those that no
 * rule has sent, such as a receiver that fails.
 */
export function alertRows(alerts: readonly ApiAlert[], notified: readonly NotifierAlert[]): AlertRow[] {
  const known = createKnown(notified);
  const rows = alerts
    .filter((alert) => alert.state !== 'inactive')
    .map((alert): AlertRow => {
      const name = alert.labels.alertname ?? '';
      const told = alert.state === 'firing' ? known(alert.labels) : undefined;
      return {
        key: labelKey(alert.labels),
        // Of thousands a few are drawn, and only those need to be named.
        get id() {
          return told?.fingerprint ?? this.ownId;
        },
        get ownId() {
          return fingerprintOf(alert.labels);
        },
        get expr() {
          return exprOf(told);
        },
        name,
        state: alert.state === 'firing' ? 'firing' : 'pending',
        labels: alert.labels,
        annotations: alert.annotations,
        activeAt: parseApiTime(alert.activeAt) ?? 0,
        value: parseSample(alert.value),
        ...fateOf(told),
      };
    });
  for (const alert of notified) if (alert.isOther) rows.push(otherRow(alert));
  return rows.sort((a, b) => rank(a) - rank(b) || a.activeAt - b.activeAt || (a.key < b.key ? -1 : 1));
}

const otherRow = (alert: NotifierAlert): AlertRow => ({
  key: alert.fingerprint,
  id: alert.fingerprint,
  ownId: alert.fingerprint,
  expr: exprOf(alert),
  name: alert.labels.alertname ?? '',
  state: 'firing',
  labels: alert.labels,
  annotations: alert.annotations ?? {},
  activeAt: parseApiTime(alert.startsAt) ?? 0,
  value: undefined,
  ...fateOf(alert),
});

const fateOf = (
  told: NotifierAlert | undefined,
): Pick<AlertRow, 'receivers' | 'silencedBy' | 'inhibitedBy' | 'mutedBy'> => ({
  receivers: told?.receivers.map((receiver) => receiver.name),
  silencedBy: told?.status.silencedBy ?? [],
  inhibitedBy: told?.status.inhibitedBy ?? [],
  mutedBy: told?.status.mutedBy ?? [],
});

const rank = (row: AlertRow): number => (row.state === 'firing' ? 0 : 2) + (isQuiet(row) ? 1 : 0);

/** Whether someone decided that nobody is told. */
export function isQuiet(row: AlertRow): boolean {
  return row.silencedBy.length > 0 || row.inhibitedBy.length > 0 || row.mutedBy.length > 0;
}

/** What became of the notification, in a few words; undefined when there is nothing to say. */
export function deliveryText(row: AlertRow): string | undefined {
  if (row.silencedBy.length > 0) return 'silenced';
  if (row.inhibitedBy.length > 0) return 'held back by another alert';
  if (row.mutedBy.length > 0) return `muted by ${row.mutedBy.join(', ')}`;
  if (row.receivers === undefined) return undefined;
  return row.receivers.length === 0 ? 'goes to nobody' : `to ${row.receivers.join(', ')}`;
}

/** What the alert is about: the labels that name a thing, in the order people ask for them. */
export function subjectOf(labels: LabelMap): string {
  const parts = ['service', 'job', 'instance', 'host', 'receiver', 'name', 'device', 'mountpoint']
    .map((name) => labels[name])
    .filter((value) => value !== undefined && value !== '');
  return parts.join(' · ');
}

/** The rest of the labels, for chips. */
export function otherLabels(labels: LabelMap): [name: string, value: string][] {
  return Object.entries(labels).filter(([name]) => name !== 'alertname' && name !== '__name__');
}

/** The expression in the link that alerts carry to where they come from. */
function exprOf(alert: NotifierAlert | undefined): string | undefined {
  const query = /[?&]g0\.expr=([^&]*)/.exec(alert?.generatorURL ?? '')?.[1];
  return query === undefined ? undefined : decodeURIComponent(query.replaceAll('+', ' '));
}

/** Upstream's fingerprint of an alert, in the browser: what the notifier will call it unless external labels are added. */
function fingerprintOf(labels: LabelMap): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return fingerprint(sorted.flat() as unknown as Parameters<typeof fingerprint>[0]);
}

function labelKey(labels: LabelMap): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Finds the notifier's alert that has all labels of a rule's; it carries external labels on top. Of each set of label names there is
 * an index, so that ten thousand alerts are not compared with each other.
 */
function createKnown(notified: readonly NotifierAlert[]): (labels: LabelMap) => NotifierAlert | undefined {
  const byNames = new Map<string, ReadonlyMap<string, NotifierAlert>>();
  const indexOf = (names: readonly string[]): ReadonlyMap<string, NotifierAlert> => {
    const index = new Map<string, NotifierAlert>();
    for (const alert of notified) {
      const key = valuesKey(names, alert.labels);
      if (!index.has(key)) index.set(key, alert);
    }
    return index;
  };
  return (labels) => {
    const names = Object.keys(labels).sort();
    const set = JSON.stringify(names);
    const index = byNames.get(set) ?? indexOf(names);
    byNames.set(set, index);
    return index.get(valuesKey(names, labels));
  };
}

/** A label that is not there is not the same as an empty one. */
const valuesKey = (names: readonly string[], labels: LabelMap): string =>
  JSON.stringify(names.map((name) => labels[name] ?? null));
