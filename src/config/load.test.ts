// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of config files look like that
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { formatFinding } from './finding.ts';
import { checkFile, defaultConfig, type FileSource, type LoadOptions, loadConfig } from './load.ts';

/** Loads from files given as text, in the folder /etc/belfry. */
function load(files: Record<string, string>, options: Partial<LoadOptions> = {}) {
  return loadConfig('belfry.yaml', { env: {}, cwd: '/etc/belfry', files: memory(files), ...options });
}

function findings(files: Record<string, string>, options: Partial<LoadOptions> = {}): string[] {
  try {
    return load(files, options).warnings.map((finding) => `warning ${formatFinding(finding)}`);
  } catch (error) {
    if (error instanceof ConfigError) return error.findings.map(formatFinding);
    throw error;
  }
}

function memory(files: Record<string, string>): FileSource {
  const byPath = new Map(Object.entries(files).map(([name, text]) => [resolve('/etc/belfry', name), text]));
  return {
    read(path) {
      const text = byPath.get(path);
      if (text === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
      return text;
    },
    glob(pattern) {
      const regex = new RegExp(`^${pattern.replace(/[.+]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
      return [...byPath.keys()].filter((path) => regex.test(path));
    },
  };
}

describe('inheritance', () => {
  test('an empty file is a config that collects nothing', () => {
    const { config, ruleGroups, warnings } = load({ 'belfry.yaml': '' });
    expect(config).toMatchObject({
      scrape_configs: [],
      receivers: [],
      route: undefined,
      host: undefined,
      self: undefined,
    });
    expect(config.storage.tsdb.retention.time).toBe(15 * 86_400_000);
    expect([ruleGroups, warnings]).toEqual([[], []]);
  });

  test('a section without content is as good as none', () => {
    const { config } = load({ 'belfry.yaml': 'global:\nscrape_configs:\nhost:\nroute:\n' });
    expect(config.global.scrape_interval).toBe(60_000);
    expect([config.host, config.route]).toEqual([undefined, undefined]);
  });

  test('the built-in default watches this host and itself', () => {
    const { config } = defaultConfig();
    expect(config.host).toMatchObject({ job_name: 'node', scrape_interval: 15_000 });
    expect(config.self).toMatchObject({ job_name: 'belfry', scrape_interval: 15_000 });
  });

  test('jobs take interval, timeout and limits from global', () => {
    const { config } = load({
      'belfry.yaml': `
global: { scrape_interval: 5s, sample_limit: 100, body_size_limit: 1MB }
host: {}
scrape_configs:
  - job_name: a
  - { job_name: b, scrape_interval: 2m, scrape_timeout: 90s, sample_limit: 7 }
`,
    });
    const [a, b] = config.scrape_configs;
    expect(a).toMatchObject({
      scrape_interval: 5000,
      scrape_timeout: 5000,
      sample_limit: 100,
      body_size_limit: 1_048_576,
    });
    expect(b).toMatchObject({ scrape_interval: 120_000, scrape_timeout: 90_000, sample_limit: 7 });
    expect(config.host?.scrape_interval).toBe(5000);
  });

  test('a job keeps what it says about requests among its own keys', () => {
    const { config } = load({
      'belfry.yaml':
        'scrape_configs: [{job_name: a, bearer_token_file: token, tls_config: {ca_file: ca.pem}}]',
    });
    expect(config.scrape_configs[0]).toMatchObject({
      authorization: { type: 'Bearer', credentials_file: '/etc/belfry/token' },
      tls_config: { ca_file: '/etc/belfry/ca.pem', insecure_skip_verify: false },
      follow_redirects: true,
    });
    expect(config.scrape_configs[0]).not.toHaveProperty('bearer_token_file');
  });

  test('texts take scalars as written', () => {
    const { config } = load({
      'belfry.yaml': `
global: { external_labels: { n: 010, yes: no, f: 1.10, t: 2026-01-01 } }
scrape_configs:
  - job_name: 42
    honor_labels: yes
    sample_limit: 1_000
    static_configs: [{ targets: [localhost:80], labels: { port: 8080, on: true, empty: } }]
`,
    });
    expect(config.global.external_labels).toEqual({ n: '010', yes: 'no', f: '1.10', t: '2026-01-01' });
    expect(config.scrape_configs[0]).toMatchObject({
      job_name: '42',
      honor_labels: true,
      sample_limit: 1000,
      static_configs: [{ targets: ['localhost:80'], labels: { port: '8080', on: 'true' } }],
    });
  });

  test('routes inherit all but matchers and time intervals', () => {
    const { config } = load({
      'belfry.yaml': `
route:
  receiver: a
  group_by: [alertname]
  group_wait: 1s
  labels: { site: x }
  routes:
    - match: { team: web }
      match_re: { env: prod|stage }
      matchers: ['severity="page"', '{a!="b",c=~"d"}']
      mute_time_intervals: [night]
      labels: { tier: '1' }
      routes:
        - { receiver: b, group_by: [], repeat_interval: 1h }
        - { group_by: ['...'] }
receivers: [{ name: a }, { name: b }]
time_intervals: [{ name: night, time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }] }]
`,
    });
    const child = config.route!.routes[0]!;
    expect(child).toMatchObject({
      receiver: 'a',
      group_by: ['alertname'],
      group_wait: 1000,
      group_interval: 300_000,
      repeat_interval: 14_400_000,
      labels: { site: 'x', tier: '1' },
      mute_time_intervals: ['night'],
    });
    expect(child.matchers.map(({ name, op, value }) => name + op + value)).toEqual([
      'a!=b',
      'c=~d',
      'env=~^(?:prod|stage)$',
      'severity=page',
      'team=web',
    ]);
    expect(child.routes[0]).toMatchObject({
      receiver: 'b',
      group_by: [],
      repeat_interval: 3_600_000,
      mute_time_intervals: [],
      matchers: [],
    });
    expect(child.routes[1]).toMatchObject({ group_by: [], group_by_all: true, group_wait: 1000 });
    expect(config.time_intervals[0]!.time_intervals[0]!.times).toEqual([{ start: 1320, end: 1440 }]);
  });

  test('integrations take from global what they do not say', () => {
    const { config } = load({
      'belfry.yaml': `
global:
  smtp_smarthost: mail:25
  smtp_from: me@x
  smtp_auth_username: u
  smtp_auth_password: p
  smtp_require_tls: false
  slack_api_url_file: slack
  http_config: { follow_redirects: false }
route: { receiver: a }
receivers:
  - name: a
    email_configs: [{ to: a@x }, { to: b@x, from: you@x, auth_password_file: pw, require_tls: true }]
    slack_configs: [{ channel: '#a' }, { api_url: 'https://s/', http_config: {} }]
    pagerduty_configs: [{ routing_key: k, details: { firing: mine } }]
    webhook_configs: [{ url: 'http://w/' }]
`,
    });
    const [receiver] = config.receivers;
    expect(receiver!.email_configs).toMatchObject([
      {
        from: 'me@x',
        smarthost: 'mail:25',
        auth_username: 'u',
        auth_password: 'p',
        require_tls: false,
        hello: 'localhost',
        send_resolved: false,
      },
      { from: 'you@x', auth_password: undefined, auth_password_file: '/etc/belfry/pw', require_tls: true },
    ]);
    expect(receiver!.slack_configs).toMatchObject([
      {
        api_url: undefined,
        api_url_file: '/etc/belfry/slack',
        http_config: { follow_redirects: false },
        send_resolved: false,
      },
      { api_url: 'https://s/', api_url_file: undefined, http_config: { follow_redirects: true } },
    ]);
    expect(receiver!.pagerduty_configs).toMatchObject([
      {
        url: 'https://events.pagerduty.com/v2/enqueue',
        send_resolved: true,
        details: { firing: 'mine', num_firing: '{{ .Alerts.Firing | len }}' },
        source: '{{ template "pagerduty.default.client" . }}',
      },
    ]);
    expect(receiver!.webhook_configs).toMatchObject([{ send_resolved: true, max_alerts: 0, timeout: 0 }]);
    expect(receiver!.labels).toEqual({ name: 'a' });
  });

  test('a Slack bot token is an authorization, and stands beside no other one', () => {
    const slack = (global: string, own: string): string[] =>
      findings({
        'belfry.yaml': `global: {${global}}\nroute: {receiver: a}\nreceivers: [{name: a, slack_configs: [{${own}}]}]`,
      });
    const authorization = 'http_config: {authorization: {credentials: x}}';
    const refused = 'expected no authorization beside a Slack bot token';
    const path = 'receivers[0].slack_configs[0]';
    expect(slack('', `app_token: t, ${authorization}`)).toEqual([
      `belfry.yaml:3:68: ${path}.http_config.authorization: ${refused}`,
    ]);
    expect(slack(authorization, 'app_token: t')).toEqual([`belfry.yaml:3:39: ${path}: ${refused}`]);
    expect(slack(`slack_app_token: t, ${authorization}`, '')).toEqual([
      `belfry.yaml:3:39: ${path}: ${refused}`,
    ]);
    // Its own way in leaves the token of all others out.
    expect(slack('slack_app_token: t', `api_url: "http://x/y", ${authorization}`)).toEqual([]);
    expect(slack(`slack_app_token: t, ${authorization}`, 'http_config: {}')).toEqual([]);
  });

  test('a Slack bot token becomes an address and an authorization', () => {
    const { config } = load({
      'belfry.yaml': 'route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{app_token: xoxb}]}]',
    });
    expect(config.receivers[0]!.slack_configs![0]).toMatchObject({
      api_url: 'https://slack.com/api/chat.postMessage',
      http_config: { authorization: { type: 'Bearer', credentials: 'xoxb' } },
    });
  });

  test('a matcher without value asks for the empty one', () => {
    const { config } = load({
      'belfry.yaml': 'inhibit_rules: [{ source_match: { a: }, target_match: { b: null } }]',
    });
    expect(config.inhibit_rules).toMatchObject([
      {
        source_matchers: [{ name: 'a', op: '=', value: '' }],
        target_matchers: [{ name: 'b', op: '=', value: '' }],
      },
    ]);
  });

  test('old inhibit rules become matchers', () => {
    const { config } = load({
      'belfry.yaml': `
inhibit_rules:
  - source_match: { severity: critical }
    source_match_re: { team: a|b }
    target_matchers: [severity="warning"]
    equal: [instance]
`,
    });
    expect(config.inhibit_rules).toEqual([
      {
        name: undefined,
        source_matchers: [
          { name: 'severity', op: '=', value: 'critical' },
          { name: 'team', op: '=~', value: '^(?:a|b)$' },
        ],
        target_matchers: [{ name: 'severity', op: '=', value: 'warning' }],
        equal: ['instance'],
      },
    ]);
  });
});

describe('rule files', () => {
  const files = {
    'belfry.yaml': `
global: { evaluation_interval: 20s, rule_query_offset: 1m }
rule_files: ['rules/*.yml', gone.yml]
groups:
  - name: here
    rules: [{ record: a:b, expr: 1 }]
`,
    'rules/one.yml': `groups:
  - name: one
    interval: 5s
    labels: { team: a, site: x }
    rules:
      - alert: A
        expr: up == 0
        for: 1m
        labels: { team: b }
        annotations: { summary: '{{ $labels.job }} costs 5\${X}' }
`,
  };

  test('groups come with their place, inherited times and labels', () => {
    const { ruleGroups, warnings, files: read } = load(files, { env: { X: 'no' } });
    expect(ruleGroups).toEqual([
      {
        name: 'here',
        file: '/etc/belfry/belfry.yaml',
        interval: 20_000,
        limit: 0,
        query_offset: 60_000,
        labels: {},
        position: { line: 5, column: 5 },
        rules: [{ kind: 'record', record: 'a:b', expr: '1', labels: {}, position: { line: 6, column: 13 } }],
      },
      {
        name: 'one',
        file: '/etc/belfry/rules/one.yml',
        interval: 5000,
        limit: 0,
        query_offset: 60_000,
        labels: { team: 'a', site: 'x' },
        position: { line: 2, column: 5 },
        rules: [
          {
            kind: 'alert',
            alert: 'A',
            expr: 'up == 0',
            for: 60_000,
            keep_firing_for: 0,
            labels: { team: 'b', site: 'x' },
            annotations: { summary: '{{ $labels.job }} costs 5${X}' },
            position: { line: 6, column: 9 },
          },
        ],
      },
    ]);
    expect(warnings.map(formatFinding)).toEqual(['belfry.yaml:3:29: rule_files[1]: no such file: gone.yml']);
    expect(read).toEqual(['/etc/belfry/belfry.yaml', '/etc/belfry/rules/one.yml']);
  });

  test('a file that two globs match is read once', () => {
    const twice = { ...files, 'belfry.yaml': 'rule_files: [rules/one.yml, rules/*.yml]' };
    expect(load(twice).ruleGroups.map(({ name }) => name)).toEqual(['one']);
  });

  test('errors in them name their own file, all of them at once', () => {
    const bad = {
      'belfry.yaml': 'glob: 1\nrule_files: [a.yml, b.yml, "x/*/y.yml"]\n',
      'a.yml':
        'groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: |\n          sum(up)\n            by (job\n',
      'b.yml': 'groups: [',
    };
    const checkExpr = (text: string) => ({
      message: 'unclosed left parenthesis',
      offset: text.indexOf('(job'),
    });
    expect(findings(bad, { checkExpr })).toEqual([
      'belfry.yaml:1:1: glob: expected a known key, got "glob"; did you mean "global"?',
      'belfry.yaml:2:28: rule_files[2]: expected a path with wildcards in its last part only',
      'a.yml:7:16: groups[0].rules[0].expr: unclosed left parenthesis',
      'b.yml:1:10: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ]);
  });

  test('templates in rules and receivers are checked, labels of recording rules are not', () => {
    const checked: string[] = [];
    const checkTemplate = (text: string, use: string) => {
      checked.push(`${use} ${text}`);
      return text.includes('oops')
        ? { message: 'function "oops" not defined', offset: text.indexOf('oops') }
        : undefined;
    };
    const config = {
      'belfry.yaml': `
groups:
  - name: a
    rules:
      - { alert: A, expr: 1, labels: { l: x }, annotations: { a: '{{ oops }}' } }
      - { record: r, expr: 1, labels: { l: '{{ oops' } }
templates: ['*.tmpl']
route: { receiver: a }
receivers: [{ name: a, slack_configs: [{ api_url: 'https://s/', title: '{{ .X }}' }] }]
`,
      'a.tmpl': 'line\n{{ oops }}',
    };
    expect(findings(config, { checkTemplate })).toEqual([
      'belfry.yaml:5:70: groups[0].rules[0].annotations.a: function "oops" not defined',
      'a.tmpl:2:4: function "oops" not defined',
    ]);
    expect(checked).toEqual([
      'rule x',
      'rule {{ oops }}',
      'notification {{ .X }}',
      'notification line\n{{ oops }}',
    ]);
  });
});

test('jobs of scrape_config_files join the others and may not repeat them', () => {
  const files = {
    'belfry.yaml':
      'scrape_config_files: [jobs.yml]\nglobal: {scrape_interval: 7s}\nscrape_configs: [{job_name: a}]',
    'jobs.yml': 'scrape_configs: [{job_name: b}]',
  };
  expect(load(files).config.scrape_configs.map((job) => [job.job_name, job.scrape_interval])).toEqual([
    ['a', 7000],
    ['b', 7000],
  ]);
  expect(findings({ ...files, 'jobs.yml': 'scrape_configs:\n  - job_name: a' })).toEqual([
    'jobs.yml:2:15: scrape_configs[0].job_name: expected each job once, got "a", first in belfry.yaml:3',
  ]);
});

test('a byte order mark and Windows line ends change nothing, positions neither', () => {
  expect(findings({ 'belfry.yaml': '\ufeffglobal:\r\n  scrape_interval: 5x\r\n' })).toEqual([
    'belfry.yaml:2:20: global.scrape_interval: expected a duration such as "30s" or "1h30m", got "5x"',
  ]);
});

describe('warnings', () => {
  test.each([
    ['self:\nhost: {}', 'belfry.yaml:1:1: self: is off without a value; write "self: {}" to switch it on'],
    [
      'scrape_configs: [{job_name: k, consul_sd_configs: [{server: "x"}]}]',
      'belfry.yaml:1:32: scrape_configs[0].consul_sd_configs: job "k" gets no targets from consul_sd_configs: not supported, use http_sd_configs',
    ],
    [
      'alerting: {alertmanagers: [{http_sd_configs: [{url: "http://x"}], consul_sd_configs: [{server: x}]}]}',
      'belfry.yaml:1:67: alerting.alertmanagers[0].consul_sd_configs: no alertmanagers are found by consul_sd_configs: not supported, use http_sd_configs',
    ],
    [
      'remote_write: [{url: "http://x", azuread: {cloud: a}}]',
      'belfry.yaml:1:34: remote_write[0].azuread: not supported: Azure AD; nothing is sent to this endpoint',
    ],
    [
      'mute_time_intervals: [{name: x}]',
      'belfry.yaml:1:1: mute_time_intervals: old form; write `time_intervals` instead',
    ],
    [
      'scrape_configs: [{job_name: "${NO_SUCH}"}]',
      'belfry.yaml:1:29: scrape_configs[0].job_name: variable NO_SUCH is not set; it stays as written',
    ],
    ['templates: [x.tmpl]', 'belfry.yaml:1:13: templates[0]: no such file: x.tmpl'],
    [
      'route: {receiver: a}\nreceivers: [{name: a, pagerduty_configs: [{service_key: x}]}]',
      'belfry.yaml:2:44: receivers[0].pagerduty_configs[0].service_key: old form; write routing_key, the key of an Events API v2 integration instead',
    ],
    ['host: {}\n---\nself: {}', 'belfry.yaml:2:1: only the first YAML document of a file counts'],
  ])('%s', (text, warning) => {
    expect(findings({ 'belfry.yaml': text })).toEqual([`warning ${warning}`]);
  });
});

test('variables expand where they are not part of another language', () => {
  const { config } = load(
    {
      'belfry.yaml': `
scrape_configs:
  - job_name: \${JOB}
    sample_limit: \${LIMIT:-5}
    metric_relabel_configs: [{ regex: '\${JOB}', replacement: '\${1}\${JOB}', target_label: 'x\${1}' }]
    static_configs: [{ targets: ['\${JOB}:80'], labels: { l: '\${JOB}' } }]
`,
    },
    { env: { JOB: 'web' } },
  );
  expect(config.scrape_configs[0]).toMatchObject({
    job_name: 'web',
    sample_limit: 5,
    metric_relabel_configs: [{ regex: '${JOB}', replacement: '${1}${JOB}', target_label: 'x${1}' }],
    static_configs: [{ targets: ['web:80'], labels: { l: '${JOB}' } }],
  });
});

test('aliases that multiply are stopped', () => {
  const lines = ['a0: &a0 {x: [lol]}'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  const text = `${lines.join('\n')}\nremote_write: [{ url: 'http://x', azuread: { a: *a11 } }]\n`;
  const all = findings({ 'belfry.yaml': text }).filter((finding) => !finding.includes('a known key'));
  expect(all).toHaveLength(1);
  expect(all[0]).toMatch(/remote_write.*: expected less: aliases make this file too large or too deep$/);
});

test('an alias inside its own anchor ends', () => {
  const text = findings({ 'belfry.yaml': 'tracing: &a [*a]\n' });
  expect(text.at(-1)).toContain('expected less: aliases make this file too large or too deep');
});

const shared = resolve(import.meta.dirname, '../../../shared');
const guide = join(shared, 'guide/files');
const options = { env: {}, cwd: shared };
const errorsOf = (file: string) => checkFile(file, options).errors.map(formatFinding);

describe.skipIf(!existsSync(shared))("the user's own files load as they are", () => {
  test.each(['prometheus.yml', 'alertmanager.yml', ...alertFiles()])('%s', (file) => {
    expect(errorsOf(join(guide, file))).toEqual([]);
  });

  test('prometheus.yml brings the rules of alerts/*.yml', () => {
    const { ruleGroups, config } = loadConfig(join(guide, 'prometheus.yml'), options);
    expect(ruleGroups.map(({ name, rules }) => [name, rules.length])).toEqual([
      ['application', 4],
      ['database', 4],
      ['infrastructure', 4],
      ['recording_rules', 1],
      ['security', 3],
    ]);
    expect(config.scrape_configs).toHaveLength(7);
    expect(config.alerting.alertmanagers[0]?.static_configs[0]?.targets).toEqual(['alertmanager:9093']);
  });

  test('both configs pasted into one file, the rules inline', () => {
    const [prometheus, alertmanager] = ['prometheus.yml', 'alertmanager.yml'].map((name) =>
      readFileSync(join(guide, name), 'utf8'),
    );
    const globals = /^global:\n((?: .*\n)*)/m.exec(alertmanager!)![1]!;
    const groups = alertFiles()
      .map((file) => readFileSync(join(guide, file), 'utf8').replace(/^(#.*\n)*groups:\n/, ''))
      .join('\n');
    const pasted = [
      prometheus!.replace(/^global:\n/m, `global:\n${globals}`).replace(/^rule_files:\n.*\n/m, ''),
      alertmanager!.replace(/^global:\n(?: .*\n)*/m, ''),
      `groups:\n${groups}`,
    ].join('\n');
    const { config, ruleGroups } = load({ 'belfry.yaml': pasted });
    expect(config.global).toMatchObject({ scrape_interval: 15_000, smtp_smarthost: 'smtp.gmail.com:587' });
    expect(config.receivers.map(({ name }) => name)).toEqual([
      'default',
      'pagerduty',
      'backend-team',
      'devops-team',
      'database-team',
    ]);
    expect(config.route!.routes[0]).toMatchObject({
      receiver: 'pagerduty',
      continue: true,
      group_wait: 10_000,
    });
    expect(ruleGroups).toHaveLength(5);
  });

  test.each(ruleFiles())('rules/%s', (file) => {
    const { errors, kind, rules } = checkFile(join(shared, 'rules', file), options);
    expect([errors, kind]).toEqual([[], 'rules']);
    expect(rules).toBeGreaterThan(0);
  });
});

function alertFiles(): string[] {
  return existsSync(guide) ? readdirSync(join(guide, 'alerts')).map((name) => `alerts/${name}`) : [];
}

function ruleFiles(): string[] {
  return existsSync(shared) ? readdirSync(join(shared, 'rules')).filter((name) => name.endsWith('.yml')) : [];
}

const project = resolve(import.meta.dirname, '../..');

describe('files that come with Belfry', () => {
  const check = (file: string) => checkFile(join(project, file), { env: {}, cwd: project });

  test('config.example.yaml is valid without a warning', () => {
    const { errors, warnings, rules } = check('config.example.yaml');
    expect([errors, warnings]).toEqual([[], []]);
    expect(rules).toBe(7);
  });

  test('what it has commented out is valid too', () => {
    const text = readFileSync(join(project, 'config.example.yaml'), 'utf8');
    const uncommented = text.replace(/^# (?=[a-z_]+:( |$)| {2})/gm, '').replace(/^#$/gm, '');
    const { config, warnings } = load({ 'belfry.yaml': uncommented });
    expect(config.receivers.map(({ name }) => name)).toEqual(['team', 'pager']);
    expect(config.web.users).toHaveProperty('ada');
    expect(config.storage.tsdb.retention).toEqual({ time: 90 * 86_400_000, size: 10 * 1024 ** 3 });
    expect(warnings.map(({ message }) => message)).toEqual([
      'no file matches alerts/*.yml',
      'variable MAIL_PASSWORD is not set; it stays as written',
      'variable SLACK_WEBHOOK_URL is not set; it stays as written',
    ]);
  });

  test.each(['prometheus.yml', 'alertmanager.yml'])('examples/guide/%s is valid', (file) => {
    expect(check(`examples/guide/${file}`).errors).toEqual([]);
  });
});
