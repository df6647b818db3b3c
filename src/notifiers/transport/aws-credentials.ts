import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { HttpClientConfig } from '../../config/http-client.ts';
import type { SnsConfig } from '../../config/receivers/sns.ts';
import type { Sigv4Config } from '../../config/sigv4.ts';
import { readSecretFile, withFileSecrets } from './secrets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const withAwsCredentials = async (config: SnsConfig, env: Environment): Promise<SnsConfig> => ({
  ...config,
  sigv4: await filledCredentials(config.sigv4, env),
  http_config: await trustingBundle(config.http_config, config.sigv4, env),
});

/**
 * Requests to AWS trust `AWS_CA_BUNDLE`, or the profile's `ca_bundle`, and what is configured beside it, in place of the system's
 * certificates: as AWS' own tools do.
 * @throws Error when a file cannot be read
 */
export async function trustingBundle(
  http: HttpClientConfig,
  { profile }: Sigv4Config,
  env: Environment,
): Promise<HttpClientConfig> {
  const bundle = env.AWS_CA_BUNDLE || (await readProfile(profileName(profile, env), env)).ca_bundle;
  if (!bundle) return http;
  const { ca_file, ...tls } = http.tls_config;
  const own = tls.ca ?? (ca_file && (await readSecretFile('ca_file', ca_file)));
  const trusted = [own, await readSecretFile('AWS_CA_BUNDLE', bundle)].filter(Boolean).join('\n');
  return { ...http, tls_config: { ...tls, ca: trusted } };
}

/**
 * Fills in who signs and for which region, in the order of AWS' own tools: what is configured, a profile that is named, the
 * environment, the default profile. Read at each use, as other secrets are.
 */
export async function filledCredentials(sigv4: Sigv4Config, env: Environment): Promise<Sigv4Config> {
  const own = await withFileSecrets(sigv4);
  const profile = await readProfile(profileName(own.profile, env), env);
  const region = own.region || env.AWS_REGION || env.AWS_DEFAULT_REGION || profile.region || '';
  if (own.access_key) return { ...own, region };
  if (env.AWS_ACCESS_KEY_ID && !own.profile) {
    const { AWS_ACCESS_KEY_ID: access_key, AWS_SECRET_ACCESS_KEY: secret_key } = env;
    return { ...own, region, access_key, secret_key, session_token: env.AWS_SESSION_TOKEN };
  }
  const access_key = profile.aws_access_key_id ?? '';
  const { aws_secret_access_key: secret_key, aws_session_token: session_token } = profile;
  return { ...own, region, access_key, secret_key, session_token };
}

const profileName = (configured: string, env: Environment): string =>
  configured || env.AWS_PROFILE || 'default';

/** Both files of AWS' tools; the one with credentials wins. */
async function readProfile(name: string, env: Environment): Promise<Record<string, string>> {
  const folder = join(env.HOME ?? homedir(), '.aws');
  const [config, credentials] = await Promise.all([
    readSections(env.AWS_CONFIG_FILE ?? join(folder, 'config')),
    readSections(env.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials')),
  ]);
  const section = name === 'default' ? name : `profile ${name}`;
  return { ...config.get(section), ...credentials.get(name) };
}

/** An INI file; empty when there is none. */
async function readSections(file: string): Promise<ReadonlyMap<string, Record<string, string>>> {
  const sections = new Map<string, Record<string, string>>();
  const text = await readFile(file, 'utf8').catch(() => '');
  let section: Record<string, string> = {};
  for (const line of text.split('\n').map((one) => one.trim())) {
    const head = /^\[\s*(.*?)\s*\]/.exec(line);
    if (head) sections.set(head[1]!, (section = sections.get(head[1]!) ?? {}));
    const pair = /^([^#;=\s]+)\s*=\s*(.*)$/.exec(line);
    if (pair) section[pair[1]!] = pair[2]!;
  }
  return sections;
}
