import { completeGlobal, globalConfig } from '../../config/global.ts';
import {
  completeReceiver,
  type ReceiverConfig,
  type ReceiverKind,
  type ReceiverKinds,
  receiver,
} from '../../config/receivers/receiver.ts';
import { labelsFromObject } from '../../model/labels.ts';
import { createTemplateSet } from '../../templates/notification.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import type { Attempt, Integration } from '../delivery.ts';
import { createIntegrations, type IntegrationOptions } from '../integrations.ts';
import type { Notification, NotifiedAlert } from '../notification.ts';
import { templateRendering } from '../template-data.ts';
import type { Exchange, HttpAnswer, HttpRequest } from './exchange.ts';

const fired = (more: Partial<NotifiedAlert> & { instance: string }): NotifiedAlert => ({
  fingerprint: `f-${more.instance}`,
  status: 'firing',
  labels: labelsFromObject({ alertname: 'HighLoad', instance: more.instance, severity: 'critical' }),
  annotations: labelsFromObject({ summary: `Load on ${more.instance} <high> & rising` }),
  startsAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  endsAt: 0,
  generatorURL: 'http://prom.test/graph?a=1&b=2',
  updatedAt: 0,
  ...more,
});

export const notification: Notification = {
  receiver: 'team.x',
  groupKey: '{}:{alertname="HighLoad"}',
  groupLabels: labelsFromObject({ alertname: 'HighLoad' }),
  routeLabels: { tier: 'one' },
  reason: 'first notification',
  alerts: [
    fired({ instance: 'web-1' }),
    fired({ instance: 'web-2', status: 'resolved', endsAt: Date.UTC(2026, 0, 2, 4, 0, 0) }),
  ],
  data: {},
  externalURL: 'http://belfry.test',
  at: Date.UTC(2026, 0, 2, 5),
};

export const renderFor = templateRendering(createTemplateSet({ now: () => notification.at }));
export const render = renderFor(notification);

/** What is asked first, and how it ends with this answer. */
export function talk(exchange: Exchange, answer: Partial<HttpAnswer> = {}) {
  const first = exchange.next();
  if (first.done) throw new Error('said nothing');
  const last = exchange.next({ status: 200, headers: {}, body: 'ok', ...answer });
  return { request: first.value, json: JSON.parse(first.value.body), outcome: last.value };
}

/** The same with its alerts over. */
export const resolved: Notification = {
  ...notification,
  reason: 'all alerts resolved',
  alerts: notification.alerts.map((alert) => ({ ...alert, status: 'resolved', endsAt: notification.at })),
};

/** An integration as a config file with these keys gives it. */
export function configOf<K extends ReceiverKind>(
  kind: K,
  keys: object,
  global: object = {},
): ReceiverKinds[K] {
  const parsed = receiver.parse({ name: 'r', [`${kind}_configs`]: [keys] });
  const all = completeReceiver(parsed, completeGlobal(globalConfig.parse(global)));
  return all[`${kind}_configs`][0] as unknown as ReceiverKinds[K];
}

const nothingIsSent = () => Promise.reject(new Error('nothing is sent here'));

/** The integration of a receiver that has this one; what is not given is not to be used. */
export function integrationOf<K extends ReceiverKind>(
  kind: K,
  config: ReceiverKinds[K],
  options: Partial<IntegrationOptions> = {},
): Integration {
  const receiver: ReceiverConfig = { name: 'r', labels: {}, [`${kind}_configs`]: [config] };
  const [made] = createIntegrations(receiver, {
    clock: fakeClock(),
    rendering: renderFor,
    environment: {},
    http: nothingIsSent,
    mail: nothingIsSent,
    ...options,
  });
  return made!;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A whole conversation: what was asked, each with the next of the answers, and how it ended. JSON bodies are read. */
export function converse(
  exchange: Exchange,
  answers: readonly Partial<HttpAnswer>[] = [{}],
): { readonly asked: readonly Asked[]; readonly outcome: Attempt } {
  const asked: Asked[] = [];
  let step = exchange.next();
  for (const answer of answers) {
    if (step.done) break;
    asked.push(asJson(step.value));
    step = exchange.next({ status: 200, headers: {}, body: '', ...answer });
  }
  if (!step.done) throw new Error(`unanswered: ${step.value.method} ${step.value.url}`);
  return { asked, outcome: step.value };
}

function asJson({ method, url, headers, body }: HttpRequest): Asked {
  return { method, url, headers, body: body.startsWith('{') ? JSON.parse(body) : body };
}
