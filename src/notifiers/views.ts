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
  /** Alerts that are not over, in the order of their fingerprints. */
  alerts(isWanted?: (alert: StoredAlert) => boolean): readonly ShownAlert[];
  /** Groups with such alerts, in the order of their labels. */
  groups(isWanted?: (alert: StoredAlert) => boolean): readonly ShownGroup[];
  count(): { readonly active: number; readonly suppressed: number };
}

/** Alerts and groups as people and programs see them; their state is worked out when it is asked for. */
export function createViews({ clock, live, alerts, silences, routeLabels }: ViewDeps): Views {
  return { stateOf, alerts: showAlerts, groups: showGroups, count: countAlerts };

  function showAlerts(isWanted = everyAlert): readonly ShownAlert[] {
    return [...alerts.values()]
      .filter((alert) => alert.endsAt > clock.now() && isWanted(alert))
      .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
      .map((alert) => show(alert, receiversOf(alert.labels), []));
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

  function showGroups(isWanted = everyAlert): readonly ShownGroup[] {
    const now = clock.now();
    const receivers = new Map<string, string[]>();
    const shown = [...(live().dispatcher?.groups() ?? [])].map((group) => ({
      group,
      members: [...group.alerts.values()]
        .filter((alert) => alert.endsAt > now && isWanted(alert))
        .sort(compareAlerts),
    }));
    for (const { group, members } of shown) {
      for (const { fingerprint } of members) {
        receivers.set(fingerprint, [...(receivers.get(fingerprint) ?? []), group.route.receiver].sort());
      }
    }
    return shown
      .filter(({ members }) => members.length > 0)
      .sort(
        (a, b) =>
          compareLabelSets(a.group.labels, b.group.labels) ||
          compareStrings(a.group.route.receiver, b.group.route.receiver),
      )
      .map(({ group, members }) => ({
        labels: group.labels,
        routeLabels: routeLabels(
          group,
          members.map((alert) => notifiedAlert(alert, now)),
          now,
        ),
        receiver: group.route.receiver,
        key: group.key,
        mutedBy: group.mutedBy,
        nextFlushAt: group.nextFlushAt,
        alerts: members.map((alert) => show(alert, receivers.get(alert.fingerprint)!, group.mutedBy)),
      }));
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
