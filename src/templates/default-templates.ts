import { defaultEmail } from './default-email.ts';

/**
 * The templates that stand behind the defaults of receivers. Names and output are Alertmanager's, byte for byte: people
 * include them in their own, and what arrives must look as before.
 */
export function defaultTemplates(): string {
  const define = (name: string, body: string): string => `{{ define "${name}" }}${body}{{ end }}\n`;
  const use = (name: string): string => `{{ template "${name}" . }}`;
  const subject = use('__subject');
  const link = use('__alertmanagerURL');
  const sender = use('__alertmanager');
  const fallback = (kind: string): string =>
    `${use(`${kind}.default.title`)} | ${use(`${kind}.default.titlelink`)}`;
  const severity = `{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}`;

  const bodies: Readonly<Record<string, string>> = {
    __alertmanager: 'Alertmanager',
    __alertmanagerURL: '{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}',
    __subject: SUBJECT,
    __description: '',
    __text_alert_list: alertList({ before: '', between: '', indent: ' ' }),
    __text_alert_list_markdown: `${alertList({ before: '\n', between: '\n', indent: '  ' })}\n`,

    'slack.default.title': subject,
    'slack.default.username': sender,
    'slack.default.fallback': fallback('slack'),
    'slack.default.callbackid': '',
    'slack.default.pretext': '',
    'slack.default.titlelink': link,
    'slack.default.iconemoji': '',
    'slack.default.iconurl': '',
    'slack.default.text': '',
    'slack.default.footer': '',
    'slack.default.color': severity,

    'pagerduty.default.description': subject,
    'pagerduty.default.client': sender,
    'pagerduty.default.clientURL': link,
    'pagerduty.default.instances': use('__text_alert_list'),

    'opsgenie.default.message': subject,
    'opsgenie.default.description': `${COMMON}\n${dense('Firing')}\n${dense('Resolved')}`,
    'opsgenie.default.source': link,

    'wechat.default.message': `${subject}\n${COMMON}\n${dense('Firing')}\n${dense('Resolved')}\nAlertmanagerUrl:\n${link}`,
    'wechat.default.to_user': '',
    'wechat.default.to_party': '',
    'wechat.default.to_tag': '',
    'wechat.default.agent_id': '',

    'victorops.default.state_message': `${COMMON}\n${dense('Firing')}\n${dense('Resolved')}`,
    'victorops.default.entity_display_name': subject,
    'victorops.default.monitoring_tool': sender,

    'pushover.default.title': subject,
    'pushover.default.message': COMMON + lists(),
    'pushover.default.url': link,

    'sns.default.subject': subject,
    'sns.default.message': COMMON + lists(),
    'telegram.default.message': lists(),
    'discord.default.content': '',
    'discord.default.title': subject,
    'discord.default.message': lists(),
    'webex.default.message': COMMON + lists(),

    'msteams.default.summary': subject,
    'msteams.default.title': subject,
    'msteams.default.text': markdownLists(),
    'msteamsv2.default.title': subject,
    'msteamsv2.default.text': markdownLists(),

    'jira.default.summary': subject,
    'jira.default.description': markdownLists(),
    'jira.default.priority': PRIORITY,

    'rocketchat.default.title': subject,
    'rocketchat.default.alias': sender,
    'rocketchat.default.titlelink': link,
    'rocketchat.default.emoji': '',
    'rocketchat.default.iconurl': '',
    'rocketchat.default.text': '',

    'mattermost.default.color': severity,
    'mattermost.default.username': sender,
    'mattermost.default.title': subject,
    'mattermost.default.titlelink': link,
    'mattermost.default.fallback': fallback('mattermost'),
    'mattermost.default.text': markdownLists(),

    'email.default.subject': subject,
    'email.default.html': defaultEmail(),
  };
  return Object.entries(bodies)
    .map(([name, body]) => define(name, body))
    .join('');
}

/** `[FIRING:2] group labels (other common labels)` */
const SUBJECT = [
  '[{{ .Status | toUpper }}',
  '{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}] ',
  '{{ .GroupLabels.Values | join " " }} ',
  '{{ if lt (len .GroupLabels) (len .CommonLabels) }}(',
  '{{ with .CommonLabels.Remove .GroupLabels.Names }}{{ join " " .Values }}{{ end }}',
  '){{ end }}',
].join('');

const COMMON = '{{ .CommonAnnotations.Values | join " " }}';

function alertList(look: { before: string; between: string; indent: string }): string {
  const pairs = (title: string, field: string): string =>
    `${title}:\n{{ range .${field}.SortedPairs }}${look.indent}- {{ .Name }} = {{ .Value }}\n{{ end }}`;
  const labels = pairs('Labels', 'Labels');
  const annotations = pairs('Annotations', 'Annotations');
  return `{{ range . }}${look.before}${labels}${look.between}${annotations}${look.between}Source: {{ .GeneratorURL }}\n{{ end }}`;
}

/** A list of alerts that leaves nothing, not even a blank line of its own, when there are none. */
function dense(state: 'Firing' | 'Resolved'): string {
  return `{{ with .Alerts.${state} }}Alerts ${state}:\n{{ template "__text_alert_list" . }}{{ end }}`;
}

function section(state: 'Firing' | 'Resolved', mark: string, list: string): string {
  return `{{ with .Alerts.${state} }}\n${mark}Alerts ${state}:\n{{ template "${list}" . }}\n{{ end }}`;
}

function lists(mark = '', list = '__text_alert_list'): string {
  return `\n${section('Firing', mark, list)}\n${section('Resolved', mark, list)}\n`;
}

const markdownLists = (): string => lists('# ', '__text_alert_list_markdown');

/** The highest severity that fires, else that was resolved, in Jira's words. */
const PRIORITY = [
  '{{ $alerts := .Alerts.Firing }}{{ $priority := "" }}',
  priorityOf('$alerts'),
  '{{ if eq $priority "" }}{{ $alerts = .Alerts.Resolved }}',
  priorityOf('$alerts'),
  '{{ end }}{{ $priority }}',
].join('');

function priorityOf(alerts: string): string {
  return [
    `{{ range ${alerts} }}{{ $severity := .Labels.severity }}`,
    '{{ if eq $severity "critical" }}{{ $priority = "High" }}',
    '{{ else if and (eq $severity "warning") (ne $priority "High") }}{{ $priority = "Medium" }}',
    '{{ else if and (eq $severity "info") (eq $priority "") }}{{ $priority = "Low" }}',
    '{{ end }}{{ end }}',
  ].join('');
}
