import { parse } from 'yaml';
import type { Path } from '../config/finding.ts';
import { redactConfig, SECRET } from '../config/redact.ts';

/** Where secrets stand in a config file as plain text; addresses of webhooks count as addresses. */
export function clearSecrets(text: string): Path[] {
  const found: Path[] = [];
  const visit = (written: unknown, shown: unknown, path: Path): void => {
    if (shown === SECRET) {
      const isVariable = typeof written === 'string' && /\$\{/.test(written);
      if (written !== SECRET && written !== '' && !isVariable && path.at(-1) !== 'url') found.push(path);
      return;
    }
    if (typeof written !== 'object' || written === null || typeof shown !== 'object' || shown === null)
      return;
    for (const [key, value] of Object.entries(written)) {
      const step = Array.isArray(written) ? Number(key) : key;
      visit(value, Reflect.get(shown, key), [...path, step]);
    }
  };
  const options = { merge: true, maxAliasCount: 100, logLevel: 'silent' } as const;
  visit(parse(text, options), parse(redactConfig(text), options), []);
  return found;
}
