import type { InhibitRuleConfig } from '../../config/inhibit.ts';
import type { RouteConfig } from '../../config/route.ts';
import type { AlertingRuleConfig } from '../../config/rules.ts';
import { formatDuration } from '../../model/duration.ts';
import { formatMatcher, type Matcher } from '../../model/matcher.ts';
import { compileMatcher } from '../../promql/matchers.ts';
import type { LintCheck, LintFinding, ParsedRule } from './finding.ts';
import { shapeOf } from './shape.ts';

/** The sections that decide who is told, as far as they are checked. */
export interface LintedRouting {
  readonly route: RouteConfig | undefined;
  readonly inhibit_rules: readonly InhibitRuleConfig[];
  /** Receivers that page someone, by name: with which integration. */
  readonly pagers: ReadonlyMap<string, string>;
  /** What receivers are sent, as far as it is a template, with its place in the config. */
  readonly texts: readonly { readonly path: readonly (string | number)[]; readonly text: string }[];
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Labels that targets may get from the configuration; undefined when any may be among them. */
  readonly targetLabels: ReadonlySet<string> | undefined;
  /** Labels of series that are stored, as far as that is known. */
  readonly storedLabels: ReadonlySet<string>;
}

/** An alert as far as its labels are known before it fires. */
interface KnownAlert {
  readonly rule: ParsedRule;
  /** The value, the empty text for a label that it cannot have, undefined when that is not known. */
  readonly label: (name: string) => string | undefined;
}

/** What is wrong between rules, routes and inhibition. */
export function routingFindings(rules: readonly ParsedRule[], routing: LintedRouting): LintFinding[] {
  const alerts = rules.flatMap((rule) =>
    rule.config.kind === 'alert' ? [knownAlert(rule, rule.config, routing)] : [],
  );
  const findings = inhibitFindings(alerts, routing.inhibit_rules);
  const { route } = routing;
  if (!route) return findings;
  findings.push(...paceFindings(route, undefined, ['route'], rules));
  if (alerts.length > 0) {
    const strange = strangeLabels(rules, routing);
    findings.push(...groupByFindings(route, ['route'], strange, routing));
    findings.push(...textFindings(strange, routing));
    findings.push(...destinationFindings(alerts, route, routing));
  }
  return findings;
}

function knownAlert(
  rule: ParsedRule,
  config: AlertingRuleConfig,
  { externalLabels }: LintedRouting,
): KnownAlert {
  const shape = shapeOf(rule.expr);
  return {
    rule,
    label(name) {
      if (name === 'alertname') return config.alert;
      const own = config.labels[name];
      if (own !== undefined) return own.includes('{{') ? undefined : own;
      if (!shape || shape.has(name)) return undefined;
      return externalLabels[name] ?? '';
    },
  };
}

type Answer = 'yes' | 'no' | 'maybe';

function matches(matchers: readonly Matcher[], alert: KnownAlert): Answer {
  let answer: Answer = 'yes';
  for (const matcher of matchers) {
    const value = alert.label(matcher.name);
    if (value === undefined) answer = 'maybe';
    else if (!compileMatcher(matcher)(value)) return 'no';
  }
  return answer;
}

function inhibitFindings(
  alerts: readonly KnownAlert[],
  inhibitRules: readonly InhibitRuleConfig[],
): LintFinding[] {
  if (alerts.length === 0) return [];
  return inhibitRules.flatMap((rule, index) => {
    const at = ['inhibit_rules', index] as const;
    const sources = alerts.filter((alert) => matches(rule.source_matchers, alert) !== 'no');
    const targets = alerts.filter((alert) => matches(rule.target_matchers, alert) !== 'no');
    const say = (why: string): LintFinding[] => [
      finding('inhibit-never-matches', at, `never inhibits anything: ${why}`),
    ];
    const shown = (matchers: readonly Matcher[]): string => matchers.map(formatMatcher).join(', ');
    if (sources.length === 0) return say(`no alert has ${shown(rule.source_matchers)}`);
    if (targets.length === 0) return say(`no alert has ${shown(rule.target_matchers)}`);
    // Labels missing on both sides are equal.
    const isPair = sources.some((source) =>
      targets.some((target) =>
        rule.equal.every((name) => {
          const [a, b] = [source.label(name), target.label(name)];
          return a === undefined || b === undefined || a === b;
        }),
      ),
    );
    if (isPair) return [];
    const blocking = rule.equal.find((name) =>
      sources.every((source) =>
        targets.every((target) => {
          const [a, b] = [source.label(name), target.label(name)];
          return a !== undefined && b !== undefined && a !== b;
        }),
      ),
    );
    return say(
      blocking === undefined
        ? `no alert with ${shown(rule.source_matchers)} shares ${rule.equal.join(', ')} with one that has ${shown(rule.target_matchers)}`
        : `it asks for an equal ${blocking}, and no ${blocking} has alerts with ${shown(rule.source_matchers)} as well as with ${shown(rule.target_matchers)}`,
    );
  });
}

function paceFindings(
  route: RouteConfig,
  parent: RouteConfig | undefined,
  path: readonly (string | number)[],
  rules: readonly ParsedRule[],
): LintFinding[] {
  const findings: LintFinding[] = [];
  const { group_interval: group, repeat_interval: repeat } = route;
  // What is inherited is told once, where it stands.
  const isOwn = group !== parent?.group_interval || repeat !== parent?.repeat_interval;
  if (isOwn && repeat < group) {
    findings.push(
      finding(
        'repeat-below-group-interval',
        path,
        `repeat_interval ${formatDuration(repeat)} is shorter than group_interval ${formatDuration(group)}: it repeats at each group_interval`,
      ),
    );
  }
  const intervals = rules.filter(({ config }) => config.kind === 'alert').map((rule) => rule.group.interval);
  const fastest = Math.min(...intervals);
  if (group !== parent?.group_interval && intervals.length > 0 && group < fastest) {
    findings.push(
      finding(
        'group-interval-below-evaluation',
        path,
        `group_interval ${formatDuration(group)} is shorter than the ${formatDuration(fastest)} between evaluations: each change of a group is sent by itself, which is a storm when much changes`,
      ),
    );
  }
  return [
    ...findings,
    ...route.routes.flatMap((child, i) => paceFindings(child, route, [...path, 'routes', i], rules)),
  ];
}

type Strange = (names: readonly string[]) => string[];

/** Picks labels that neither rules nor targets nor external labels mention; none where targets may have any. */
function strangeLabels(
  rules: readonly ParsedRule[],
  { externalLabels, targetLabels, storedLabels }: LintedRouting,
): Strange {
  if (targetLabels === undefined) return () => [];
  const mentioned = (name: string): boolean =>
    name === 'alertname' ||
    name in externalLabels ||
    targetLabels.has(name) ||
    storedLabels.has(name) ||
    rules.some(
      ({ config }) => name in config.labels || new RegExp(`\\b${escapePattern(name)}\\b`).test(config.expr),
    );
  return (names) => names.filter((name) => !mentioned(name));
}

/** A label read of an alert or of what alerts share: `.CommonLabels.service`, `index .Labels "service"`. */
const LABEL_READ = /\.(?:Common|Group)?Labels(?:\.([A-Za-z_]\w*)|\s+"([^"]+)")/g;
/** What label sets can do in templates. */
const METHODS = new Set(['SortedPairs', 'Names', 'Values', 'Remove', 'String']);

/** Labels that receivers are to be told and no alert has: what acts on them gets an empty text. */
const textFindings = (strange: Strange, { texts }: LintedRouting): LintFinding[] =>
  texts.flatMap(({ path, text }) => {
    const read = [...text.matchAll(LABEL_READ)].map(([, field, key]) => field ?? key!);
    const names = strange([...new Set(read)].filter((name) => !METHODS.has(name)));
    return names.length === 0
      ? []
      : [
          finding(
            'receiver-label-missing',
            path,
            `reads the label ${names.join(' and ')}, which no rule, target or external label mentions: unless exporters set it, it is empty`,
          ),
        ];
  });

/** Labels to group by that nothing mentions. */
function groupByFindings(
  route: RouteConfig,
  path: readonly (string | number)[],
  strange: Strange,
  { inhibit_rules }: LintedRouting,
): LintFinding[] {
  const findings: LintFinding[] = [];
  const visit = (
    node: RouteConfig,
    parent: RouteConfig | undefined,
    at: readonly (string | number)[],
  ): void => {
    const names = node.group_by === parent?.group_by ? [] : strange(node.group_by);
    if (names.length > 0) findings.push(unknownLabels('group_by', names, at));
    for (const [i, child] of node.routes.entries()) visit(child, node, [...at, 'routes', i]);
  };
  visit(route, undefined, path);
  inhibit_rules.forEach((rule, i) => {
    const names = strange(rule.equal);
    if (names.length > 0) findings.push(unknownLabels('equal', names, ['inhibit_rules', i]));
  });
  return findings;
}

const unknownLabels = (
  key: string,
  names: readonly string[],
  path: readonly (string | number)[],
): LintFinding =>
  finding(
    'group-by-unknown-label',
    [...path, key],
    `no rule, target or external label mentions ${names.join(' or ')}: unless exporters set it, it is empty for all alerts`,
  );

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Alerts that nobody took up, and alerts that page more than once. */
function destinationFindings(
  alerts: readonly KnownAlert[],
  root: RouteConfig,
  { pagers }: LintedRouting,
): LintFinding[] {
  const findings: LintFinding[] = [];
  const routed = new Map<string, Set<string>>();
  for (const child of root.routes) {
    for (const { name, op, value } of child.matchers)
      if (op === '=') routed.set(name, (routed.get(name) ?? new Set()).add(value));
  }
  for (const alert of alerts) {
    const found = destinations(root, alert);
    if (!found) continue;
    const { config, group, name } = alert.rule;
    const at = { kind: 'rule' as const, file: group.file, position: config.position, rule: name };
    for (const [label, values] of routed) {
      const value = alert.label(label);
      if (!value || values.has(value) || values.size < 2 || found.some((route) => route !== root)) continue;
      findings.push({
        check: 'unrouted-label',
        at,
        message: `no route takes ${label}="${value}", as they do ${[...values].join(', ')}: it goes to ${root.receiver}`,
      });
    }
    const paging = [...new Set(found.map(({ receiver }) => receiver))].filter((receiver) =>
      pagers.has(receiver),
    );
    if (paging.length > 1) {
      const list = paging.map((receiver) => `${receiver} (${pagers.get(receiver)})`).join(' and ');
      findings.push({ check: 'paged-twice', at, message: `pages more than once: ${list}` });
    }
  }
  return findings;
}

/** The routes that an alert ends at; undefined when a matcher looks at what is not known. */
function destinations(route: RouteConfig, alert: KnownAlert): RouteConfig[] | undefined {
  const found: RouteConfig[] = [];
  for (const child of route.routes) {
    const answer = matches(child.matchers, alert);
    if (answer === 'maybe') return undefined;
    if (answer === 'no') continue;
    const below = destinations(child, alert);
    if (!below) return undefined;
    found.push(...below);
    if (!child.continue) break;
  }
  return found.length > 0 ? found : [route];
}

const finding = (check: LintCheck, path: readonly (string | number)[], message: string): LintFinding => ({
  check,
  message,
  at: { kind: 'config', path },
});
