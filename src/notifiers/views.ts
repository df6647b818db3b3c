import type { Clock } from '../clock.ts';
import { compareStrings, type Labels } from '../model/labels.ts';
import type { AlertStore, StoredAlert } from './alerts.ts';
import type { Flusher } from './flush.ts';
import { compareAlerts, compareLabelSets } from './group.ts';
import type { Live } from './live.ts';
import { notifiedAlert } from './notification.ts';
import type { Silences } from './silences.ts';

export interface AlertState {
  readonly state: 'active' | 'suppressed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

export interface ShownAlert {
  readonly alert: StoredAlert;
  readonly status: AlertState;
  readonly receivers: readonly string[];
}

export interface ShownGroup {
  readonly labels: Labels;
  readonly routeLabels: Readonly<Record<string, string>>;
  readonly receiver: string;
  readonly key: string;
  readonly mutedBy: readonly string[];
  readonly nextFlushAt: number;
  readonly alerts: readonly ShownAlert[];
}

export interface ViewDeps {
  readonly clock: Clock;
  readonly live: () => Live;
  readonly alerts: AlertStore;
  readonly silences: Silences;
  readonly routeLabels: Flusher['routeLabels'];
}

export interface Views {
  stateOf(labels: Labels, mutedBy: readonly string[]): AlertState;
  /** Alerts that are not over, in the order of their fingerprints; the state of each is worked out as it is taken. */
  alerts(isWanted?: (alert: StoredAlert) => boolean): Generator<ShownAlert>;
  /** Alerts that are not over, in no order. */
  firing(): Generator<{ readonly labels: Labels; isSilenced(): boolean }>;
  /** Groups with such alerts, in the order of their labels; their alerts are looked at as a group is taken. */
  groups(isWanted?: (alert: StoredAlert) => boolean): Generator<ShownGroup>;
  count(): { readonly active: number; readonly suppressed: number };
}

/** Alerts and groups as people and programs see them; their state is worked out when it is asked for. */
export function createViews({ clock, live, alerts, silences, routeLabels }: ViewDeps): Views {
  return { stateOf, alerts: showAlerts, firing, groups: showGroups, count: countAlerts };

  function* showAlerts(isWanted = everyAlert): Generator<ShownAlert> {
    const now = clock.now();
    for (const alert of alerts.inOrder()) {
      if (alert.endsAt > now && isWanted(alert)) yield show(alert, receiversOf(alert.labels), []);
    }
  }

  function* firing(): ReturnType<Views['firing']> {
    const now = clock.now();
    for (const { endsAt, labels } of alerts.values())
      if (endsAt > now) yield { labels, isSilenced: () => silences.silencing(labels, now).length > 0 };
  }

  function receiversOf(labels: Labels): readonly string[] {
    const { dispatcher } = live();
    return dispatcher ? dispatcher.routesOf(labels).map((route) => route.receiver) : [];
  }

  function stateOf(labels: Labels, mutedBy: readonly string[]): AlertState {
    const now = clock.now();
    const silencedBy = silences.silencing(labels, now).map((silence) => silence.id);
    const inhibition = live().inhibitor.inhibits(labels, now);
    const inhibitedBy = inhibition ? [inhibition.source] : [];
    const isSuppressed = silencedBy.length + inhibitedBy.length + mutedBy.length > 0;
    return { state: isSuppressed ? 'suppressed' : 'active', silencedBy, inhibitedBy, mutedBy };
  }

  function show(alert: StoredAlert, receivers: readonly string[], mutedBy: readonly string[]): ShownAlert {
    return { alert, status: stateOf(alert.labels, mutedBy), receivers };
  }

  function* showGroups(isWanted = everyAlert): Generator<ShownGroup> {
    const now = clock.now();
    const groups = [...(live().dispatcher?.groups() ?? [])].sort(
      (a, b) => compareLabelSets(a.labels, b.labels) || compareStrings(a.route.receiver, b.route.receiver),
    );
    /** Receivers of all groups that hold an alert, sorted. */
    const receivers = new Map<string, string[]>();
    for (const group of groups) {
      for (const fingerprint of group.alerts.keys()) {
        const known = receivers.get(fingerprint);
        if (known) known.push(group.route.receiver);
        else receivers.set(fingerprint, [group.route.receiver]);
      }
    }
    for (const names of receivers.values()) if (names.length > 1) names.sort();
    for (const group of groups) {
      const all = [...group.alerts.values()].sort(compareAlerts);
      const members = all.filter((alert) => alert.endsAt > now && isWanted(alert));
      if (members.length === 0) continue;
      yield {
        labels: group.labels,
        routeLabels: routeLabels(
          group,
          all.map((alert) => notifiedAlert(alert, now)),
          now,
        ),
        receiver: group.route.receiver,
        key: group.key,
        mutedBy: group.mutedBy,
        nextFlushAt: group.nextFlushAt,
        alerts: members.map((alert) => show(alert, receivers.get(alert.fingerprint)!, group.mutedBy)),
      };
    }
  }

  function countAlerts(): { active: number; suppressed: number } {
    const counts = { active: 0, suppressed: 0 };
    for (const alert of alerts.values()) {
      if (alert.endsAt > clock.now()) counts[stateOf(alert.labels, []).state]++;
    }
    return counts;
  }
}

const everyAlert = (_: StoredAlert): boolean => true;
