import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { EmailConfig } from '../../config/receivers/email.ts';
import type { Notification, Render } from '../notification.ts';
import { MessageError } from './exchange.ts';
import { addressList, type Mail, mailSource } from './mime.ts';
import { hashKey } from './pagerduty.ts';

const DEFAULT_SUBJECT = '{{ template "email.default.subject" . }}';

/** A mail with a text part, an HTML part, or both, ready to be handed to a server. */
export function emailMessage(config: EmailConfig, notification: Notification, render: Render): Mail {
  const from = addressList(render.text(config.from), 'from');
  if (from.length !== 1) {
    throw new MessageError(`must be exactly one 'from' address (got: ${from.length})`);
  }
  const to = addressList(render.text(config.to), 'to');
  const given = new Set(Object.keys(config.headers).map((name) => name.toLowerCase()));
  const usual: readonly [string, string][] = [
    ['Subject', DEFAULT_SUBJECT],
    ['To', config.to],
    ['From', config.from],
  ];
  const templates = [
    ...usual.filter(([name]) => !given.has(name.toLowerCase())),
    ...Object.entries(config.headers),
  ];
  const headers = templates.map(([name, template]): [string, string] => [name, render.text(template)]);
  if (!given.has('message-id')) headers.push(['Message-Id', `<${randomUUID()}@${hostname()}>`]);
  if (config.threading.enabled) {
    const day = config.threading.thread_by_date === 'none' ? '' : localDay(notification.at);
    const root = `<alert-${hashKey(notification.groupKey).slice(0, 16)}-${day}@alertmanager>`;
    headers.push(['References', root], ['In-Reply-To', root]);
  }
  const parts = [
    ...(config.text ? [{ type: 'text/plain', body: render.text(config.text) }] : []),
    ...(config.html ? [{ type: 'text/html', body: render.html(config.html) }] : []),
  ];
  return { from: from[0]!, to, source: mailSource(headers, parts, notification.at) };
}

function localDay(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
