import type { Alert } from '../model/alert.ts';
import { eachLabel, type Labels, labelsOf } from '../model/labels.ts';
import { queryEscape } from '../templates/escape-text.ts';
import type { ActiveAlert } from './alert-state.ts';

/** What is the same for all alerts that go out. */
export interface OutgoingSettings {
  /** Added where an alert has no label of that name. */
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** `alert_relabel_configs`; undefined drops the alert. */
  readonly relabel?: (labels: Labels) => Labels | undefined;
}

/** The alert as it leaves: external labels added, relabelled. Undefined when relabelling drops it. */
export function outgoingAlert(
  alert: ActiveAlert,
  query: string,
  settings: OutgoingSettings,
  updatedAt: number,
): Alert | undefined {
  const all = labelsOf([...Object.entries(settings.externalLabels), ...eachLabel(alert.labels)]);
  const labels = settings.relabel ? settings.relabel(all) : all;
  if (labels === undefined || labels.length === 0) return undefined;
  return {
    labels,
    annotations: alert.annotations,
    startsAt: alert.firedAt,
    endsAt: alert.resolvedAt !== 0 ? alert.resolvedAt : alert.validUntil,
    updatedAt,
    generatorURL: generatorUrl(settings.externalUrl, query),
  };
}

/** Upstream's link to an expression's table. */
const generatorUrl = (externalUrl: string, query: string): string =>
  `${externalUrl.replace(/\/+$/, '')}/graph?g0.expr=${queryEscape(query)}&g0.tab=1`;
