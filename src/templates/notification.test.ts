import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTemplateSet } from './notification.ts';
import type { AlertData, NotificationData } from './notification-data.ts';

const NOW = Date.UTC(2026, 0, 2, 12);

const firing: AlertData = {
  status: 'firing',
  labels: { alertname: 'HighErrorRate', job: 'api', severity: 'critical' },
  annotations: { summary: 'errors & more', runbook_url: 'https://wiki/r?a=1&b=<2>' },
  startsAt: NOW - 3_600_000,
  endsAt: 0,
  generatorURL: 'http://belfry/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
  fingerprint: '00f1',
};
const resolved: AlertData = {
  ...firing,
  status: 'resolved',
  labels: { alertname: 'HighErrorRate', job: 'web', severity: 'warning' },
  annotations: {},
  endsAt: NOW - 60_000,
  fingerprint: '00f2',
};

const data: NotificationData = {
  receiver: 'team one',
  status: 'firing',
  alerts: [firing, resolved],
  groupLabels: { alertname: 'HighErrorRate' },
  commonLabels: { alertname: 'HighErrorRate', team: 'backend' },
  commonAnnotations: { summary: 's' },
  externalURL: 'http://belfry.example',
  notificationReason: 'first notification',
  routeLabels: {
    plain: 'p',
    nested: '{{ routeLabels "plain" }}+{{ .Receiver }}',
    loop: '{{ routeLabels "loop" }}',
  },
};

const set = createTemplateSet({ now: () => NOW });
const text = (template: string): string => set.renderText(template, data);
const html = (template: string): string => set.renderHtml(template, data);

describe('the data', () => {
  test.each([
    ['{{ .Status }} {{ .Receiver }} {{ .NotificationReason }}', 'firing team one first notification'],
    ['{{ len .Alerts }} {{ .Alerts.Firing | len }} {{ len .Alerts.Resolved }}', '2 1 1'],
    ['{{ if eq (len .Alerts.Firing) 1 }}one{{ end }}', 'one'],
    [
      '{{ .CommonLabels }} {{ .CommonLabels.SortedPairs }}',
      'map[alertname:HighErrorRate team:backend] alertname=HighErrorRate, team=backend',
    ],
    ['{{ (index .Alerts 0).Labels.SortedPairs.Names }}', '[alertname job severity]'],
    [
      '{{ .GroupLabels.Values | join "," }} {{ .CommonLabels.Names.Join "/" }}',
      'HighErrorRate alertname/team',
    ],
    ['{{ .CommonLabels.Remove .GroupLabels.Names }}', 'map[team:backend]'],
    ['{{ (.CommonLabels.Remove .GroupLabels.Names).String }}', 'team=backend'],
    ['{{ .CommonLabels.Remove .CommonLabels.Names }}', 'map[]'],
    ['{{ (.CommonLabels.Remove (stringSlice "team" "x")).Values }}', '[HighErrorRate]'],
    [
      '{{ range .Alerts }}{{ .StartsAt.Format "15:04" }} {{ .EndsAt.IsZero }} {{ if .EndsAt }}always{{ end }};{{ end }}',
      '11:00 true always;11:00 false always;',
    ],
    [
      '{{ range .CommonLabels.SortedPairs }}{{ .Name }}: {{ .Value }}; {{ end }}',
      'alertname: HighErrorRate; team: backend; ',
    ],
    ['{{ .GroupLabels.nope }}|{{ with .CommonAnnotations.summary }}{{ . }}{{ end }}', '|s'],
    ['{{ routeLabels "nested" }} {{ routeLabels "none" }}', 'p+team one '],
  ])('%j gives %j', (template, expected) => expect(text(template)).toBe(expected));

  test('route labels that were rendered before are not read as templates again', () => {
    const rendered = { ...data, routeLabels: { a: '{{ $value }}' }, routeLabelsRendered: true };
    expect(set.renderText('{{ routeLabels "a" }}', rendered)).toBe('{{ $value }}');
  });

  test('a route label that leads to itself is an error', () => {
    expect(() => text('{{ routeLabels "loop" }}')).toThrow('route label cycle detected: loop -> loop');
  });
});

describe('functions', () => {
  test.each([
    ['{{ "hello wORLD, it\'s foo-bar foo_bar 3rd" | title }}', "Hello World, It's Foo-Bar Foo_bar 3Rd"],
    ['{{ toUpper "a" }}{{ toLower "B" }}[{{ trimSpace "  x \\n" }}]', 'Ab[x]'],
    ['{{ match "^a" "abc" }} {{ reReplaceAll "ab" "AB" "abcdab" }}', 'true ABcdAB'],
    ['{{ "search?q=test%20foo+x" | urlUnescape }}', 'search?q=test foo x'],
    [
      '{{ (index .Alerts 0).StartsAt | tz "Europe/Berlin" | date "2006-01-02 15:04:05 MST -0700" }}',
      '2026-01-02 12:00:00 CET +0100',
    ],
    ['{{ (index .Alerts 0).StartsAt | tz "Asia/Shanghai" | date "15:04 MST" }}', '19:00 CST'],
    [
      '{{ since (index .Alerts 0).StartsAt }} {{ since (index .Alerts 0).StartsAt | humanizeDuration }}',
      '1h0m0s 1h 0m 0s',
    ],
    [
      '{{ now.Unix }} {{ (toDate "2006-01-02" "2026-03-04").Unix }} {{ (toDate "2006" "x").IsZero }}',
      '1767355200 1772582400 true',
    ],
    [
      '{{ (mustToDate "2006-01-02T15:04:05Z07:00" "2026-03-04T05:06:07+02:00").UTC }}',
      '2026-03-04 03:06:07 +0000 UTC',
    ],
    [
      '{{ toJson .CommonLabels }} {{ toJson (list 1 "a<b" 1.5 true nil) }}',
      '{"alertname":"HighErrorRate","team":"backend"} [1,"a\\u003cb",1.5,true,null]',
    ],
    [
      '{{ $l := list "a" }}{{ $l = append $l "b" 3 }}{{ $l }} {{ dict "b" 1 "a" 2 }} {{ dict }} {{ list }}',
      '[a b 3] map[a:2 b:1] map[] []',
    ],
    ['{{ "flush>>" | base64encode }} {{ "dGVzdA==" | base64decode }}', 'Zmx1c2g-Pg== test'],
    ['{{ stringSlice "a" "b" | join "-" }}', 'a-b'],
  ])('%j gives %j', (template, expected) => expect(text(template)).toBe(expected));

  test('toJson of an alert has the names of the webhook payload', () => {
    expect(JSON.parse(text('{{ toJson (index .Alerts.Firing 0) }}'))).toEqual({
      status: 'firing',
      labels: firing.labels,
      annotations: firing.annotations,
      startsAt: '2026-01-02T11:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: firing.generatorURL,
      fingerprint: '00f1',
    });
  });

  test.each([
    ['{{ default "x" .Status }}', 'template: :1: function "default" not defined'],
    [
      '{{ .Nope }}',
      'template: :1:3: executing "" at <.Nope>: can\'t evaluate field Nope in type *template.Data',
    ],
    ['{{ tz "Mars/Base" now }}', 'error calling tz: unknown time zone Mars/Base'],
    ['{{ mustToDate "2006-01-02" "2026-13-01" }}', 'month out of range'],
    ['{{ dict "a" }}', 'dict requires an even number of arguments'],
    ['{{ dict 1 2 }}', 'dict keys must be strings'],
    ['{{ base64decode "not base64!" }}', 'illegal base64 data'],
    ['{{ template "gone" . }}', 'template "gone" not defined'],
    ['{{ join "," .Status }}', 'wrong type for value; expected []string; got string'],
  ])('%j is an error', (template, message) => expect(() => text(template)).toThrow(message));
});

describe('default templates', () => {
  test.each([
    ['slack.default.title', '[FIRING:1] HighErrorRate (backend)'],
    ['slack.default.titlelink', 'http://belfry.example/#/alerts?receiver=team+one'],
    [
      'slack.default.fallback',
      '[FIRING:1] HighErrorRate (backend) | http://belfry.example/#/alerts?receiver=team+one',
    ],
    ['slack.default.username', 'Alertmanager'],
    ['slack.default.color', 'danger'],
    ['slack.default.text', ''],
    ['email.default.subject', '[FIRING:1] HighErrorRate (backend)'],
    ['pagerduty.default.client', 'Alertmanager'],
    ['jira.default.priority', 'High'],
    [
      'opsgenie.default.description',
      's\nAlerts Firing:\nLabels:\n - alertname = HighErrorRate\n - job = api\n - severity = critical\nAnnotations:\n - runbook_url = https://wiki/r?a=1&b=<2>\n - summary = errors & more\nSource: http://belfry/graph?g0.expr=up+%3D%3D+0&g0.tab=1\n\nAlerts Resolved:\nLabels:\n - alertname = HighErrorRate\n - job = web\n - severity = warning\nAnnotations:\nSource: http://belfry/graph?g0.expr=up+%3D%3D+0&g0.tab=1\n',
    ],
  ])('%s', (name, expected) => expect(text(`{{ template "${name}" . }}`)).toBe(expected));

  test('the subject of a group that is over has no count', () => {
    const over = { ...data, status: 'resolved', alerts: [resolved], commonLabels: data.groupLabels } as const;
    expect(set.renderText('{{ template "__subject" . }}', over)).toBe('[RESOLVED] HighErrorRate ');
  });

  test('lists have room for a thousand alerts, and not for any number', () => {
    const many = (count: number): NotificationData => ({
      ...data,
      alerts: Array<AlertData>(count).fill(firing),
    });
    const small = set.renderText('{{ template "slack.default.title" . }}', many(1000));
    expect(small).toBe('[FIRING:1000] HighErrorRate (backend)');
    const list = '{{ template "pushover.default.message" . }}';
    expect(set.renderText(list, many(1000)).length).toBeGreaterThan(100_000);
    expect(() => set.renderText(list, many(20_000))).toThrow(/exceeded the limit of 1048576 bytes/);
  });

  test('the e-mail names the alerts, escaped', () => {
    const mail = html('{{ template "email.default.html" . }}');
    expect(mail).toMatch(/^\n\n<!DOCTYPE html PUBLIC/);
    expect(mail).toContain('<title>[FIRING:1] HighErrorRate (backend)</title>');
    expect(mail).toContain('href="http://belfry.example/#/alerts?receiver=team&#43;one"');
    expect(mail).toContain('[1] Firing</strong>');
    expect(mail).toContain('[1] Resolved</strong>');
    expect(mail).toContain('summary = errors &amp; more<br');
    expect(mail).toContain('runbook_url = https://wiki/r?a=1&amp;b=&lt;2&gt;<br');
    expect(mail).toContain('<a href="http://belfry/graph?g0.expr=up&#43;%3D%3D&#43;0&amp;g0.tab=1"');
    expect(mail).not.toMatch(/<no value>|Zgotmpl/);
  });
});

describe('HTML is escaped for the place where a value stands', () => {
  const hostile = (template: string, receiver: string): string =>
    set.renderHtml(template, { ...data, receiver });
  test.each([
    [
      '<b>{{ .Receiver }}</b>',
      `<script>"a" & 'b'</script>+`,
      `<b>&lt;script&gt;&#34;a&#34; &amp; &#39;b&#39;&lt;/script&gt;&#43;</b>`,
    ],
    ['<p title="{{ .Receiver }}">', '"><x>', '<p title="&#34;&gt;&lt;x&gt;">'],
    ["<p title='{{ .Receiver }}'>", "a'b", "<p title='a&#39;b'>"],
    ['<p class=x-{{ .Receiver }}>', 'a b=c', '<p class=x-a&#32;b&#61;c>'],
    ['<p class={{ .Receiver }} id=y>', 'a', '<p class=a id=y>'],
    ['<a href="{{ .Receiver }}">', 'javascript:alert(1)', '<a href="#ZgotmplZ">'],
    [
      '<a href="{{ .Receiver }}">',
      'https://x/ä b?q="1"&r=%20',
      '<a href="https://x/%c3%a4%20b?q=%221%22&amp;r=%20">',
    ],
    ['<a href="/s/{{ .Receiver }}/x">', 'a b/c?d', '<a href="/s/a%20b/c?d/x">'],
    ['<a href="/s?q={{ .Receiver }}&x=1">', 'a b&c=d/é', '<a href="/s?q=a%20b%26c%3dd%2f%c3%a9&x=1">'],
    ['<a href="/s?q={{ .Receiver | urlquery }}">', 'a b&c', '<a href="/s?q=a&#43;b%26c">'],
    ['<a href="/s?{{ "q=test%20foo" | safeUrl }}">', '', '<a href="/s?q=test%20foo">'],
    ['<a href="{{ .Receiver | safeUrl }}">', 'tel:123', '<a href="tel:123">'],
    ['<p style="color: {{ .Receiver }}">', 'red', '<p style="color: red">'],
    ['<p style="color: {{ .Receiver }}">', 'expression(alert(1))', '<p style="color: ZgotmplZ">'],
    ['<style>p { color: {{ .Receiver }} }</style>', '#f00', '<style>p { color: #f00 }</style>'],
    [
      '<p style="background: url(\'{{ .Receiver }}\')">',
      'javascript:x',
      '<p style="background: url(\'#ZgotmplZ\')">',
    ],
    [
      '<script>var x = {{ .Receiver }};</script>',
      '</script><b>"',
      '<script>var x = "\\u003c/script\\u003e\\u003cb\\u003e\\"";</script>',
    ],
    [
      "<script>var x = '{{ .Receiver }}';</script>",
      `a'b</script>`,
      "<script>var x = 'a\\u0027b\\u003c\\/script\\u003e';</script>",
    ],
    ['<script>var n = {{ len .Alerts }};</script>', '', '<script>var n =  2 ;</script>'],
    [
      '<script>var l = {{ .CommonLabels }};</script>',
      '',
      '<script>var l = {"alertname":"HighErrorRate","team":"backend"};</script>',
    ],
    ['<p onclick="f({{ .Receiver }})">', `a"b`, '<p onclick="f(&#34;a\\&#34;b&#34;)">'],
    ['<title>{{ .Receiver }}</title>', '</title><b>', '<title>&lt;/title&gt;&lt;b&gt;</title>'],
    ['<textarea>{{ .Receiver }}</textarea>{{ .Receiver }}', '<b>', '<textarea>&lt;b&gt;</textarea>&lt;b&gt;'],
    ['<{{ .Receiver }}>', 'b', '&lt;b>'],
    ['<p {{ .Receiver }}="x">', 'onclick', '<p ZgotmplZ="x">'],
    ['<p {{ .Receiver }}="x">', 'title', '<p title="x">'],
    ['<p {{ .Receiver }}="x">', 'type', '<p ZgotmplZ="x">'],
    [
      '<script>f(1); // {{ .Receiver }}\nvar x = {{ .Receiver }}</script>',
      'a',
      '<script>f(1); \nvar x = "a"</script>',
    ],
    ['<script>a/* {{ .Receiver }} */b</script>', 'x', '<script>a  b</script>'],
    [
      '<script>s = "</script>"; t = {{ .Receiver }}</script>',
      'a',
      '<script>s = "\\x3C/script>"; t = "a"</script>',
    ],
    [
      '<script>s = `a $\x7b {{ .Receiver }} } {{ .Receiver }}`</script>',
      '$\x7bx}',
      '<script>s = `a $\x7b "$\x7bx}" } \\u0024\\u007bx\\u007d`</script>',
    ],
    [
      '<script>if (/{{ .Receiver }}/.test(s)) 1</script>',
      'a.b/',
      '<script>if (/a\\.b\\//.test(s)) 1</script>',
    ],
    ['<title><{{ .Receiver }}</title>', '/title>', '<title>&lt;/title&gt;</title>'],
    ['<textarea>a<b{{ .Receiver }}</textarea>', '', '<textarea>a&lt;b</textarea>'],
    ['<script>f(/a</script b/, {{ .Receiver }})</script>', 'x', '<script>f(/a\\x3C/script b/, "x")</script>'],
    [
      '<meta http-equiv=refresh content="5; URL = {{ .Receiver }}; a={{ .Receiver }}">',
      'javascript:f()',
      '<meta http-equiv=refresh content="5; URL = #ZgotmplZ; a=javascript:f()">',
    ],
    [
      '<meta name=x content="{{ .Receiver }}"><p title="url={{ .Receiver }}">',
      'a:b',
      '<meta name=x content="a:b"><p title="url=a:b">',
    ],
    ['<a onclick="/* {{ .Receiver }} */ f()">', '*/ g(', '<a onclick="/*  */ f()">'],
    ['<a onclick="f({{ .Receiver | html }})">', '"', '<a onclick="f(&#34;\\&#34;&#34;)">'],
    ['<p style="font-family: \'{{ .Receiver }}\'">', "a'(b", '<p style="font-family: \'a\\27\\28 b\'">'],
    [
      '<p style="background: url(/i?n={{ .Receiver }})">',
      "a'(1)",
      '<p style="background: url(/i?n=a%27%281%29)">',
    ],
    ['<style>/* {{ .Receiver }} */ p { }</style>', 'x', '<style>   p { }</style>'],
    ['<img src={{ .Receiver }} alt=x>', '/a b', '<img src=/a%20b alt=x>'],
    ['<!{{ .Receiver }}>', 'DOCTYPE', '&lt;!DOCTYPE>'],
    [
      '<script type="text/plain">{{ .Receiver }}</script>',
      '<b>',
      '<script type="text/plain">&lt;b&gt;</script>',
    ],
    ['a<!-- {{ .Receiver }} -->b', 'x', 'ab'],
    ['1 < 2 {{ .Receiver | safeHtml }}', '<b>', '1 &lt; 2 <b>'],
    ['<p title="{{ .Receiver | safeHtml }}">', '<b>"x"</b>', '<p title="&#34;x&#34;">'],
    ['{{ .Receiver | html }}', '<+>', '&lt;+&gt;'],
    ['{{ .GroupLabels.none }}{{ .Receiver }}', 'é', 'é'],
    ['{{ if true }}<a href="{{ end }}{{ .Receiver }}">', 'javascript:x', '<a href="#ZgotmplZ">'],
  ])('%j with %j', (template, receiver, expected) => expect(hostile(template, receiver)).toBe(expected));

  test('within templates that are called, too', () => {
    const files = [{ name: 'a.tmpl', text: '{{ define "link" }}{{ .Receiver }}{{ end }}' }];
    const own = createTemplateSet({ now: () => NOW, files });
    const page = '<a href="{{ template "link" . }}">{{ template "link" . }}</a>';
    expect(own.renderHtml(page, { ...data, receiver: 'javascript:"<' })).toBe(
      '<a href="#ZgotmplZ">javascript:&#34;&lt;</a>',
    );
  });
});

test('the default mail of a thousand alerts counts all and names the first', () => {
  const many = (alert: AlertData, count: number): AlertData[] =>
    Array.from({ length: count }, (_, i) => ({ ...alert, labels: { ...alert.labels, instance: `i${i}.` } }));
  const mail = (alerts: AlertData[]): string =>
    set.renderHtml('{{ template "email.default.html" . }}', { ...data, alerts });
  const cut = mail([...many(firing, 1000), ...many(resolved, 51)]);
  expect(cut).toContain('1051 alerts for');
  expect(cut.match(/instance = i\d+\./g)).toHaveLength(200);
  expect(cut).toContain('instance = i149.');
  expect(cut).toContain('The first 150 of 1000 firing alerts are listed here.');
  expect(cut).toContain('The first 50 of 51 resolved alerts are listed here.');
  expect(mail([...many(firing, 150), ...many(resolved, 50)])).not.toContain('listed here');
});

describe('template files', () => {
  test('replace default templates, unless they define nothing', () => {
    const own = createTemplateSet({
      now: () => NOW,
      files: [
        {
          name: 'a.tmpl',
          text: '{{ define "slack.default.title" }}mine{{ end }}{{ define "__subject" }} {{ end }}',
        },
      ],
    });
    expect(own.renderText('{{ template "slack.default.title" . }}', data)).toBe('mine');
    expect(own.renderText('{{ template "__subject" . }}', data)).toBe('[FIRING:1] HighErrorRate (backend)');
  });

  test('that do not parse are named', () => {
    const files = [{ name: 'boardroom.tmpl', text: 'a\n{{ define "x" }}\n{{ .Status | upper }}{{ end }}' }];
    expect(() => createTemplateSet({ now: () => NOW, files })).toThrow(
      'template: boardroom.tmpl:3: function "upper" not defined',
    );
  });

  const file = path.resolve(import.meta.dirname, '../../../shared/guide/files/templates/boardroom.tmpl');
  test.skipIf(!fs.existsSync(file))("the guide's own render as text and as HTML", () => {
    const files = [{ name: 'boardroom.tmpl', text: fs.readFileSync(file, 'utf8') }];
    const own = createTemplateSet({ now: () => NOW, files });
    expect(own.renderText('{{ template "slack.default.title" . }}', data)).toBe(
      '\n[FIRING:1] HighErrorRate\n',
    );
    expect(own.renderText('{{ template "email.default.subject" . }}', data)).toBe(
      '\n[FIRING] Boardroom Alert: HighErrorRate\n',
    );
    expect(own.renderText('{{ template "slack.default.text" . }}', data)).toContain(
      '*Alert:* errors & more\n*Description:* \n*Severity:* critical\n*Service:* \n*Instance:* \n*Runbook:* <https://wiki/r?a=1&b=<2>|View Runbook>\n',
    );
    const mail = own.renderHtml('{{ template "email.default.html" . }}', data);
    expect(mail).toContain('<div class="alert critical">\n    <h3>errors &amp; more</h3>');
    expect(mail).toContain('<a href="https://wiki/r?a=1&amp;b=%3c2%3e">View Runbook</a>');
    expect(mail).toContain('.critical { border-color: #f00; background-color: #fee; }');
  });
});
