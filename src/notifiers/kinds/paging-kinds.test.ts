import { expect, test } from 'vitest';
import { incidentioMessage } from './incidentio.ts';
import { jiraMessage } from './jira.ts';
import { configOf, converse, notification, render, resolved } from './kinds.fixture.ts';
import { Memory } from './memory.ts';
import { opsgenieMessage } from './opsgenie.ts';
import { pushoverMessage } from './pushover.ts';
import { signed } from './sigv4.ts';
import { snsMessage } from './sns.ts';
import { victoropsMessage } from './victorops.ts';

const TITLE = '[FIRING:1] HighLoad (critical)';
const LINK = 'http://belfry.test/#/alerts?receiver=team%5C.x';

const genie = { api_key: 'GK', api_url: 'http://genie.test' };

test('Opsgenie: an alert is created', () => {
  const config = configOf('opsgenie', {
    ...genie,
    description: 'D',
    details: { severity: 'own', more: '{{ .Status }}' },
    tags: ' a,b,,c ',
    actions: 'x',
    note: 'N',
    priority: 'P1',
    entity: 'E',
    responders: [
      { name: 'one,two', type: 'teams' },
      { username: 'me', type: 'user' },
      { id: '{{ .CommonLabels.nope }}', type: '{{ .CommonLabels.nope }}' },
    ],
  });
  const { asked, outcome } = converse(opsgenieMessage(config, notification, render), [
    { status: 202, body: '{"result":"Request will be processed"}' },
  ]);
  expect(asked).toEqual([
    {
      method: 'POST',
      url: 'http://genie.test/v2/alerts',
      headers: { 'Content-Type': 'application/json', Authorization: 'GenieKey GK' },
      body: {
        alias: expect.stringMatching(/^[0-9a-f]{64}$/),
        message: TITLE,
        description: 'D',
        details: { alertname: 'HighLoad', more: 'firing', severity: 'own' },
        source: LINK,
        responders: [
          { name: 'one', type: 'team' },
          { name: 'two', type: 'team' },
          { username: 'me', type: 'user' },
        ],
        tags: ['a', 'b', 'c'],
        note: 'N',
        priority: 'P1',
        entity: 'E',
        actions: ['x'],
      },
    },
  ]);
  expect(outcome).toEqual({ kind: 'delivered', answer: '202 {"result":"Request will be processed"}' });
});

test('Opsgenie: texts are updated when asked for, until one request fails', () => {
  const config = configOf('opsgenie', {
    ...genie,
    update_alerts: true,
    message: 'x'.repeat(200),
    description: 'D',
  });
  const all = converse(opsgenieMessage(config, notification, render), [{}, {}, {}]);
  const alias = (all.asked[0]!.body as { alias: string }).alias;
  expect(all.asked.slice(1).map(({ method, url, body }) => [method, url, body])).toEqual([
    [
      'PUT',
      `http://genie.test/v2/alerts/${alias}/message?identifierType=alias`,
      { message: `${'x'.repeat(129)}…` },
    ],
    ['PUT', `http://genie.test/v2/alerts/${alias}/description?identifierType=alias`, { description: 'D' }],
  ]);
  const failed = converse(opsgenieMessage(config, notification, render), [{}, { status: 429, body: 'slow' }]);
  expect(failed.outcome).toEqual({
    kind: 'retry',
    reason: 'rateLimited',
    message: 'unexpected status code 429: slow',
  });
});

test('Opsgenie: what is over is closed', () => {
  const config = configOf('opsgenie', { ...genie, source: 'S' });
  const [asked] = converse(opsgenieMessage(config, resolved, render)).asked;
  expect(asked!.url).toMatch(/^http:\/\/genie\.test\/v2\/alerts\/[0-9a-f]{64}\/close\?identifierType=alias$/);
  expect(asked!.body).toEqual({ source: 'S' });
});

const victor = { api_key: 'VK', routing_key: 'team {{ .Status }}' };

test.each([
  [notification, 'WARNING', 'WARNING'],
  [notification, 'loud', 'CRITICAL'],
  [resolved, 'WARNING', 'RECOVERY'],
])('VictorOps: the type of a message %#', (about, message_type, sent) => {
  const config = configOf('victorops', { ...victor, message_type, custom_fields: { Team: '{{ .Status }}' } });
  const [asked] = converse(victoropsMessage(config, about, render)).asked;
  expect(asked!.url).toBe('https://alert.victorops.com/integrations/generic/20131114/alert/VK/team%20firing');
  expect(asked!.body).toEqual({
    Team: 'firing',
    entity_display_name: TITLE,
    entity_id: expect.stringMatching(/^[0-9a-f]{64}$/),
    message_type: sent,
    monitoring_tool: 'Alertmanager',
    state_message: expect.stringContaining('Alerts Firing:'),
  });
});

const push = { user_key: 'U', token: 'T' };

test('Pushover: everything in the address', () => {
  const config = configOf('pushover', {
    ...push,
    message: ' {{ .Status }} & more ',
    ttl: '90s',
    sound: 'siren',
  });
  const [asked] = converse(pushoverMessage(config, notification, render)).asked;
  const url = new URL(asked!.url);
  expect(url.origin + url.pathname).toBe('https://api.pushover.net/1/messages.json');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    device: '',
    expire: '3600',
    message: 'firing & more',
    priority: '2',
    retry: '60',
    sound: 'siren',
    title: TITLE,
    token: 'T',
    ttl: '90',
    url: LINK,
    url_title: '',
    user: 'U',
  });
  expect(asked).toMatchObject({ method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '' });
});

test.each([
  [{ message: '  ' }, { message: '(no details)' }],
  [
    { message: '<b>{{ "<" }}</b>', html: true },
    { message: '<b>&lt;</b>', html: '1' },
  ],
  [
    { message: 'x'.repeat(2000), monospace: true },
    { message: `${'x'.repeat(1023)}…`, monospace: '1' },
  ],
])('Pushover: text of %j', (keys, sent) => {
  const exchange = pushoverMessage(configOf('pushover', { ...push, ...keys }), notification, render);
  const [asked] = converse(exchange).asked;
  expect(Object.fromEntries(new URL(asked!.url).searchParams)).toMatchObject(sent);
});

const incident = { url: 'http://incident.test/a', alert_source_token: 'IT' };

test('incident.io: the payload of a webhook under another version, the token as authorization', () => {
  const config = configOf('incidentio', { ...incident, max_alerts: 1 });
  expect(config.http_config.authorization).toEqual({ type: 'Bearer', credentials: 'IT' });
  const { asked } = converse(incidentioMessage(config, notification));
  expect(asked[0]!.body).toMatchObject({
    receiver: 'team\\.x',
    status: 'firing',
    version: '1',
    groupKey: '{}:{alertname="HighLoad"}',
    truncatedAlerts: 1,
    alerts: [{ labels: { instance: 'web-1' } }],
  });
});

test('incident.io: of a message that is too large the first alert is sent', () => {
  const many = Array.from({ length: 2000 }, () => notification.alerts[0]!);
  const { asked } = converse(
    incidentioMessage(configOf('incidentio', incident), { ...notification, alerts: many }),
  );
  expect(asked[0]!.body).toMatchObject({ truncatedAlerts: 1999, alerts: [{ fingerprint: 'f-web-1' }] });
});

test('incident.io: 429 is tried again, and what it says is told', () => {
  const body = '{"message":"m","error":"e","errors":["a","b"]}';
  const exchange = incidentioMessage(configOf('incidentio', incident), notification);
  expect(converse(exchange, [{ status: 429, body }]).outcome).toEqual({
    kind: 'retry',
    reason: 'rateLimited',
    message: 'unexpected status code 429: m: e: a, b',
  });
});

const jira = {
  api_url: 'http://jira.test/rest/api/2/',
  project: 'OPS',
  issue_type: 'Bug',
  labels: ['z', '{{ .Status }}'],
  priority: '',
  description: 'D',
};
const none = { body: '{"issues":[]}' };
const issue = (category: string) => ({
  body: JSON.stringify({
    issues: [{ key: 'OPS-7', fields: { status: { statusCategory: { key: category } } } }],
  }),
});

test('Jira: an issue is made when there is none', () => {
  const config = configOf('jira', {
    ...jira,
    priority: '{{ template "jira.default.priority" . }}',
    fields: { customfield_1: { value: '{{ .Status }}' }, components: ['{{ .Status }}'] },
  });
  const { asked, outcome } = converse(jiraMessage(config, notification, render), [
    none,
    { status: 201, body: '{}' },
  ]);
  const label = expect.stringMatching(/^ALERT\{[0-9a-f]{64}\}$/);
  const headers = { 'Content-Type': 'application/json', 'Accept-Language': 'en' };
  expect(asked).toEqual([
    {
      method: 'POST',
      url: 'http://jira.test/rest/api/2/search',
      headers,
      body: {
        jql: expect.stringMatching(
          /^statusCategory != Done and project="OPS" and labels="ALERT\{[0-9a-f]{64}\}" order by status ASC,resolutiondate DESC$/,
        ),
        maxResults: 2,
        fields: ['status'],
      },
    },
    {
      method: 'POST',
      url: 'http://jira.test/rest/api/2/issue',
      headers,
      body: {
        fields: {
          components: ['firing'],
          customfield_1: { value: 'firing' },
          description: 'D',
          issuetype: { name: 'Bug' },
          labels: [label, 'firing', 'z'],
          priority: { name: 'High' },
          project: { key: 'OPS' },
          summary: TITLE,
        },
      },
    },
  ]);
  expect(outcome.kind).toBe('delivered');
});

test('Jira: nothing is made for what is over already', () => {
  const { asked, outcome } = converse(jiraMessage(configOf('jira', jira), resolved, render), [none]);
  expect(asked).toHaveLength(1);
  expect(outcome).toEqual({ kind: 'delivered', answer: 'no open issue to resolve' });
});

const transitions = { body: '{"transitions":[{"id":"11","name":"Start"},{"id":"31","name":"Done"}]}' };

test('Jira: an issue is updated, but for what is to stay, and resolved', () => {
  const config = configOf('jira', {
    ...jira,
    resolve_transition: 'Done',
    summary: { enable_update: false },
    description: { template: 'D2', enable_update: true },
  });
  const { asked, outcome } = converse(jiraMessage(config, resolved, render), [
    issue('new'),
    { status: 204 },
    transitions,
    { status: 204 },
  ]);
  expect(asked.slice(1).map(({ method, url }) => `${method} ${url.slice(28)}`)).toEqual([
    'PUT issue/OPS-7',
    'GET issue/OPS-7/transitions',
    'POST issue/OPS-7/transitions',
  ]);
  const { fields } = asked[1]!.body as { fields: object };
  expect(fields).not.toHaveProperty('summary');
  expect(fields).toMatchObject({ description: 'D2', project: { key: 'OPS' } });
  expect(asked[3]!.body).toEqual({ transition: { id: '31' } });
  expect(outcome.kind).toBe('delivered');
});

test('Jira: an issue resolved lately is opened again', () => {
  const config = configOf('jira', {
    ...jira,
    reopen_transition: 'Start',
    reopen_duration: '2h',
    wont_fix_resolution: "Won't Do",
  });
  const { asked } = converse(jiraMessage(config, notification, render), [
    issue('done'),
    { status: 204 },
    transitions,
    { status: 204 },
  ]);
  expect((asked[0]!.body as { jql: string }).jql).toMatch(
    /^\(resolution is EMPTY or resolution != "Won't Do"\) and \(resolutiondate is EMPTY OR resolutiondate >= -120m\) and project=/,
  );
  expect(asked[3]!.body).toEqual({ transition: { id: '11' } });
});

test.each([
  ['http://acme.atlassian.net/rest/api/2', 'auto', 'http://acme.atlassian.net/rest/api/3/search/jql'],
  ['http://acme.atlassian.net/rest/api/2', 'datacenter', 'http://acme.atlassian.net/rest/api/2/search'],
  ['http://jira.test/rest/api/3', 'cloud', 'http://jira.test/rest/api/3/search/jql'],
])('Jira: %s as %s is searched at %s', (api_url, api_type, url) => {
  const config = configOf('jira', { ...jira, api_url, api_type, description: '{"type":"doc"}' });
  expect(converse(jiraMessage(config, resolved, render), [none]).asked[0]!.url).toBe(url);
});

test('Jira: under version 3 a description is a document', () => {
  const at = (description: string) =>
    converse(
      jiraMessage(
        configOf('jira', { ...jira, api_url: 'http://jira.test/rest/api/3', description }),
        notification,
        render,
      ),
      [none, { status: 201 }],
    );
  const body = at('{"type":"doc"}').asked[1]!.body as { fields: { description: unknown } };
  expect(body.fields.description).toEqual({ type: 'doc' });
  expect(() => at('text')).toThrow('description: expected a JSON document');
});

test.each([
  [
    [{ status: 429, body: 'slow' }],
    'retry',
    'failed to look up existing issues: unexpected status code 429: slow',
  ],
  [
    [none, { status: 400, body: 'bad' }],
    'rejected',
    'failed to create the issue: unexpected status code 400: bad',
  ],
  [[issue('done'), {}, { body: '{}' }], 'rejected', "can't find transition Again for issue OPS-7"],
])('Jira answering %j', (answers, kind, message) => {
  const config = configOf('jira', { ...jira, reopen_transition: 'Again' });
  expect(converse(jiraMessage(config, notification, render), answers).outcome).toMatchObject({
    kind,
    message,
  });
});

test("a signature of AWS' own suite of examples", () => {
  const { headers } = signed(
    {
      method: 'GET',
      url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: '',
    },
    {
      region: 'us-east-1',
      service: 'iam',
      accessKey: 'AKIDEXAMPLE',
      secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    },
    Date.UTC(2015, 7, 30, 12, 36),
  );
  expect(headers).toMatchObject({
    'X-Amz-Date': '20150830T123600Z',
    Authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  });
});

const aws = { region: 'eu-west-1', access_key: 'AK', secret_key: 'SK' };
const sns = (keys: object, about = notification, memory = new Memory()) =>
  snsMessage(configOf('sns', { sigv4: aws, message: 'M {{ .Status }}', ...keys }), about, render, {
    memory,
    now: () => Date.UTC(2026, 0, 2, 5),
  });
const formOf = (body: unknown) => Object.fromEntries(new URLSearchParams(body as string));

test('SNS: a signed publication', () => {
  const { asked, outcome } = converse(
    sns({ topic_arn: 'arn:aws:sns:eu-west-1:1:t', attributes: { 'a b': '*' } }),
  );
  expect(asked[0]!.url).toBe('https://sns.eu-west-1.amazonaws.com/');
  expect(formOf(asked[0]!.body)).toEqual({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: 'arn:aws:sns:eu-west-1:1:t',
    Message: 'M firing',
    Subject: TITLE,
    'MessageAttributes.entry.1.Name': 'a b',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': '*',
  });
  expect(asked[0]!.body).toContain('Name=a%20b&');
  expect(asked[0]!.body).toContain('StringValue=%2A');
  expect(asked[0]!.headers).toMatchObject({
    'X-Amz-Date': '20260102T050000Z',
    Authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AK\/20260102\/eu-west-1\/sns\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
    ),
  });
  expect(outcome.kind).toBe('delivered');
});

test('SNS: a FIFO topic takes each notification once, whatever is tried again', () => {
  const ids = (about = notification) => {
    const form = formOf(converse(sns({ topic_arn: 'arn:x.fifo' }, about)).asked[0]!.body);
    return [form.MessageGroupId, form.MessageDeduplicationId];
  };
  expect(ids()).toEqual(ids());
  expect(ids({ ...notification, at: notification.at + 1 })[0]).toBe(ids()[0]);
  expect(ids({ ...notification, at: notification.at + 1 })[1]).not.toBe(ids()[1]);
});

test('SNS: an SMS is cut by bytes and says so; a subject is one short line', () => {
  const keys = { phone_number: '+1', message: 'é'.repeat(1000), subject: `a\n${'b'.repeat(200)}` };
  const form = formOf(converse(sns(keys)).asked[0]!.body);
  expect(form.Message).toBe('é'.repeat(800));
  expect(form['MessageAttributes.entry.1.Name']).toBe('truncated');
  expect(form.Subject).toBe(`a ${'b'.repeat(96)}…`);
});

test('SNS: a role is assumed once', () => {
  const memory = new Memory();
  const keys = { topic_arn: 'T', sigv4: { ...aws, role_arn: 'arn:role', external_id: 'X' } };
  const xml =
    '<AssumeRoleResponse><AccessKeyId>RK</AccessKeyId><SecretAccessKey>RS</SecretAccessKey><SessionToken>RT</SessionToken><Expiration>2026-01-02T06:00:00Z</Expiration></AssumeRoleResponse>';
  const first = converse(sns(keys, notification, memory), [{ body: xml }, {}]).asked;
  expect(first[0]!.url).toBe('https://sts.eu-west-1.amazonaws.com/');
  expect(formOf(first[0]!.body)).toMatchObject({
    Action: 'AssumeRole',
    RoleArn: 'arn:role',
    ExternalId: 'X',
  });
  expect(first[1]!.headers).toMatchObject({
    'X-Amz-Security-Token': 'RT',
    Authorization: expect.stringContaining('Credential=RK/'),
  });
  expect(converse(sns(keys, notification, memory)).asked).toHaveLength(1);
});

const error = (code: string) =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

test.each([
  [403, 'AuthorizationError', 'rejected', 'authError'],
  [400, 'Throttling', 'retry', 'rateLimited'],
  [500, 'InternalFailure', 'retry', 'serverError'],
])('SNS answering %d %s', (status, code, kind, reason) => {
  const { outcome } = converse(sns({ topic_arn: 'T' }), [{ status, body: error(code) }]);
  expect(outcome).toEqual({ kind, reason, message: `unexpected status code ${status}: no` });
});

test('SNS: without credentials or region it says what is missing', () => {
  expect(() => converse(sns({ topic_arn: 'T', sigv4: {} }))).toThrow('sigv4.region');
  expect(() => converse(sns({ topic_arn: 'T', sigv4: { region: 'r' } }))).toThrow('AWS_ACCESS_KEY_ID');
});
