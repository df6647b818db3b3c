import { formatDuration } from '../model/duration.ts';
import type { ConfigKeys } from './config.ts';
import { unservedIn } from './discovery/discovery.ts';
import type { Finding } from './finding.ts';
import type { ScrapeKeys } from './scrape.ts';
import type { Loose } from './validate.ts';
import type { YamlFile } from './yaml.ts';

/** Checks across scrape configs and `global`. `jobs` holds the names met so far and where, and is added to. */
export function checkScrapes(
  yaml: YamlFile,
  keys: Pick<Loose<ConfigKeys>, 'scrape_configs'>,
  global: Loose<ConfigKeys>['global'],
  jobs: Map<string, string>,
): Finding[] {
  const errors: Finding[] = [];
  keys.scrape_configs?.forEach((job, index) => {
    if (!job) return;
    const path = ['scrape_configs', index];
    if (job.job_name !== undefined) {
      const first = jobs.get(job.job_name);
      if (first !== undefined) {
        errors.push(
          yaml.finding(
            [...path, 'job_name'],
            `expected each job once, got ${JSON.stringify(job.job_name)}, first in ${first}`,
          ),
        );
      } else {
        const { line } = yaml.positionOf([...path, 'job_name']);
        jobs.set(job.job_name, `${yaml.file}:${line}`);
      }
    }
    const interval = job.scrape_interval || global?.scrape_interval || 60_000;
    errors.push(...timeoutAbove(yaml, path, job.scrape_timeout, interval));
    if (asksForUtf8InVain(job, global)) {
      errors.push(
        yaml.finding(
          [...path, 'metric_name_escaping_scheme'],
          'expected an escaping scheme other than "allow-utf-8" with metric_name_validation_scheme "legacy"',
        ),
      );
    }
  });
  return errors;
}

function asksForUtf8InVain(job: Loose<ScrapeKeys>, global: Loose<ConfigKeys>['global']): boolean {
  const own = job.metric_name_validation_scheme;
  const inherited = own === undefined ? global?.metric_name_escaping_scheme : undefined;
  const escaping = job.metric_name_escaping_scheme ?? inherited;
  return escaping === 'allow-utf-8' && (own ?? global?.metric_name_validation_scheme) === 'legacy';
}

export function checkGlobal(yaml: YamlFile, global: Loose<ConfigKeys>['global']): Finding[] {
  const errors = timeoutAbove(yaml, ['global'], global?.scrape_timeout, global?.scrape_interval || 60_000);
  for (const key of ONCE) {
    const file = `${key}_file` as const;
    if (global?.[key] && global[file]) {
      errors.push(yaml.finding(['global', file], `expected at most one of ${key}, ${file}, got both`));
    }
  }
  const hasToken = global?.slack_app_token || global?.slack_app_token_file;
  const hasUrl =
    global?.slack_api_url_file || (global?.slack_api_url && global.slack_api_url !== global.slack_app_url);
  if (hasToken && hasUrl) {
    errors.push(yaml.finding(['global'], 'expected either slack_api_url or slack_app_token, got both'));
  }
  return errors;
}

/** Jobs and Alertmanagers with kinds of discovery that find nothing. */
export function warnOfDiscovery(yaml: YamlFile, keys: Loose<ConfigKeys>): Finding[] {
  const warnings: Finding[] = [];
  keys.scrape_configs?.forEach((job, index) => {
    for (const key of job ? unservedIn(job) : []) {
      const name = JSON.stringify(job?.job_name ?? '');
      warnings.push(
        yaml.finding(
          ['scrape_configs', index, key],
          `job ${name} gets no targets from ${key}: not supported, use http_sd_configs`,
        ),
      );
    }
  });
  keys.alerting?.alertmanagers?.forEach((server, index) => {
    for (const key of server ? unservedIn(server) : []) {
      warnings.push(
        yaml.finding(
          ['alerting', 'alertmanagers', index, key],
          `no alertmanagers are found by ${key}: not supported, use http_sd_configs`,
        ),
      );
    }
  });
  return warnings;
}

const ONCE = [
  'smtp_auth_password',
  'smtp_auth_secret',
  'slack_api_url',
  'slack_app_token',
  'opsgenie_api_key',
  'wechat_api_secret',
  'victorops_api_key',
  'telegram_bot_token',
  'rocketchat_token',
  'rocketchat_token_id',
  'mattermost_webhook_url',
] as const;

function timeoutAbove(
  yaml: YamlFile,
  path: readonly (string | number)[],
  timeout: number | undefined,
  interval: number,
): Finding[] {
  if (timeout === undefined || timeout <= interval) return [];
  const message = `expected at most the scrape_interval of ${formatDuration(interval)}, got ${formatDuration(timeout)}`;
  return [yaml.finding([...path, 'scrape_timeout'], message)];
}
