import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import * as z from 'zod';
import { checkRoutes } from './check-routes.ts';
import { type CheckExpr, checkGroups, completeGroups, type TextFault } from './check-rules.ts';
import { checkGlobal, checkScrapes, warnOfDiscovery } from './check-scrapes.ts';
import { checkStatusPage } from './check-status-page.ts';
import { type Config, type ConfigKeys, completeConfig, configFile, configFromData } from './config.ts';
import { ConfigError } from './config-error.ts';
import type { DecodeContext, TemplateText } from './decode.ts';
import type { Environment } from './expand-env.ts';
import { type Finding, type Path, sortFindings } from './finding.ts';
import { completeGlobal, type GlobalConfig, globalConfig } from './global.ts';
import { type FileKind, kindOf } from './kind.ts';
import { type RuleGroupConfig, type RuleGroupKeys, ruleFile } from './rules.ts';
import { completeScrape, type ScrapeKeys, scrapeConfig } from './scrape.ts';
import { type Loose, validate } from './validate.ts';
import { type WebFile, webFile } from './web.ts';
import { YamlFile } from './yaml.ts';

/** Where the templates of a config are used; the two template languages differ in their functions. */
export type TemplateUse = 'rule' | 'notification';

export interface LoadOptions {
  readonly env: Environment;
  /** Absolute; the config file is relative to it, and so are file names in messages. */
  readonly cwd: string;
  /** Without it expressions are taken as they are. */
  readonly checkExpr?: CheckExpr;
  /** Without it templates are taken as they are. Also called with the text of each template file. */
  readonly checkTemplate?: (text: string, use: TemplateUse) => TextFault | undefined;
  readonly files?: FileSource;
}

/** The files a config may name. */
export interface FileSource {
  /** @throws Error with a `code`, as node:fs does */
  read(path: string): string;
  glob(pattern: string): string[];
}

/** What rule groups inherit. */
type GroupDefaults = Pick<GlobalConfig, 'evaluation_interval' | 'rule_query_offset'>;

export interface LoadedConfig {
  readonly config: Config;
  readonly ruleGroups: readonly RuleGroupConfig[];
  readonly warnings: readonly Finding[];
  /** Absolute paths of all files read, for watching. */
  readonly files: readonly string[];
  /** The config file as read; empty for the built-in default. */
  readonly text: string;
}

const scrapeFile = z.strictObject({ scrape_configs: z.array(scrapeConfig).default([]) });

/** What runs without a config file: this host and Belfry itself. */
export function defaultConfig(): LoadedConfig {
  const config = configFromData({
    global: { scrape_interval: '15s', evaluation_interval: '15s' },
    host: {},
    self: {},
  });
  return { config, ruleGroups: [], warnings: [], files: [], text: '' };
}

/**
 * Reads a config file and the rule, scrape and template files it names.
 * @throws ConfigError with everything that is wrong, when anything is.
 */
export function loadConfig(file: string, options: LoadOptions): LoadedConfig {
  const loader = new Loader(options);
  const path = resolve(options.cwd, file);
  const yaml = loader.open(path, undefined);
  const loaded = yaml && loader.config(yaml, path);
  if (loader.errors.length > 0 || !loaded) throw new ConfigError(sortFindings(loader.errors));
  return { ...loaded, warnings: sortFindings(loader.warnings), files: [...loader.read] };
}

/**
 * Reads upstream's web config file.
 * @throws ConfigError
 */
export function loadWebFile(
  file: string,
  options: LoadOptions,
): { readonly web: WebFile; readonly warnings: readonly Finding[] } {
  const loader = new Loader(options);
  const path = resolve(options.cwd, file);
  const yaml = loader.open(path, undefined);
  const web = yaml && loader.web(yaml, path);
  if (loader.errors.length > 0 || !web) throw new ConfigError(sortFindings(loader.errors));
  return { web, warnings: sortFindings(loader.warnings) };
}

export interface CheckedFile {
  readonly kind: FileKind;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Rules in it and in the rule files it names. */
  readonly rules: number;
}

/** Reads a file of any kind that `check` knows. Never throws; a file that cannot be read is an error. */
export function checkFile(file: string, options: LoadOptions): CheckedFile {
  const loader = new Loader(options);
  const path = resolve(options.cwd, file);
  const yaml = loader.open(path, undefined);
  const kind = yaml ? kindOf(yaml) : 'config';
  let rules = 0;
  if (yaml && kind === 'rules')
    rules = countRules(loader.rules(yaml, path, completeGlobal(globalConfig.parse({}))));
  else if (yaml && kind === 'web') loader.web(yaml, path);
  else if (yaml) rules = countRules(loader.config(yaml, path)?.ruleGroups ?? []);
  return { kind, errors: sortFindings(loader.errors), warnings: sortFindings(loader.warnings), rules };
}

const countRules = (groups: readonly RuleGroupConfig[]): number =>
  groups.reduce((total, group) => total + group.rules.length, 0);

class Loader {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly read = new Set<string>();
  readonly #options: LoadOptions;
  readonly #files: FileSource;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#files = options.files ?? diskFiles;
  }

  config(yaml: YamlFile, file: string): Pick<LoadedConfig, 'config' | 'ruleGroups' | 'text'> | undefined {
    const { value, loose, errors, warnings, templates } = validate(yaml, configFile, this.#context(file));
    const jobs = new Map<string, string>();
    this.errors.push(
      ...errors,
      ...checkGlobal(yaml, loose.global),
      ...checkScrapes(yaml, loose, loose.global, jobs),
      ...checkRoutes(yaml, loose),
      ...checkGroups(yaml, loose.groups, this.#options.checkExpr),
      ...checkStatusPage(yaml, loose.status_page, this.#options.checkExpr),
    );
    this.warnings.push(...warnings, ...warnOfDiscovery(yaml, loose));
    this.#warnOfSwitches(yaml);
    this.#checkTemplates(yaml, templates);
    const global = completeGlobal(value?.global ?? globalConfig.parse({}));
    const inFiles = this.#scrapeFiles(yaml, loose, jobs);
    const ruleGroups = value ? completeGroups(yaml, file, value.groups, global) : [];
    ruleGroups.push(...this.#ruleFiles(yaml, loose, global));
    this.#templateFiles(yaml, loose);
    if (!value) return undefined;
    const config = completeConfig(value);
    const more = inFiles.map((own) => completeScrape(own, config.global));
    return {
      config: { ...config, scrape_configs: [...config.scrape_configs, ...more] },
      ruleGroups,
      text: yaml.text,
    };
  }

  rules(yaml: YamlFile, file: string, global: GroupDefaults): RuleGroupConfig[] {
    const { value, loose, errors, warnings, templates } = validate(yaml, ruleFile, {
      env: {},
      folder: dirname(file),
    });
    this.errors.push(
      ...errors,
      ...checkGroups(yaml, loose.groups as readonly RuleGroupKeys[] | undefined, this.#options.checkExpr),
    );
    this.warnings.push(...warnings);
    this.#checkTemplates(yaml, templates);
    return value ? completeGroups(yaml, file, value.groups, global) : [];
  }

  web(yaml: YamlFile, file: string): WebFile | undefined {
    const { value, errors, warnings } = validate(yaml, webFile, this.#context(file));
    this.errors.push(...errors);
    this.warnings.push(...warnings);
    return value;
  }

  /** Both are on only as mappings; a bare `host:` looks as if it were on. */
  #warnOfSwitches(yaml: YamlFile): void {
    for (const key of ['host', 'self']) {
      if (!yaml.nodeAt([key]) || yaml.has([key])) continue;
      this.warnings.push(yaml.finding([key], `is off without a value; write "${key}: {}" to switch it on`));
    }
  }

  #scrapeFiles(yaml: YamlFile, keys: Loose<ConfigKeys>, jobs: Map<string, string>): ScrapeKeys[] {
    const scrapes: ScrapeKeys[] = [];
    for (const [pattern, index] of paths(keys.scrape_config_files)) {
      for (const [found, at] of this.#named(yaml, ['scrape_config_files', index], pattern)) {
        scrapes.push(...this.#scrapeFile(found, at, keys.global, jobs));
      }
    }
    return scrapes;
  }

  /** A file that two patterns match counts once. */
  #ruleFiles(yaml: YamlFile, keys: Loose<ConfigKeys>, global: GroupDefaults): RuleGroupConfig[] {
    const groups: RuleGroupConfig[] = [];
    const seen = new Set<string>();
    for (const [pattern, index] of paths(keys.rule_files)) {
      for (const [found, at] of this.#named(yaml, ['rule_files', index], pattern)) {
        if (!seen.has(at)) groups.push(...this.rules(found, at, global));
        seen.add(at);
      }
    }
    return groups;
  }

  #templateFiles(yaml: YamlFile, keys: Loose<ConfigKeys>): void {
    for (const [pattern, index] of paths(keys.templates)) {
      const path = ['templates', index];
      for (const found of this.#matches(yaml, path, pattern)) this.#templateFile(yaml, path, found);
    }
  }

  #context(file: string): DecodeContext {
    return { env: this.#options.env, folder: dirname(file) };
  }

  /** Reads a file as YAML. What is wrong with reading it is reported where it is named, or at its own start. */
  open(path: string, namedAt: ((message: string) => Finding) | undefined): YamlFile | undefined {
    const shown = this.#shown(path);
    let text: string;
    try {
      text = this.#files.read(path);
    } catch (error) {
      const message = `expected a readable file, got ${reasonOf(error)}`;
      this.errors.push(
        namedAt?.(`${message}: ${shown}`) ?? { file: shown, line: 1, column: 1, path: '', message },
      );
      return undefined;
    }
    this.read.add(path);
    const yaml = new YamlFile(shown, text);
    this.errors.push(...yaml.errors);
    this.warnings.push(...yaml.warnings);
    return yaml.isReadable ? yaml : undefined;
  }

  #scrapeFile(
    yaml: YamlFile,
    file: string,
    global: Parameters<typeof checkScrapes>[2],
    jobs: Map<string, string>,
  ): ScrapeKeys[] {
    const { value, loose, errors, warnings } = validate(yaml, scrapeFile, this.#context(file));
    this.errors.push(...errors, ...checkScrapes(yaml, loose, global, jobs));
    this.warnings.push(...warnings, ...warnOfDiscovery(yaml, loose));
    return value?.scrape_configs ?? [];
  }

  #templateFile(yaml: YamlFile, path: Path, file: string): void {
    let text: string;
    try {
      text = this.#files.read(file);
    } catch (error) {
      this.errors.push(
        yaml.finding(path, `expected a readable file, got ${reasonOf(error)}: ${this.#shown(file)}`),
      );
      return;
    }
    this.read.add(file);
    const fault = this.#options.checkTemplate?.(text, 'notification');
    if (!fault) return;
    const before = text.slice(0, fault.offset).split('\n');
    const position = { line: before.length, column: before.at(-1)!.length + 1 };
    this.errors.push({ file: this.#shown(file), ...position, path: '', message: fault.message });
  }

  #checkTemplates(yaml: YamlFile, templates: readonly TemplateText[]): void {
    const { checkTemplate } = this.#options;
    if (!checkTemplate) return;
    for (const { path, text } of templates) {
      const isRule = path[0] === 'groups';
      // The labels of recording rules are taken as written.
      if (isRule && path[2] === 'rules' && yaml.has([...path.slice(0, 4), 'record'])) continue;
      const fault = checkTemplate(text, isRule ? 'rule' : 'notification');
      if (fault) this.errors.push(yaml.findingInside(path, fault.offset, fault.message));
    }
  }

  /** The YAML files behind one entry of `rule_files` or `scrape_config_files`. */
  #named(yaml: YamlFile, path: Path, pattern: string): [yaml: YamlFile, path: string][] {
    if (!/^[^*]*(\*[^/]*)?$/.test(pattern)) {
      this.errors.push(yaml.finding(path, 'expected a path with wildcards in its last part only'));
      return [];
    }
    return this.#matches(yaml, path, pattern).flatMap((found) => {
      const opened = this.open(found, (message) => yaml.finding(path, message));
      return opened ? [[opened, found] as [YamlFile, string]] : [];
    });
  }

  #matches(yaml: YamlFile, path: Path, pattern: string): string[] {
    const matches = this.#files.glob(pattern).sort();
    if (matches.length === 0) {
      const what = /[*?[]/.test(pattern) ? 'no file matches' : 'no such file:';
      this.warnings.push(yaml.finding(path, `${what} ${this.#shown(pattern)}`));
    }
    return matches;
  }

  #shown(path: string): string {
    const fromHere = relative(this.#options.cwd, path);
    return fromHere.startsWith('..') || fromHere === '' ? path : fromHere;
  }
}

const diskFiles: FileSource = {
  read: (path) => readFileSync(path, 'utf8'),
  glob: (pattern) => globSync(pattern),
};

function* paths(list: readonly (string | undefined)[] | undefined): Generator<[path: string, index: number]> {
  for (const [index, path] of (list ?? []).entries()) if (path !== undefined) yield [path, index];
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'a folder',
};

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}
