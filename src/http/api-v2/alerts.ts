import { type Context, Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import type { Alert } from '../../model/alert.ts';
import { type Labels, labelsFromObject, NO_LABELS } from '../../model/labels.ts';
import { parseMatcher } from '../../notifiers/matcher-syntax.ts';
import { type CompiledMatchers, compileMatchers, compilePattern } from '../../notifiers/matching.ts';
import type { Notifier } from '../../notifiers/notifier.ts';
import type { ShownAlert } from '../../notifiers/views.ts';
import { arrayPieces, slicedJson } from '../json-list.ts';
import { labelWriter, memo, quoted } from '../label-json.ts';
import { createSlicer } from '../slicer.ts';
import {
  answerText,
  flag,
  formatTime,
  isRecord,
  jsonBody,
  missing,
  parseTime,
  stringMap,
  wrongType,
} from './validation.ts';

/** `/alerts` and `/alerts/groups`. */
export function alertRoutes({ notifier, clock }: { notifier: Notifier; clock: Clock }): Hono {
  const app = new Hono();
  const labelsJson = labelWriter();

  app.get('/alerts', (c) => {
    const filter = alertFilter(c, notifier);
    if (typeof filter === 'string') return answerText(c, 400, filter);
    const shown = notifier
      .alerts((alert) => filter.labels.matches(alert.labels))
      .filter(
        (one) => one.receivers.some(filter.receiver) || (!filter.byReceiver && one.receivers.length === 0),
      )
      .filter(filter.state);
    return slicedJson(arrayPieces(shown.map(alertWriter(labelsJson))), createSlicer(clock.monotonic));
  });

  app.post('/alerts', async (c) => {
    const body = await jsonBody(c, 'alerts');
    if (!Array.isArray(body)) throw wrongType('alerts', 'alerts', 'an array', body);
    const problems = await notifier.post(body.map(readAlert));
    return problems.length > 0 ? answerText(c, 400, problems.join('\n')) : c.body(null, 200);
  });

  app.get('/alerts/groups', (c) => {
    const filter = alertFilter(c, notifier);
    if (typeof filter === 'string') return answerText(c, 400, filter);
    const groups = notifier
      .groups((alert) => filter.labels.matches(alert.labels))
      .filter((group) => filter.receiver(group.receiver))
      .filter((group) => flag(c, 'muted') || group.mutedBy.length === 0)
      .map((group) => ({ ...group, alerts: group.alerts.filter(filter.state) }))
      .filter((group) => group.alerts.length > 0);
    const alertJson = alertWriter(labelsJson);
    const shown = groups.map(
      (group) =>
        `{"alerts":[${group.alerts.map(alertJson).join(',')}],"labels":${labelsJson(group.labels)},` +
        `"receiver":${JSON.stringify({ name: group.receiver })},"routeLabels":${JSON.stringify(group.routeLabels)}}`,
    );
    return slicedJson(arrayPieces(shown), createSlicer(clock.monotonic));
  });

  return app;
}

interface AlertFilter {
  readonly labels: CompiledMatchers;
  readonly byReceiver: boolean;
  readonly receiver: (name: string) => boolean;
  readonly state: (shown: ShownAlert) => boolean;
}

/** What the query asks for, or what is wrong with it. */
function alertFilter(c: Context, notifier: Notifier): AlertFilter | string {
  const wanted = {
    active: flag(c, 'active'),
    silenced: flag(c, 'silenced'),
    inhibited: flag(c, 'inhibited'),
  };
  const labels = filterMatchers(c, 'filter');
  if (typeof labels === 'string') return labels;
  const pattern = c.req.query('receiver');
  let isNamed = (_: string): boolean => true;
  try {
    if (pattern !== undefined) {
      const compiled = compilePattern(pattern);
      isNamed = (name) => compiled.matches(name);
    }
  } catch (error) {
    return `failed to parse receiver param: ${(error as Error).message}`;
  }
  const receiverLabels = filterMatchers(c, 'receiver_matchers');
  if (typeof receiverLabels === 'string') {
    return `failed to parse receiver_matchers param: ${receiverLabels}`;
  }
  const labelled = new Set(
    notifier
      .receivers()
      .filter((receiver) => receiverLabels.matches(labelsFromObject(receiver.labels)))
      .map((receiver) => receiver.name),
  );
  const isLabelled = (name: string): boolean => receiverLabels.matchers.length === 0 || labelled.has(name);
  return {
    labels,
    byReceiver: pattern !== undefined || receiverLabels.matchers.length > 0,
    receiver: (name) => isNamed(name) && isLabelled(name),
    state: ({ status }) =>
      (wanted.active || status.silencedBy.length + status.inhibitedBy.length > 0) &&
      (wanted.silenced || status.silencedBy.length === 0) &&
      (wanted.inhibited || status.inhibitedBy.length === 0),
  };
}

/** The matchers of a repeated query parameter, or what is wrong with them. */
export function filterMatchers(c: Context, name: string): CompiledMatchers | string {
  try {
    return compileMatchers((c.req.queries(name) ?? []).map(parseMatcher));
  } catch (error) {
    return (error as Error).message;
  }
}

/** Writes alerts as text. Alerts that came together share their times, which are dear to write. */
function alertWriter(labelsJson: (labels: Labels) => string): (shown: ShownAlert) => string {
  const time = memo(formatTime);
  const namesOf = memo((name: string) => `{"name":${quoted(name)}}`);
  return ({ alert, status, receivers }) => {
    const { inhibitedBy, mutedBy, silencedBy, state } = status;
    const link = alert.generatorURL ? `,"generatorURL":${quoted(alert.generatorURL)}` : '';
    return (
      `{"annotations":${labelsJson(alert.annotations)},"endsAt":"${time(alert.endsAt)}",` +
      `"fingerprint":"${alert.fingerprint}","receivers":[${receivers.map(namesOf).join()}],` +
      `"startsAt":"${time(alert.startsAt)}","status":{"inhibitedBy":${namesJson(inhibitedBy)},` +
      `"mutedBy":${namesJson(mutedBy)},"silencedBy":${namesJson(silencedBy)},"state":"${state}"},` +
      `"updatedAt":"${time(alert.updatedAt)}"${link},"labels":${labelsJson(alert.labels)}}`
    );
  };
}

const namesJson = (names: readonly string[]): string => (names.length === 0 ? '[]' : JSON.stringify(names));

function readAlert(value: unknown, index: number): Alert {
  if (!isRecord(value)) throw wrongType('alerts', String(index), 'an object', value);
  if (value.labels === undefined || value.labels === null) throw missing(`${index}.labels`);
  const { generatorURL = '' } = value;
  if (typeof generatorURL !== 'string')
    throw wrongType('alerts', `${index}.generatorURL`, 'a string', generatorURL);
  const annotations = value.annotations ?? undefined;
  return {
    labels: labelsFromObject(stringMap('alerts', `${index}.labels`, value.labels)),
    annotations:
      annotations === undefined
        ? NO_LABELS
        : labelsFromObject(stringMap('alerts', `${index}.annotations`, annotations)),
    startsAt: readTime(`${index}.startsAt`, value.startsAt),
    endsAt: readTime(`${index}.endsAt`, value.endsAt),
    updatedAt: 0,
    generatorURL,
  };
}

/** 0 when not given. */
function readTime(path: string, value: unknown): number {
  if (value === undefined || value === null || value === '') return 0;
  const at = typeof value === 'string' ? parseTime(value) : undefined;
  if (at === undefined) throw wrongType('alerts', path, 'a time such as "2026-01-02T03:04:05Z"', value);
  return at;
}
