import { isMap } from 'yaml';
import type { YamlFile } from './yaml.ts';

/** What a file is for, as told from its top-level keys. */
export type FileKind = 'config' | 'rules' | 'web';

const WEB_KEYS = new Set(['tls_server_config', 'http_server_config', 'basic_auth_users']);

/** `groups` alone is a rule file, web config keys alone a web config; all else, also an empty file, is a config of either kind. */
export function kindOf(yaml: YamlFile): FileKind {
  const { root } = yaml;
  const keys = isMap(root) ? yaml.entries(root).map(({ key }) => key) : [];
  if (keys.length === 1 && keys[0] === 'groups') return 'rules';
  if (keys.length > 0 && keys.every((key) => WEB_KEYS.has(key))) return 'web';
  return 'config';
}
