import type { JiraConfig } from '../../config/receivers/jira.ts';
import type { Attempt } from '../delivery.ts';
import { isFiring, type Notification, type Render } from '../notification.ts';
import { renderDeep, yamlValue } from './deep.ts';
import {
  type Exchange,
  goJson,
  type HttpAnswer,
  type HttpRequest,
  jsonBody,
  judgeStatus,
  MessageError,
  prefixed,
  sortedKeys,
  truncate,
} from './exchange.ts';
import { hashKey } from './pagerduty.ts';

/** Jira's limits, characters. */
const MAX_SUMMARY = 255;
const MAX_DESCRIPTION = 32_767;

interface Issue {
  readonly key?: string;
  readonly fields?: { readonly status?: { readonly statusCategory?: { readonly key?: string } } };
}

/**
 * Finds the group's issue by a label, then makes or updates it, then moves it on when it was resolved or fires again. Nothing is made
 * for what is over already.
 */
export function* jiraMessage(config: JiraConfig, notification: Notification, render: Render): Exchange {
  const firing = isFiring(notification);
  const label = `ALERT{${hashKey(notification.groupKey)}}`;
  const fields = issueFields(config, label, render);
  const project = render.text(config.project);
  const search = { jql: jqlOf(config, project, label, firing), maxResults: 2, fields: ['status'] };
  const found = yield* ask('POST', searchUrl(config), search, 'failed to look up existing issues');
  if ('kind' in found) return found;
  const issue = (found.said as { issues?: readonly Issue[] } | undefined)?.issues?.[0];
  if (!issue?.key) {
    if (!firing) return { kind: 'delivered', answer: 'no open issue to resolve' };
    const made = yield* ask('POST', at(config, 'issue'), { fields }, 'failed to create the issue');
    return 'kind' in made ? made : judgeStatus()(made.answer);
  }
  const { summary, description, ...others } = fields;
  const kept = {
    ...(config.summary.enable_update && { summary }),
    ...(config.description.enable_update && description !== undefined && { description }),
  };
  const path = `issue/${issue.key}`;
  const body = { fields: sortedKeys({ ...others, ...kept }) };
  const updated = yield* ask('PUT', at(config, path), body, `failed to update ${issue.key}`);
  if ('kind' in updated) return updated;
  const isDone = issue.fields?.status?.statusCategory?.key === 'done';
  const transition = firing === isDone ? (firing ? config.reopen_transition : config.resolve_transition) : '';
  if (transition === '') return judgeStatus()(updated.answer);
  return yield* move(at(config, `${path}/transitions`), transition, issue.key);
}

function* move(url: string, name: string, key: string): Exchange {
  const listed = yield* ask('GET', url, undefined, `failed to list the transitions of ${key}`);
  if ('kind' in listed) return listed;
  const { transitions = [] } = (listed.said ?? {}) as {
    transitions?: readonly { id: string; name: string }[];
  };
  const id = transitions.find((one) => one.name === name)?.id;
  if (id === undefined) {
    const message = `can't find transition ${name} for issue ${key}`;
    return { kind: 'rejected', reason: 'other', message };
  }
  const moved = yield* ask('POST', url, { transition: { id } }, `failed to move ${key}`);
  return 'kind' in moved ? moved : judgeStatus()(moved.answer);
}

/** What was said, or, when that was no, how the try ended. */
function* ask(
  method: HttpRequest['method'],
  url: string,
  body: unknown,
  failure: string,
): Generator<HttpRequest, Attempt | { readonly said: unknown; readonly answer: HttpAnswer }, HttpAnswer> {
  const headers = { 'Content-Type': 'application/json', 'Accept-Language': 'en' };
  const answer = yield { method, url, headers, body: body === undefined ? '' : goJson(body) };
  const attempt = judgeStatus({ retried: [429] })(answer);
  return attempt.kind === 'delivered' ? { said: jsonBody(answer), answer } : prefixed(attempt, failure);
}

const at = (config: JiraConfig, path: string): string => `${config.api_url.replace(/\/+$/, '')}/${path}`;

/** Jira Cloud has its search under the newer API only, other Jiras under the older only. */
function searchUrl(config: JiraConfig): string {
  const isCloud =
    config.api_type === 'cloud' ||
    (config.api_type === 'auto' && new URL(config.api_url).host.endsWith('atlassian.net'));
  return isCloud ? at(config, 'search/jql').replace('/rest/api/2/', '/rest/api/3/') : at(config, 'search');
}

/** Open issues; while firing also those resolved so lately that they are opened again. */
function jqlOf(config: JiraConfig, project: string, label: string, firing: boolean): string {
  const { wont_fix_resolution: wontFix } = config;
  const minutes = Math.floor(config.reopen_duration / 60_000);
  const reopens = firing && config.reopen_transition !== '' && minutes > 0;
  return [
    // "!=" alone would leave out issues without any resolution.
    ...(wontFix ? [`(resolution is EMPTY or resolution != ${JSON.stringify(wontFix)})`] : []),
    reopens ? `(resolutiondate is EMPTY OR resolutiondate >= -${minutes}m)` : 'statusCategory != Done',
    `project=${JSON.stringify(project)}`,
    `labels=${JSON.stringify(label)} order by status ASC,resolutiondate DESC`,
  ].join(' and ');
}

function issueFields(config: JiraConfig, label: string, render: Render): Record<string, unknown> {
  const own = Object.entries(config.fields).map(([name, value]) => [
    name,
    renderDeep(value, render, yamlValue),
  ]);
  const description = descriptionOf(config, render);
  const priority = render.text(config.priority);
  return sortedKeys({
    ...(description !== undefined && { description }),
    issuetype: { name: render.text(config.issue_type) },
    labels: [...config.labels.map((one) => render.text(one)), label].sort(),
    ...(priority && { priority: { name: priority } }),
    project: { key: render.text(config.project) },
    summary: truncate(render.text(config.summary.template), MAX_SUMMARY),
    ...(Object.fromEntries(own) as Record<string, unknown>),
  });
}

/** Text, or under version 3 of the API a document as JSON. */
function descriptionOf(config: JiraConfig, render: Render): unknown {
  const text = truncate(render.text(config.description.template), MAX_DESCRIPTION);
  if (!/\/3\/*$/.test(new URL(config.api_url).pathname)) return text || undefined;
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new MessageError('description: expected a JSON document for version 3 of the API, got other text');
  }
}
