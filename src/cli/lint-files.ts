import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { FileKind } from '../config/kind.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import type { RuleGroupConfig } from '../config/rules.ts';
import { YamlFile } from '../config/yaml.ts';
import type { LintFinding } from '../rules/lint/finding.ts';
import { lint, parsedRules } from '../rules/lint/lint.ts';
import type { LintedRouting } from '../rules/lint/routing.ts';
import { gatherFacts, type StoreSource } from '../rules/lint/stored.ts';
import { clearSecrets } from './clear-secrets.ts';
import { readRuleFiles } from './rule-files.ts';

/** A finding of lint as it is printed; `check` names what found it. */
export interface FileLint extends Finding {
  readonly check: LintFinding['check'];
}

interface Loaded {
  readonly file: string;
  readonly config: Config | undefined;
  readonly groups: readonly RuleGroupConfig[];
}

/** Stands for the interval of groups that have none when no config says it: shorter than whatever it is compared with. */
const UNKNOWN_INTERVAL_MS = 1;
/** Integrations that page a person. */
const PAGERS = ['pagerduty', 'opsgenie', 'victorops', 'incidentio'] as const;

/**
 * Lints files that are valid, all together: rules of one file are seen by the routes of another. Sorted by file and line.
 * @param source what is stored; without it only the files are looked at
 */
export async function lintFiles(
  files: readonly { readonly file: string; readonly kind: FileKind }[],
  options: LoadOptions,
  source?: StoreSource,
): Promise<FileLint[]> {
  const loaded = files.flatMap(({ file, kind }) => (kind === 'web' ? [] : [load(file, kind, options)]));
  // A rule file that a config names has its settings from there.
  const configsFirst = [...loaded].sort(
    (a, b) => Number(b.config !== undefined) - Number(a.config !== undefined),
  );
  const byKey = new Map<string, RuleGroupConfig>();
  for (const group of configsFirst.flatMap(({ groups }) => groups)) {
    const key = `${group.file};${group.name}`;
    if (!byKey.has(key)) byKey.set(key, group);
  }
  const groups = [...byKey.values()];
  const facts = source && (await gatherFacts(parsedRules(groups), source));
  const configs = loaded.flatMap(({ config }) => (config ? [config] : []));
  const scrapes = configs.flatMap(({ scrape_configs }) => scrape_configs);
  const storedLabels = new Set([...(facts?.labelsOf.values() ?? [])].flatMap((labels) => [...labels]));
  const routed = loaded.find(({ config }) => config?.route);
  const found = lint({
    groups,
    facts,
    scrapeIntervalMs: scrapes.length > 0 ? Math.min(...scrapes.map((one) => one.scrape_interval)) : undefined,
    ...(routed?.config && { routing: routingOf(routed.config, configs, storedLabels) }),
  });
  const routedYaml =
    routed && new YamlFile(routed.file, readFileSync(path.resolve(options.cwd, routed.file), 'utf8'));
  const shownAll = found.map((one): FileLint => {
    const { check, message, at } = one;
    if (at.kind === 'config') return { check, ...routedYaml!.finding(at.path, message) };
    return { check, file: shown(at.file, options.cwd), ...at.position, path: at.rule, message };
  });
  for (const { file, config } of loaded) if (config) shownAll.push(...secretLint(file, options.cwd));
  const order = [...new Set(shownAll.map(({ file }) => file))];
  return shownAll.sort(
    (a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

/** One finding for all secrets of a file, at the first. */
function secretLint(file: string, cwd: string): FileLint[] {
  const text = readFileSync(path.resolve(cwd, file), 'utf8');
  const paths = clearSecrets(text);
  const [first] = paths;
  if (!first) return [];
  const keys = [...new Set(paths.map((each) => each.filter((step) => typeof step === 'string').at(-1)))];
  const message = `secrets stand here as plain text (${keys.join(', ')}): write them as \${VAR} or name a file with the key's _file twin`;
  return [{ check: 'secret-in-clear', ...new YamlFile(file, text).finding(first, message) }];
}

function load(file: string, kind: FileKind, options: LoadOptions): Loaded {
  if (kind === 'rules') {
    const groups = readRuleFiles([path.resolve(options.cwd, file)], UNKNOWN_INTERVAL_MS, options);
    return { file, config: undefined, groups };
  }
  const { config, ruleGroups } = loadConfig(file, options);
  return { file, config, groups: ruleGroups };
}

function routingOf(
  { route, inhibit_rules, receivers }: Config,
  configs: readonly Config[],
  storedLabels: ReadonlySet<string>,
): LintedRouting {
  return {
    route,
    inhibit_rules,
    pagers: new Map(
      receivers.flatMap((receiver) => {
        const kind = PAGERS.find((one) => (receiver[`${one}_configs`]?.length ?? 0) > 0);
        return kind ? [[receiver.name, kind] as const] : [];
      }),
    ),
    texts: receivers.flatMap((receiver, i) => templatesIn(receiver, ['receivers', i])),
    externalLabels: Object.assign({}, ...configs.map(({ global }) => global.external_labels)),
    targetLabels: targetLabelsOf(configs),
    storedLabels,
  };
}

/** All templates that a section holds, wherever they stand in it. */
function templatesIn(section: unknown, path: readonly (string | number)[]): LintedRouting['texts'] {
  if (typeof section === 'string') return section.includes('{{') ? [{ path, text: section }] : [];
  if (Array.isArray(section)) return section.flatMap((one, i) => templatesIn(one, [...path, i]));
  if (section === null || typeof section !== 'object') return [];
  return Object.entries(section).flatMap(([key, value]) => templatesIn(value, [...path, key]));
}

/** Labels that targets get from their configuration; undefined when it cannot be said which. */
function targetLabelsOf(configs: readonly Config[]): ReadonlySet<string> | undefined {
  const scrapes = configs.flatMap(({ scrape_configs }) => scrape_configs);
  if (scrapes.length === 0) return undefined;
  const labels = new Set(['job', 'instance']);
  for (const scrape of scrapes) {
    // Discovery from files and over HTTP brings labels of its own.
    if (scrape.file_sd_configs.length > 0 || scrape.http_sd_configs.length > 0) return undefined;
    for (const { labels: own = {} } of scrape.static_configs)
      for (const name of Object.keys(own)) labels.add(name);
    for (const step of [...scrape.relabel_configs, ...scrape.metric_relabel_configs]) {
      if (step.action === 'labelmap') return undefined;
      if (step.target_label) labels.add(step.target_label);
    }
  }
  return labels;
}

function shown(file: string, cwd: string): string {
  const fromHere = path.relative(cwd, file);
  return fromHere.startsWith('..') || fromHere === '' ? file : fromHere;
}
