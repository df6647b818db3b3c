import { expect, test } from 'vitest';
import { formatFinding } from './finding.ts';
import { checkFile, type LoadOptions } from './load.ts';

const options: Omit<LoadOptions, 'files'> = {
  env: {},
  cwd: '/etc',
  checkExpr: (text) =>
    text.startsWith('BAD') ? { message: 'unclosed left parenthesis', offset: 3 } : undefined,
};

/** What is wrong with a config of this text, as `line:column: path: message`. */
function faults(text: string): string[] {
  const { errors } = checkFile('c', { ...options, files: { read: () => text, glob: () => [] } });
  return errors.map((error) => formatFinding(error).slice('c:'.length));
}

test.each<[text: string, faults: string[]]>([
  ['globl: {}', ['1:1: globl: expected a known key, got "globl"; did you mean "global"?']],
  ['- a', ['1:1: expected a mapping, got a list']],
  ['just text', ['1:1: expected a mapping, got "just text"']],
  ['global: 5', ['1:9: global: expected a mapping, got "5"']],
  ['global: [1]', ['1:1: global: expected a mapping, got a list']],
  [
    'global: {scrape_interval: 15}',
    ['1:27: global.scrape_interval: expected a duration such as "30s" or "1h30m", got "15"'],
  ],
  [
    'global: {scrape_interval: 15sec}',
    ['1:27: global.scrape_interval: expected a duration such as "30s" or "1h30m", got "15sec"'],
  ],
  [
    'global: {scrape_interval: 1h30}',
    ['1:27: global.scrape_interval: expected a duration such as "30s" or "1h30m", got "1h30"'],
  ],
  [
    'global: {scrape_interval: 10s, scrape_timeout: 20s}',
    ['1:48: global.scrape_timeout: expected at most the scrape_interval of 10s, got 20s'],
  ],
  [
    'global: {scrape_timeout: 2m}',
    ['1:26: global.scrape_timeout: expected at most the scrape_interval of 1m, got 2m'],
  ],
  [
    'global: {scrape_interval: 400y}',
    ['1:27: global.scrape_interval: expected a duration of at most 292y, got "400y"'],
  ],
  ['global: {sample_limit: -5}', ['1:24: global.sample_limit: expected at least 0, got "-5"']],
  ['global: {sample_limit: 1.5}', ['1:24: global.sample_limit: expected a whole number, got "1.5"']],
  ['global: {sample_limit: many}', ['1:24: global.sample_limit: expected a number, got "many"']],
  [
    'global: {body_size_limit: 10 MBit}',
    ['1:27: global.body_size_limit: expected a size such as "512MB" or "10GB", got "10 MBit"'],
  ],
  ['global: {external_labels: [a]}', ['1:10: global.external_labels: expected a mapping, got a list']],
  [
    'global: {external_labels: {a: {b: c}}}',
    ['1:28: global.external_labels.a: expected a text, got a mapping'],
  ],
  [
    'global: {scrape_protocols: [PrometheusText1.0.0, OpenMetrics]}',
    [
      '1:50: global.scrape_protocols[1]: expected one of PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4, got "OpenMetrics"',
    ],
  ],
  [
    'global: {scrape_protocols: []}',
    ['1:10: global.scrape_protocols: expected at least one protocol, got an empty list'],
  ],
  [
    'global: {scrape_protocols: [PrometheusProto, PrometheusProto]}',
    ['1:10: global.scrape_protocols: expected each protocol once'],
  ],
  [
    'global: {smtp_smarthost: mail.example.org}',
    [
      '1:26: global.smtp_smarthost: expected an address such as "mail.example.org:587", got "mail.example.org"',
    ],
  ],
  [
    'global: {smtp_auth_password: a, smtp_auth_password_file: b}',
    [
      '1:58: global.smtp_auth_password_file: expected at most one of smtp_auth_password, smtp_auth_password_file, got both',
    ],
  ],
  [
    'global: {slack_api_url: example.org}',
    ['1:25: global.slack_api_url: expected an address such as "https://example.org/path", got "example.org"'],
  ],
  [
    "global: {slack_api_url: 'https://a/', slack_app_token: b}",
    ['1:1: global: expected either slack_api_url or slack_app_token, got both'],
  ],
  [
    'global: {metric_name_validation_scheme: ascii}',
    ['1:41: global.metric_name_validation_scheme: expected one of utf8, legacy, got "ascii"'],
  ],
  [
    'status_page: {services: [{name: a, matchers: [b="c"]}, {name: a, expr: BAD}, {name: d}]}',
    [
      '1:63: status_page.services[1].name: expected each service once, got "a" again',
      '1:74: status_page.services[1].expr: unclosed left parenthesis',
      '1:78: status_page.services[2]: expected matchers, expr or both, got neither',
    ],
  ],
  [
    'status_page: {servics: []}',
    ['1:15: status_page.servics: expected a known key, got "servics"; did you mean "services"?'],
  ],
  ['scrape_configs: {job_name: a}', ['1:1: scrape_configs: expected a list, got a mapping']],
  ['scrape_configs: [a]', ['1:18: scrape_configs[0]: expected a mapping, got "a"']],
  ['scrape_configs: [{}]', ['1:18: scrape_configs[0].job_name: expected a text, got nothing']],
  ["scrape_configs: [{job_name: ''}]", ['1:19: scrape_configs[0].job_name: expected a name, got nothing']],
  [
    'scrape_configs: [{job_name: a}, {job_name: a}]',
    ['1:44: scrape_configs[1].job_name: expected each job once, got "a", first in c:1'],
  ],
  [
    'scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 10s}]',
    ['1:69: scrape_configs[0].scrape_timeout: expected at most the scrape_interval of 5s, got 10s'],
  ],
  [
    'scrape_configs: [{job_name: a, scheme: ftp}]',
    ['1:40: scrape_configs[0].scheme: expected one of http, https, got "ftp"'],
  ],
  [
    'scrape_configs: [{job_name: a, honor_labels: maybe}]',
    ['1:46: scrape_configs[0].honor_labels: expected true or false, got "maybe"'],
  ],
  [
    'scrape_configs: [{job_name: a, params: {x: y}}]',
    ['1:44: scrape_configs[0].params.x: expected a list, got "y"'],
  ],
  [
    'scrape_configs: [{job_name: a, static_config: []}]',
    [
      '1:32: scrape_configs[0].static_config: expected a known key, got "static_config"; did you mean "static_configs"?',
    ],
  ],
  [
    "scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x/metrics']}]}]",
    [
      '1:60: scrape_configs[0].static_configs[0].targets[0]: expected host:port without a scheme or path, got "http://x/metrics"',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, static_configs: [{targets: x}]}]',
    ['1:59: scrape_configs[0].static_configs[0].targets: expected a list, got "x"'],
  ],
  [
    'scrape_configs: [{job_name: a, static_configs: [{tagets: [x]}]}]',
    [
      '1:50: scrape_configs[0].static_configs[0].tagets: expected a known key, got "tagets"; did you mean "targets"?',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, basic_auth: {username: u}, bearer_token: t}]',
    [
      '1:73: scrape_configs[0].bearer_token: expected one way to authenticate, got basic_auth and bearer_token',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, basic_auth: {password: u, password_file: t}}]',
    ['1:73: scrape_configs[0].basic_auth.password_file: expected one of password, password_file, got more'],
  ],
  [
    'scrape_configs: [{job_name: a, authorization: {type: Basic}}]',
    [
      '1:54: scrape_configs[0].authorization.type: expected another type than "basic": use basic_auth instead',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, oauth2: {client_id: x}}]',
    ['1:32: scrape_configs[0].oauth2: expected token_url, got none'],
  ],
  [
    'scrape_configs: [{job_name: a, tls_config: {cert_file: x}}]',
    [
      '1:32: scrape_configs[0].tls_config: expected a client key (key or key_file) beside the client certificate',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, tls_config: {min_version: TLS13, max_version: TLS12}}]',
    ['1:78: scrape_configs[0].tls_config.max_version: expected at least min_version TLS13, got TLS12'],
  ],
  [
    "scrape_configs: [{job_name: a, tls_config: {min_version: '1.2'}}]",
    ['1:58: scrape_configs[0].tls_config.min_version: expected one of TLS10, TLS11, TLS12, TLS13, got "1.2"'],
  ],
  [
    'scrape_configs: [{job_name: a, no_proxy: x}]',
    ['1:42: scrape_configs[0].no_proxy: expected proxy_url beside no_proxy'],
  ],
  [
    'scrape_configs: [{job_name: a, http_headers: {Host: {values: [x]}}}]',
    ['1:47: scrape_configs[0].http_headers.Host: expected another header: Host is set by the client itself'],
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: kepp}]}]',
    [
      '1:59: scrape_configs[0].relabel_configs[0].action: expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase, got "kepp"',
    ],
  ],
  [
    "scrape_configs: [{job_name: a, relabel_configs: [{regex: '('}]}]",
    [
      '1:50: scrape_configs[0].relabel_configs[0]: expected target_label for action replace',
      '1:58: scrape_configs[0].relabel_configs[0].regex: expected a regular expression, got "(" (missing closing ): `(`)',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: replace}]}]',
    ['1:50: scrape_configs[0].relabel_configs[0]: expected target_label for action replace'],
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: hashmod, target_label: x}]}]',
    ['1:50: scrape_configs[0].relabel_configs[0].modulus: expected a modulus above zero for action hashmod'],
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: labeldrop, regex: x, source_labels: [y]}]}]',
    ['1:80: scrape_configs[0].relabel_configs[0].source_labels: expected only regex for action labeldrop'],
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: lowercase, target_label: x, replacement: y}]}]',
    ['1:100: scrape_configs[0].relabel_configs[0].replacement: expected no replacement for action lowercase'],
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: keepequal, target_label: x, regex: y}]}]',
    [
      '1:94: scrape_configs[0].relabel_configs[0].regex: expected only source_labels and target_label for action keepequal',
    ],
  ],
  [
    'scrape_configs: [{job_name: a, metric_relabel_configs: [null]}]',
    ['1:57: scrape_configs[0].metric_relabel_configs[0]: expected a mapping, got nothing'],
  ],
  [
    'scrape_configs: [{job_name: a, metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8}]',
    [
      '1:100: scrape_configs[0].metric_name_escaping_scheme: expected an escaping scheme other than "allow-utf-8" with metric_name_validation_scheme "legacy"',
    ],
  ],
  [
    'alerting: {alertmanagers: [{api_version: v1}]}',
    ['1:42: alerting.alertmanagers[0].api_version: expected v2, got "v1"'],
  ],
  [
    'alerting: {alertmanager: []}',
    ['1:12: alerting.alertmanager: expected a known key, got "alertmanager"; did you mean "alertmanagers"?'],
  ],
  ['groups: [{rules: []}]', ['1:10: groups[0].name: expected a text, got nothing']],
  [
    'groups: [{name: a}, {name: a}]',
    ['1:28: groups[1].name: expected each group once in a file, got "a" again'],
  ],
  [
    'groups: [{name: a, interval: soon}]',
    ['1:30: groups[0].interval: expected a duration such as "30s" or "1h30m", got "soon"'],
  ],
  [
    'groups: [{name: a, rules: [{}]}]',
    [
      '1:28: groups[0].rules[0]: expected alert or record, got neither',
      '1:28: groups[0].rules[0]: expected expr, got nothing',
    ],
  ],
  [
    'groups: [{name: a, rules: [{alert: A, record: B, expr: 1}]}]',
    ['1:47: groups[0].rules[0].record: expected either alert or record, got both'],
  ],
  ['groups: [{name: a, rules: [{alert: A}]}]', ['1:28: groups[0].rules[0]: expected expr, got nothing']],
  [
    "groups: [{name: a, rules: [{alert: A, expr: ''}]}]",
    ['1:39: groups[0].rules[0].expr: expected expr, got nothing'],
  ],
  [
    'groups: [{name: a, rules: [{alert: A, expr: BAD(}]}]',
    ['1:48: groups[0].rules[0].expr: unclosed left parenthesis'],
  ],
  [
    'groups: [{name: a, rules: [{alert: A, expr: 1, for: 5}]}]',
    ['1:53: groups[0].rules[0].for: expected a duration such as "30s" or "1h30m", got "5"'],
  ],
  [
    'groups: [{name: a, rules: [{alert: A, expr: 1, four: 5m}]}]',
    ['1:48: groups[0].rules[0].four: expected a known key, got "four"; did you mean "for"?'],
  ],
  [
    'groups: [{name: a, rules: [{record: \'a{b="c"}\', expr: 1}]}]',
    [
      '1:37: groups[0].rules[0].record: expected a metric name without braces, got "a{b=\\"c\\"}"; labels go under labels',
    ],
  ],
  [
    'groups: [{name: a, rules: [{record: a, expr: 1, for: 5m}]}]',
    ['1:54: groups[0].rules[0].for: expected no for in a recording rule'],
  ],
  [
    'groups: [{name: a, rules: [{record: a, expr: 1, annotations: {x: y}}]}]',
    ['1:49: groups[0].rules[0].annotations: expected no annotations in a recording rule'],
  ],
  [
    'groups: [{name: a, rules: [{record: a, expr: 1, labels: {__name__: y}}]}]',
    ['1:68: groups[0].rules[0].labels.__name__: expected a label other than __name__'],
  ],
  [
    'groups: [{name: a, rules: [{alert: a, expr: 1, labels: [y]}]}]',
    ['1:48: groups[0].rules[0].labels: expected a mapping, got a list'],
  ],
  ['route: {receiver: a}', ['1:1: route: expected receivers beside route, got none']],
  ['receivers: [{name: a}]', ['1:1: receivers: expected a route beside receivers, got none']],
  [
    'route: {receiver: b}\nreceivers: [{name: bb}]',
    ['1:19: route.receiver: expected a defined receiver, got "b"'],
  ],
  [
    'route: {group_by: [a]}\nreceivers: [{name: a}]',
    ['1:1: route: expected a receiver at the root route, got none'],
  ],
  [
    'route: {receiver: a, matchers: [x=y], continue: true, mute_time_intervals: [x]}\nreceivers: [{name: a}]',
    [
      '1:22: route.matchers: expected no matchers at the root route: it takes every alert',
      '1:49: route.continue: expected no continue at the root route',
      '1:55: route.mute_time_intervals: expected no mute_time_intervals at the root route',
      '1:77: route.mute_time_intervals[0]: expected a defined time interval, got "x"',
    ],
  ],
  [
    'route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a}]',
    ['1:36: route.group_by[1]: expected each label once, got "a" again'],
  ],
  [
    "route: {receiver: a, group_by: ['...', a]}\nreceivers: [{name: a}]",
    ['1:33: route.group_by[0]: expected either "..." alone or a list of labels'],
  ],
  [
    'route: {receiver: a, group_interval: 0s}\nreceivers: [{name: a}]',
    ['1:38: route.group_interval: expected a duration above zero, got 0'],
  ],
  [
    'route: {receiver: a, routes: [{receiver: c, mute_time_intervals: [nigt]}]}\nreceivers: [{name: a}]\ntime_intervals: [{name: night}]',
    [
      '1:42: route.routes[0].receiver: expected a defined receiver, got "c"',
      '1:67: route.routes[0].mute_time_intervals[0]: expected a defined time interval, got "nigt"; did you mean "night"?',
    ],
  ],
  [
    'route: {receiver: a, routes: [{matchers: [severity]}]}\nreceivers: [{name: a}]',
    [
      '1:43: route.routes[0].matchers[0]: expected one of =, !=, =~, !~ at offset 8 of the matcher "severity", got the end',
    ],
  ],
  [
    "route: {receiver: a, routes: [{match: {a-b: c}, match_re: {x: '('}}]}\nreceivers: [{name: a}]",
    [
      '1:45: route.routes[0].match.a-b: expected a label name of letters, digits and underscores, got "a-b"',
      '1:63: route.routes[0].match_re.x: expected a regular expression, got "(" (missing closing ): `(`)',
    ],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a}, {name: a}]',
    ['2:31: receivers[1].name: expected each name once, got "a" again'],
  ],
  [
    'route: {receiver: a}\nreceivers: [{webhook_configs: []}]',
    [
      '1:19: route.receiver: expected a defined receiver, got "a"',
      '2:13: receivers[0].name: expected a text, got nothing',
    ],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{}]}]',
    ['2:41: receivers[0].webhook_configs[0]: expected url or url_file, got neither'],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: example.org}]}]',
    [
      '2:47: receivers[0].webhook_configs[0].url: expected an address such as "https://example.org/path", got "example.org"',
    ],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a, webhook_config: []}]',
    [
      '2:23: receivers[0].webhook_config: expected a known key, got "webhook_config"; did you mean "webhook_configs"?',
    ],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a, email_configs: [{to: x@y}]}]',
    [
      '2:39: receivers[0].email_configs[0]: expected smarthost here or smtp_smarthost in global, got neither',
      '2:39: receivers[0].email_configs[0]: expected from here or smtp_from in global, got neither',
    ],
  ],
  [
    "global: {smtp_smarthost: 'x:25', smtp_from: y}\nroute: {receiver: a}\nreceivers: [{name: a, email_configs: [{too: x@y}]}]",
    [
      '3:39: receivers[0].email_configs[0]: expected to, the address to send to, got none',
      '3:40: receivers[0].email_configs[0].too: expected a known key, got "too"; did you mean "to"?',
    ],
  ],
  [
    "global: {smtp_smarthost: 'x:25', smtp_from: y}\nroute: {receiver: a}\nreceivers: [{name: a, email_configs: [{to: x, headers: {subject: a, Subject: b}}]}]",
    ['3:78: receivers[0].email_configs[0].headers.Subject: expected each header once, got Subject again'],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{channel: x}]}]',
    ['2:39: receivers[0].slack_configs[0]: expected api_url or app_token here or in global, got neither'],
  ],
  [
    "route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{api_url: 'https://x', actions: [{type: button, text: x}], update_message: true}]}]",
    [
      '2:72: receivers[0].slack_configs[0].actions[0]: expected url or name, got neither',
      '2:114: receivers[0].slack_configs[0].update_message: expected api_url https://slack.com/api/chat.postMessage beside update_message: webhooks cannot edit messages',
    ],
  ],
  [
    'route: {receiver: a}\nreceivers: [{name: a, pagerduty_configs: [{description: x}]}]',
    ['2:43: receivers[0].pagerduty_configs[0]: expected routing_key or service_key, got neither'],
  ],
  [
    "inhibit_rules: [{source_matchers: ['a=~\"(\"'], equal: ['']}]",
    [
      '1:36: inhibit_rules[0].source_matchers[0]: expected a regular expression, got "(" (missing closing ): `(`)',
      '1:55: inhibit_rules[0].equal[0]: expected a label name, got ""',
    ],
  ],
  [
    'time_intervals: [{name: a}, {name: a}]',
    ['1:36: time_intervals[1].name: expected each name once, got "a" again'],
  ],
  [
    "time_intervals: [{name: a, time_intervals: [{times: [{start_time: '9:00', end_time: '17:00'}]}]}]",
    [
      '1:67: time_intervals[0].time_intervals[0].times[0].start_time: expected a time such as "09:30", got "9:00"',
    ],
  ],
  [
    "time_intervals: [{name: a, time_intervals: [{times: [{start_time: '19:00', end_time: '17:00'}]}]}]",
    ['1:86: time_intervals[0].time_intervals[0].times[0].end_time: expected an end later than the start'],
  ],
  [
    "time_intervals: [{name: a, time_intervals: [{weekdays: ['friday:monday', mon], days_of_month: ['0', '-1:5'], months: [13], location: Berlin}]}]",
    [
      '1:57: time_intervals[0].time_intervals[0].weekdays[0]: expected a range that ends after it begins, got "friday:monday"',
      '1:74: time_intervals[0].time_intervals[0].weekdays[1]: expected a weekday or a range such as "monday:friday", got "mon"',
      '1:96: time_intervals[0].time_intervals[0].days_of_month[0]: expected a day of the month or a range such as "1:7" or "-3:-1", got "0"',
      '1:101: time_intervals[0].time_intervals[0].days_of_month[1]: expected a negative end after a negative begin, got "-1:5"',
      '1:119: time_intervals[0].time_intervals[0].months[0]: expected a month or a range such as "march:june", got "13"',
      '1:134: time_intervals[0].time_intervals[0].location: expected a time zone such as "Europe/Berlin", got "Berlin"',
    ],
  ],
  [
    'storage: {tsdb: {retention: {time: forever, size: big, percentage: 120}}}',
    [
      '1:36: storage.tsdb.retention.time: expected a duration such as "30s" or "1h30m", got "forever"',
      '1:51: storage.tsdb.retention.size: expected a size such as "512MB" or "10GB", got "big"',
      '1:68: storage.tsdb.retention.percentage: expected at most 100, got "120"',
    ],
  ],
  ['host: true', ['1:7: host: expected a mapping, got "true"']],
  [
    'web: {basic_auth_users: {admin: secret}}',
    [
      '1:33: web.basic_auth_users.admin: expected a hash of scrypt or bcrypt, as `belfry hash-password` prints it',
    ],
  ],
  ['web: {tls_server_config: {cert_file: x}}', ['1:7: web.tls_server_config: expected key_file, got none']],
  [
    'query: {timeout: 2 min}',
    ['1:18: query.timeout: expected a duration such as "30s" or "1h30m", got "2 min"'],
  ],
  [
    'a: 1\na: 2',
    ['1:1: a: expected a known key, got "a"', '2:1: a: expected each key once, got it first in line 1'],
  ],
  [
    'a: [',
    ['1:5: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  ['a: b: c', ['1:4: not valid YAML: Nested mappings are not allowed in compact mappings']],
  [
    'remote_write: [{url: http://x, queue_config: {min_shards: 9, max_shards: 5}}, {name: a}]',
    [
      '1:59: remote_write[0].queue_config.min_shards: expected at most max_shards 5, got 9',
      '1:79: remote_write[1].url: expected a text, got nothing',
    ],
  ],
  ['tracing: {}', ['1:1: tracing.endpoint: expected a text, got nothing']],
  [
    'route: {receiver: a}\nreceivers: [{name: a, telegram_configs: [{chatid: 5, bot_token: x}], discord_configs: [{webhook_url: x}]}]',
    [
      '2:42: receivers[0].telegram_configs[0]: expected chat_id or chat_id_file, got neither',
      '2:43: receivers[0].telegram_configs[0].chatid: expected a known key, got "chatid"; did you mean "chat_id"?',
      '2:102: receivers[0].discord_configs[0].webhook_url: expected an address such as "https://example.org/path", got "x"',
    ],
  ],
  [
    'route: {receiver: a}\nreceivers:\n- name: a\n  opsgenie_configs: [{}]\n  victorops_configs: [{routing_key: r, custom_fields: {entity_id: x}}]\n  rocketchat_configs: [{}]\n  wechat_configs: [{api_secret: s}]\n  jira_configs: [{project: p}]\n  mattermost_configs: [{}]\n  sns_configs: [{topic_arn: t, target_arn: u, sigv4: {access_key: k}}]\n  pushover_configs: [{user_key: u, token: t, html: true, monospace: true}]\n  incidentio_configs: [{url: "http://i", alert_source_token: t, http_config: {authorization: {credentials: c}}}]\n',
    [
      '4:22: receivers[0].opsgenie_configs[0]: expected api_key here or opsgenie_api_key in global, got neither',
      '5:23: receivers[0].victorops_configs[0]: expected api_key here or victorops_api_key in global, got neither',
      '5:67: receivers[0].victorops_configs[0].custom_fields.entity_id: expected no custom field entity_id: it is a field of every message',
      '6:24: receivers[0].rocketchat_configs[0]: expected token_id here or rocketchat_token_id in global, got neither',
      '6:24: receivers[0].rocketchat_configs[0]: expected token here or rocketchat_token in global, got neither',
      '7:20: receivers[0].wechat_configs[0]: expected corp_id here or wechat_api_corp_id in global, got neither',
      '8:18: receivers[0].jira_configs[0]: expected issue_type, got none',
      '8:18: receivers[0].jira_configs[0]: expected api_url here or jira_api_url in global, got neither',
      '9:24: receivers[0].mattermost_configs[0]: expected webhook_url here or mattermost_webhook_url in global, got neither',
      '10:44: receivers[0].sns_configs[0].target_arn: expected at most one of topic_arn, phone_number, target_arn, got both',
      '10:47: receivers[0].sns_configs[0].sigv4: expected both access_key and secret_key, or neither',
      '11:69: receivers[0].pushover_configs[0].monospace: expected at most one of html and monospace, got both',
      '12:79: receivers[0].incidentio_configs[0].http_config.authorization: expected no authorization beside alert_source_token',
    ],
  ],
  [
    'alerting: {alertmanagers: [{sigv4: {region: r}, bearer_token: t}, {sigv4: {region: r, secret_key: k, secret_key_file: f}}]}',
    [
      '1:29: alerting.alertmanagers[0].sigv4: at most one of basic_auth, authorization, oauth2 and sigv4 may be given',
      '1:68: alerting.alertmanagers[1].sigv4: expected both access_key and secret_key, or neither',
      '1:119: alerting.alertmanagers[1].sigv4.secret_key_file: expected at most one of secret_key, secret_key_file, got both',
    ],
  ],
  [
    'web: {listen: localhost}',
    ['1:15: web.listen: expected an address such as "127.0.0.1:9797", got "localhost"'],
  ],
])('%s', (text, expected) => {
  expect(faults(text)).toEqual(expected);
});
