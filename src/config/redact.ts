import {
  type Alias,
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
} from 'yaml';
import * as z from 'zod';
import { configFile } from './config.ts';
import { alertmanagerGlobal } from './global.ts';
import { shapeOf, unwrap } from './schema.ts';

export const SECRET = '<secret>';

/** Keys that hold secrets in parts of a config whose schema is not ours. */
const SECRET_KEY =
  /(password|secret|token|credential|api_?key|user_?key|access_key|webhook_?url)(?!.*_file$)/i;

/** Alertmanager's own sections of the config file. */
const ALERTMANAGER_KEYS = new Set([
  'global',
  'route',
  'receivers',
  'inhibit_rules',
  'time_intervals',
  'mute_time_intervals',
  'templates',
]);

/** What alertmanager.yml must hold at least; stands for a config that tells nobody. */
const NOBODY = 'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n';

/** The config file as written, comments and all, with `<secret>` for every secret. Empty for what is not YAML. */
export function redactConfig(text: string): string {
  const document = read(text);
  hide(document, document.contents, configFile, '');
  return print(document);
}

/** The part of a config file that is an alertmanager.yml, without secrets: strict tools read it. */
export function redactedAlertmanagerConfig(text: string): string {
  const document = read(text);
  const root = document.contents;
  if (!isMap(root)) return NOBODY;
  const targets = aliasTargets(document);
  keepKeys(root, ALERTMANAGER_KEYS);
  const global = resolveAlias(document, root.get('global', true));
  if (isMap(global)) keepKeys(global, new Set(Object.keys(alertmanagerGlobal)));
  writeOutAliases(document, targets);
  hide(document, root, configFile, '');
  return root.has('route') ? print(document) : NOBODY;
}

/**
 * One of the `scrape_configs` of a file as written, with `<secret>` for every secret.
 * @param text a config file, or one that `scrape_config_files` names
 * @returns undefined when it has none of that name
 */
export function redactedScrapeConfig(text: string, jobName: string): string | undefined {
  const document = read(text);
  const root = document.contents;
  const jobs = isMap(root) ? resolveAlias(document, root.get('scrape_configs', true)) : undefined;
  if (!isSeq(jobs)) return undefined;
  hide(document, root, configFile, '');
  const job = jobs.items
    .map((item) => resolveAlias(document, item))
    .find((item) => isMap(item) && item.get('job_name') === jobName);
  if (!job) return undefined;
  const targets = aliasTargets(document);
  document.contents = job;
  writeOutAliases(document, targets);
  return print(document);
}

function read(text: string): Document {
  const [document] = parseAllDocuments(text, {
    schema: 'core',
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const isWhole = document?.errors.length === 0 && [...aliasTargets(document).values()].every(Boolean);
  return isWhole ? document : new Document();
}

function aliasTargets(document: Document): Map<Alias, Node | undefined> {
  const targets = new Map<Alias, Node | undefined>();
  visit(document, { Alias: (_, alias) => void targets.set(alias, alias.resolve(document)) });
  return targets;
}

const MAX_COPIES = 10_000;

/** Puts a copy in the place of each alias whose anchor has been taken out. */
function writeOutAliases(document: Document, targets: ReadonlyMap<Alias, Node | undefined>): void {
  const left = new Set<string>();
  visit(document, { Node: (_, node) => void (!isAlias(node) && node.anchor && left.add(node.anchor)) });
  const byAnchor = new Map([...targets].map(([alias, target]) => [alias.source, target]));
  let copies = 0;
  visit(document, {
    Alias: (_, alias) => {
      if (left.has(alias.source)) return undefined;
      const target = targets.get(alias) ?? byAnchor.get(alias.source);
      if (!target || copies++ > MAX_COPIES) return visit.REMOVE;
      const copy = target.clone() as Scalar;
      delete copy.anchor;
      return copy;
    },
  });
}

function print(document: Document): string {
  return document.contents === null ? '' : document.toString({ lineWidth: 0 });
}

function hide(document: Document, node: unknown, outer: z.core.$ZodType, key: string): void {
  const target = resolveAlias(document, node);
  const { schema, meta } = unwrap(outer);
  const { def } = schema._zod;
  if (isMap(target)) {
    const shape = shapeOf(schema);
    for (const pair of target.items) {
      const name = isScalar(pair.key) ? String(pair.key.value ?? '') : '';
      const inner = shape
        ? Object.hasOwn(shape, name) && shape[name]
        : def.type === 'record'
          ? def.valueType
          : undefined;
      if (name === '<<') hide(document, pair.value, outer, key);
      else hide(document, pair.value, inner || UNKNOWN, name);
    }
  } else if (isSeq(target)) {
    for (const item of target.items) hide(document, item, def.type === 'array' ? def.element : UNKNOWN, key);
  } else if (isScalar(target) && target.value !== '' && target.value !== null) {
    const isSecret = meta.secret || (def.type === 'unknown' && SECRET_KEY.test(key));
    if (isSecret) {
      target.value = meta.hostShown ? hostOnly(String(target.value)) : SECRET;
      target.type = 'PLAIN';
    } else if (typeof target.value === 'string') target.value = withoutPassword(target.value);
  }
}

const UNKNOWN = z.unknown();

/** Hides the password of an address such as `http://user:password@proxy`. */
function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^\s/:@]*):[^\s/@]+@/g, '$1:xxxxx@');
}

/** An address of the same host and nothing else of it; a made-up one when it is none, as a template is not. */
function hostOnly(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isAddress = url !== undefined && /^https?:$/.test(url.protocol) && !/[{}%]/.test(url.host);
  return isAddress ? `${url.origin}/${SECRET}` : `http://hidden.invalid/${SECRET}`;
}

function resolveAlias(document: Document, node: unknown): Node | undefined {
  return isAlias(node) ? (node.resolve(document) as Node | undefined) : (node as Node | undefined);
}

function keepKeys(map: { items: { key: unknown }[] }, keys: ReadonlySet<string>): void {
  map.items = map.items.filter(({ key }) => isScalar(key) && keys.has(String(key.value)));
}
