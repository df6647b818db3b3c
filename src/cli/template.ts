import fs from 'node:fs';
import { createTemplateSet } from '../templates/notification.ts';
import type { AlertData, NotificationData } from '../templates/notification-data.ts';
import { readTemplateFiles } from '../templates/template-files.ts';
import { UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { CommandError } from './remote.ts';
import { commandOf } from './words.ts';

const MINUTE_MS = 60_000;

/** `belfry template`: amtool's `template render`. @param now Unix ms */
export const templateCommand = (now: () => number): Command =>
  commandOf('template', {
    usage: 'template TEXT [--glob GLOB]… [--html] [--data FILE]',
    summary: 'renders a text of a notification, such as \'{{ template "slack.default.title" . }}\'',
    flags: [
      {
        names: ['glob', 'template.glob'],
        kind: 'repeated',
        placeholder: 'GLOB',
        help: 'files with templates of your own; may be repeated',
      },
      { names: ['text', 'template.text'], kind: 'value', help: 'the text, instead of an argument' },
      { names: ['html'], kind: 'boolean', help: 'escapes values for HTML, as in mail' },
      {
        names: ['type', 'template.type'],
        kind: 'value',
        help: 'text, or html for the same as --html (text)',
      },
      {
        names: ['data', 'template.data'],
        kind: 'value',
        placeholder: 'FILE',
        help: 'JSON with what the templates see, as a webhook gets it (two made-up alerts)',
      },
    ],
    async run(args, io) {
      const flag = args.values.get('text');
      const [text, ...more] = [...(flag === undefined ? [] : [flag]), ...args.positional];
      if (text === undefined || more.length > 0) throw new UsageError('template: expected one TEXT');
      const type = args.values.get('type') ?? 'text';
      if (type !== 'text' && type !== 'html')
        throw new UsageError(`--type: expected text or html, got ${JSON.stringify(type)}`);
      const file = args.values.get('data');
      try {
        const templates = createTemplateSet({ files: readTemplateFiles(args.lists.get('glob') ?? []), now });
        const data = file === undefined ? sample(now()) : dataIn(fs.readFileSync(file, 'utf8'));
        const isHtml = type === 'html' || args.switches.get('html') === true;
        io.stdout(isHtml ? templates.renderHtml(text, data) : templates.renderText(text, data));
        return EXIT.ok;
      } catch (error) {
        throw new CommandError((error as Error).message);
      }
    },
  });

type Json = Readonly<Record<string, unknown>>;

/** Go takes any spelling of a key, and what is missing as empty. */
function dataIn(text: string): NotificationData {
  const read = object(JSON.parse(text));
  const alerts = field(read, 'alerts');
  return {
    receiver: string(read, 'receiver'),
    status: string(read, 'status') as NotificationData['status'],
    alerts: (Array.isArray(alerts) ? alerts : []).map(alertIn),
    groupLabels: texts(read, 'groupLabels'),
    commonLabels: texts(read, 'commonLabels'),
    commonAnnotations: texts(read, 'commonAnnotations'),
    externalURL: string(read, 'externalURL'),
    notificationReason: string(read, 'notification_reason'),
    routeLabels: texts(read, 'routeLabels'),
    routeLabelsRendered: true,
  };
}

function alertIn(value: unknown): AlertData {
  const read = object(value);
  const time = (name: string): number => {
    const written = string(read, name);
    if (written === '' || written.startsWith('0001-')) return 0;
    const at = Date.parse(written);
    if (Number.isNaN(at))
      throw new Error(
        `${name}: expected a time such as 2026-01-02T15:04:05Z, got ${JSON.stringify(written)}`,
      );
    return at;
  };
  return {
    status: string(read, 'status') as AlertData['status'],
    labels: texts(read, 'labels'),
    annotations: texts(read, 'annotations'),
    startsAt: time('startsAt'),
    endsAt: time('endsAt'),
    generatorURL: string(read, 'generatorURL'),
    fingerprint: string(read, 'fingerprint'),
  };
}

function object(value: unknown): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`expected a JSON object, got ${JSON.stringify(value)}`);
  return value as Json;
}

function field(json: Json, name: string): unknown {
  return json[name] ?? Object.entries(json).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

function string(json: Json, name: string): string {
  const value = field(json, name) ?? '';
  if (typeof value !== 'string') throw new Error(`${name}: expected a text, got ${JSON.stringify(value)}`);
  return value;
}

function texts(json: Json, name: string): Record<string, string> {
  const value = object(field(json, name) ?? {});
  return Object.fromEntries(Object.keys(value).map((key) => [key, string(value, key)]));
}

/** What amtool renders with when it is given nothing. */
function sample(now: number): NotificationData {
  const commonLabels = { commonlabelkey1: 'commonlabelvalue1', commonlabelkey2: 'commonlabelvalue2' };
  const commonAnnotations = {
    commonannotationkey1: 'commonannotationvalue1',
    commonannotationkey2: 'commonannotationvalue2',
  };
  return {
    receiver: 'receiver',
    status: 'alertstatus' as NotificationData['status'],
    alerts: [
      {
        status: 'firing',
        labels: { label1: 'value1', label2: 'value2', instance: 'foo.bar:1234', ...commonLabels },
        annotations: { annotation1: 'value1', annotation2: 'value2', ...commonAnnotations },
        startsAt: now - 5 * MINUTE_MS,
        endsAt: now,
        generatorURL: 'https://generatorurl.com',
        fingerprint: 'fingerprint1',
      },
      {
        status: 'resolved',
        labels: { foo: 'bar', baz: 'qux', ...commonLabels },
        annotations: { aaa: 'bbb', ccc: 'ddd', ...commonAnnotations },
        startsAt: now - 10 * MINUTE_MS,
        endsAt: now,
        generatorURL: 'https://generatorurl.com',
        fingerprint: 'fingerprint2',
      },
    ],
    groupLabels: { grouplabelkey1: 'grouplabelvalue1', grouplabelkey2: 'grouplabelvalue2' },
    commonLabels,
    commonAnnotations,
    externalURL: 'https://example.com',
  };
}
