import { readFile } from 'node:fs/promises';
import type { HttpClientConfig } from '../config/http-client.ts';

/** Reads a secret that may stand in a file; read each time, so that a changed file counts at once. */
export async function secretOf(
  value: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (value !== undefined) return value;
  if (file === undefined) return undefined;
  return (await readFile(file, 'utf8')).trim();
}

/** Whether `secretHeaders` gives any. */
export function hasSecretHeaders({ http_headers, basic_auth, authorization }: HttpClientConfig): boolean {
  return http_headers !== undefined || basic_auth !== undefined || authorization !== undefined;
}

/**
 * Request headers that carry what only the configured host may see: credentials and the configured extra headers.
 * @throws Error when a named file cannot be read
 */
export async function secretHeaders(config: HttpClientConfig): Promise<Record<string, string | string[]>> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, header] of Object.entries(config.http_headers ?? {})) {
    const fromFiles = await Promise.all(header.files.map((file) => secretOf(undefined, file)));
    const values = [...header.values, ...header.secrets, ...fromFiles.filter((value) => value !== undefined)];
    if (values.length > 0) headers[name.toLowerCase()] = values.length === 1 ? values[0]! : values;
  }
  const { basic_auth: basic, authorization } = config;
  if (basic) {
    const user = (await secretOf(basic.username, basic.username_file)) ?? '';
    const password = (await secretOf(basic.password, basic.password_file)) ?? '';
    headers.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  } else if (authorization) {
    const credentials = await secretOf(authorization.credentials, authorization.credentials_file);
    headers.authorization = `${authorization.type} ${credentials ?? ''}`.trim();
  }
  return headers;
}
