import { Document, isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments } from 'yaml';
import { z } from 'zod';
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
  keepKeys(root, ALERTMANAGER_KEYS);
  const global = resolveAlias(document, root.get('global', true));
  if (isMap(global)) keepKeys(global, new Set(Object.keys(alertmanagerGlobal)));
  hide(document, root, configFile, '');
  return root.has('route') ? print(document) : NOBODY;
}

/** Scalars stay as written, whatever they look like. */
function read(text: string): Document {
  const [document] = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  return document && document.errors.length === 0 ? document : new Document();
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
      const inner = shape ? shape[name] : def.type === 'record' ? def.valueType : undefined;
      if (name === '<<') hide(document, pair.value, outer, key);
      else hide(document, pair.value, inner ?? UNKNOWN, name);
    }
  } else if (isSeq(target)) {
    for (const item of target.items) hide(document, item, def.type === 'array' ? def.element : UNKNOWN, key);
  } else if (isScalar(target) && target.value !== '' && target.value !== null) {
    const isSecret = meta.secret || (def.type === 'unknown' && SECRET_KEY.test(key));
    if (isSecret) {
      target.value = SECRET;
      target.type = 'PLAIN';
    } else target.value = withoutPassword(String(target.value));
  }
}

const UNKNOWN = z.unknown();

/** Hides the password of an address such as `http://user:password@proxy`. */
function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^\s/:@]*):[^\s/@]+@/g, '$1:xxxxx@');
}

function resolveAlias(document: Document, node: unknown): Node | undefined {
  return isAlias(node) ? (node.resolve(document) as Node | undefined) : (node as Node | undefined);
}

function keepKeys(map: { items: { key: unknown }[] }, keys: ReadonlySet<string>): void {
  map.items = map.items.filter(({ key }) => isScalar(key) && keys.has(String(key.value)));
}
