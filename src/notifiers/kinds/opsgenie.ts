import type { OpsgenieConfig } from '../../config/receivers/opsgenie.ts';
import type { Attempt } from '../delivery.ts';
import { commonLabels, isFiring, type Notification, type Render } from '../notification.ts';
import {
  type Exchange,
  type HttpRequest,
  jsonPost,
  judgeStatus,
  MessageError,
  omitEmpty,
  sortedKeys,
  truncate,
} from './exchange.ts';
import { hashKey } from './pagerduty.ts';

/** Opsgenie's limit, characters. */
const MAX_MESSAGE = 130;

/** Closes what was resolved; else creates an alert, of which Opsgenie keeps one per alias, and may then update its texts. */
export function opsgenieMessage(
  config: OpsgenieConfig,
  notification: Notification,
  render: Render,
): Exchange {
  const key = render.text(config.api_key ?? '').trim();
  if (key === '') throw new MessageError('api_key missing');
  const headers = { Authorization: `GenieKey ${key}` };
  const alias = hashKey(notification.groupKey);
  const address = (action: string): string => {
    const url = new URL(config.api_url);
    url.pathname += action === '' ? 'v2/alerts' : `v2/alerts/${alias}/${action}`;
    if (action !== '') url.searchParams.set('identifierType', 'alias');
    return url.href;
  };
  const source = render.text(config.source);
  if (!isFiring(notification)) return inTurn([jsonPost(address('close'), { source }, headers)]);
  const message = truncate(render.text(config.message), MAX_MESSAGE);
  const description = render.text(config.description);
  const own = Object.entries(config.details).map(([name, value]) => [name, render.text(value)]);
  const details: Record<string, string> = {
    ...commonLabels(notification.alerts.map((alert) => alert.labels)),
    ...Object.fromEntries(own),
  };
  const create = {
    alias,
    message,
    ...omitEmpty({ description }),
    details: sortedKeys(details),
    source,
    ...omitEmpty({
      responders: config.responders.flatMap((one) => responders(one, render)),
      tags: listOf(render.text(config.tags)),
      note: render.text(config.note),
      priority: render.text(config.priority),
      entity: render.text(config.entity),
      actions: listOf(render.text(config.actions)),
    }),
  };
  const requests = [jsonPost(address(''), create, headers)];
  if (config.update_alerts) {
    const put = (action: string, body: object): HttpRequest => ({
      ...jsonPost(address(action), omitEmpty(body), headers),
      method: 'PUT',
    });
    requests.push(put('message', { message }), put('description', { description }));
  }
  return inTurn(requests);
}

/** All of them, until one fails. */
function* inTurn(requests: readonly HttpRequest[]): Exchange {
  const judge = judgeStatus({ retried: [429] });
  let last: Attempt = { kind: 'delivered', answer: '' };
  for (const request of requests) {
    last = judge(yield request);
    if (last.kind !== 'delivered') return last;
  }
  return last;
}

/** None when the templates gave nothing; several for the type `teams`. */
function responders(config: OpsgenieConfig['responders'][number], render: Render): object[] {
  const id = render.text(config.id);
  const name = render.text(config.name);
  const username = render.text(config.username);
  const type = render.text(config.type);
  if (!id && !name && !username && !type) return [];
  if (type === 'teams') return listOf(name).map((team) => ({ name: team, type: 'team' }));
  return [{ ...omitEmpty({ id, name, username }), type }];
}

const listOf = (text: string): string[] =>
  text
    .trim()
    .split(',')
    .filter((item) => item !== '');
