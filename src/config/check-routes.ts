import type { ConfigKeys } from './config.ts';
import type { Finding, Path } from './finding.ts';
import { nearest } from './nearest.ts';
import type { RouteKeys } from './route.ts';
import type { Loose } from './validate.ts';
import type { YamlFile } from './yaml.ts';

type Keys = Loose<ConfigKeys>;

/** Checks across routes, receivers, time intervals and `global`, as Alertmanager makes them. */
export function checkRoutes(yaml: YamlFile, keys: Keys): Finding[] {
  const errors: Finding[] = [];
  const { route } = keys;
  const receivers = namesOf(keys.receivers);
  const hasRoute = yaml.has(['route']);
  const hasReceivers = yaml.has(['receivers']);
  if (hasRoute && !hasReceivers)
    errors.push(yaml.finding(['route'], 'expected receivers beside route, got none'));
  if (hasReceivers && !hasRoute) {
    errors.push(yaml.finding(['receivers'], 'expected a route beside receivers, got none'));
  }
  errors.push(...doubled(yaml, 'receivers', keys.receivers, new Set()));
  const intervals = new Set<string>();
  errors.push(...doubled(yaml, 'mute_time_intervals', keys.mute_time_intervals, intervals));
  errors.push(...doubled(yaml, 'time_intervals', keys.time_intervals, intervals));
  if (route) {
    errors.push(...checkRoot(yaml, route));
    errors.push(...checkNames(yaml, route, ['route'], hasReceivers ? receivers : undefined, intervals));
  }
  keys.receivers?.forEach((receiver, index) => {
    if (receiver) errors.push(...checkReceiver(yaml, receiver, ['receivers', index], keys.global));
  });
  return errors;
}

function checkRoot(yaml: YamlFile, route: Loose<RouteKeys>): Finding[] {
  const errors: Finding[] = [];
  if (!route.receiver)
    errors.push(yaml.finding(['route'], 'expected a receiver at the root route, got none'));
  for (const key of ['match', 'match_re', 'matchers'] as const) {
    const matchers = route[key];
    if (matchers && Object.keys(matchers).length > 0) {
      errors.push(
        yaml.finding(['route', key], 'expected no matchers at the root route: it takes every alert'),
      );
    }
  }
  for (const key of ['mute_time_intervals', 'active_time_intervals'] as const) {
    if (route[key]?.length) errors.push(yaml.finding(['route', key], `expected no ${key} at the root route`));
  }
  if (route.continue)
    errors.push(yaml.finding(['route', 'continue'], 'expected no continue at the root route'));
  return errors;
}

function checkNames(
  yaml: YamlFile,
  route: Loose<RouteKeys>,
  path: Path,
  receivers: ReadonlySet<string> | undefined,
  intervals: ReadonlySet<string>,
): Finding[] {
  const errors: Finding[] = [];
  if (route.receiver && receivers && !receivers.has(route.receiver)) {
    errors.push(yaml.finding([...path, 'receiver'], undefinedName('receiver', route.receiver, receivers)));
  }
  for (const key of ['mute_time_intervals', 'active_time_intervals'] as const) {
    route[key]?.forEach((name, index) => {
      if (name === undefined || intervals.has(name)) return;
      errors.push(yaml.finding([...path, key, index], undefinedName('time interval', name, intervals)));
    });
  }
  route.routes?.forEach((child, index) => {
    if (child) errors.push(...checkNames(yaml, child, [...path, 'routes', index], receivers, intervals));
  });
  return errors;
}

/** What an integration must have of its own or from `global`. */
const NEEDED = [
  needed('opsgenie_configs', ['api_key', 'api_key_file'], 'opsgenie_'),
  needed('victorops_configs', ['api_key', 'api_key_file'], 'victorops_'),
  needed('telegram_configs', ['bot_token', 'bot_token_file'], 'telegram_'),
  needed('rocketchat_configs', ['token_id', 'token_id_file'], 'rocketchat_'),
  needed('rocketchat_configs', ['token', 'token_file'], 'rocketchat_'),
  needed('mattermost_configs', ['webhook_url', 'webhook_url_file'], 'mattermost_'),
  needed('wechat_configs', ['api_secret', 'api_secret_file'], 'wechat_'),
  needed('wechat_configs', ['corp_id'], 'wechat_api_'),
  needed('jira_configs', ['api_url'], 'jira_'),
] as const;

function needed<Kind extends string>(kind: Kind, keys: readonly string[], prefix: string) {
  return { kind, keys, globals: keys.map((key) => prefix + key) };
}

function checkReceiver(
  yaml: YamlFile,
  receiver: NonNullable<NonNullable<Keys['receivers']>[number]>,
  path: Path,
  global: Keys['global'],
): Finding[] {
  const errors: Finding[] = [];
  receiver.email_configs?.forEach((email, index) => {
    const here = [...path, 'email_configs', index];
    if (!email) return;
    if (!email.smarthost && !global?.smtp_smarthost) {
      errors.push(yaml.finding(here, 'expected smarthost here or smtp_smarthost in global, got neither'));
    }
    if (!email.from && !global?.smtp_from) {
      errors.push(yaml.finding(here, 'expected from here or smtp_from in global, got neither'));
    }
  });
  for (const { kind, keys, globals } of NEEDED) {
    receiver[kind]?.forEach((own: object | undefined, index) => {
      const isGiven = (of: object | undefined, names: readonly string[]): boolean =>
        of !== undefined && names.some((name) => Boolean(Reflect.get(of, name)));
      if (!own || isGiven(own, keys) || isGiven(global, globals)) return;
      const message = `expected ${keys[0]} here or ${globals[0]} in global, got neither`;
      errors.push(yaml.finding([...path, kind, index], message));
    });
  }
  receiver.slack_configs?.forEach((slack, index) => {
    const here = [...path, 'slack_configs', index];
    if (!slack) return;
    const ownUrl = slack.api_url || slack.api_url_file;
    const ownToken = slack.app_token || slack.app_token_file;
    const globalToken = global?.slack_app_token || global?.slack_app_token_file;
    const globalUrl = global?.slack_api_url || global?.slack_api_url_file;
    if (!ownUrl && !ownToken && !globalToken && !globalUrl) {
      errors.push(yaml.finding(here, 'expected api_url or app_token here or in global, got neither'));
    }
    const own = slack.http_config;
    const takesGlobalToken = globalToken && !own?.authorization && !slack.api_url;
    const authorization = own ? own.authorization : global?.http_config?.authorization;
    if ((ownToken || takesGlobalToken) && authorization) {
      const place = own ? [...here, 'http_config', 'authorization'] : here;
      errors.push(yaml.finding(place, 'expected no authorization beside a Slack bot token'));
    }
  });
  return errors;
}

function doubled(
  yaml: YamlFile,
  section: 'receivers' | 'time_intervals' | 'mute_time_intervals',
  list: readonly ({ readonly name?: string } | undefined)[] | undefined,
  seen: Set<string>,
): Finding[] {
  const errors: Finding[] = [];
  list?.forEach((item, index) => {
    if (item?.name === undefined) return;
    if (seen.has(item.name)) {
      errors.push(
        yaml.finding(
          [section, index, 'name'],
          `expected each name once, got ${JSON.stringify(item.name)} again`,
        ),
      );
    }
    seen.add(item.name);
  });
  return errors;
}

function namesOf(list: readonly ({ readonly name?: string } | undefined)[] | undefined): Set<string> {
  return new Set(list?.flatMap((item) => item?.name ?? []));
}

function undefinedName(what: string, name: string, known: ReadonlySet<string>): string {
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
  return `expected a defined ${what}, got ${JSON.stringify(name)}${hint}`;
}
