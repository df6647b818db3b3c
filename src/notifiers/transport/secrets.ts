import { readFile } from 'node:fs/promises';

/**
 * Fills in what a section names by file: `token` from `token_file`, trimmed. Read at each use, so that a file may be replaced
 * while we run. `http_config` and the like are sections of their own.
 * @throws Error naming the key and the file
 */
export async function withFileSecrets<T extends object>(section: T): Promise<T> {
  const filled: Record<string, unknown> = {};
  for (const [key, file] of Object.entries(section)) {
    if (!key.endsWith('_file') || typeof file !== 'string' || file === '') continue;
    const name = key.slice(0, -'_file'.length);
    if (Reflect.get(section, name)) continue;
    filled[name] = await readSecretFile(key, file);
  }
  return { ...section, ...filled };
}

export async function readSecretFile(key: string, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Error(`${key}: could not read ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

const SECRET_KEY = /(?:password|secret|token|token_id|key|credentials|url|secrets)$/;
/** Shorter values would black out ordinary words. */
const SHORTEST = 6;

/** Collects the secrets of a section, so that none of them is shown when a receiver or an error repeats it. */
export function secretsOf(section: unknown, isSecret = false, found: string[] = []): readonly string[] {
  if (typeof section === 'string') {
    if (isSecret && section.length >= SHORTEST) found.push(section, ...secretPartsOfUrl(section));
  } else if (Array.isArray(section)) {
    for (const one of section) secretsOf(one, isSecret, found);
  } else if (section !== null && typeof section === 'object') {
    for (const [key, value] of Object.entries(section)) secretsOf(value, SECRET_KEY.test(key), found);
  }
  return found;
}

export function redact(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets) shown = shown.replaceAll(secret, '<secret>');
  return shown;
}

/** The path and what follows it: that is where webhooks keep their keys; the host may be shown. */
function secretPartsOfUrl(text: string): readonly string[] {
  if (!URL.canParse(text)) return [];
  const url = new URL(text);
  const path = url.pathname + url.search;
  return [path, url.password, decodeURIComponent(url.password)].filter((part) => part.length >= SHORTEST);
}
