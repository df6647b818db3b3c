import fs from 'node:fs';
import type { AccessSettings, AccessUser } from '../access/access.ts';
import { PASSWORD_HASH, type WebConfig, type WebUser } from '../config/web.ts';
import { compilePattern } from '../model/pattern.ts';
import type { GuardSettings } from './guard.ts';

/**
 * Users and sessions as the configuration has them. Those of `basic_auth_users` are admins, as upstream's can do everything.
 * @throws Error naming a file without a usable hash
 */
export function accessSettings(web: WebConfig): AccessSettings {
  const users = new Map<string, AccessUser>();
  for (const [name, hash] of Object.entries(web.basic_auth_users)) users.set(name, { role: 'admin', hash });
  for (const [name, user] of Object.entries(web.users))
    users.set(name, { role: user.role, hash: hashOf(name, user) });
  return { users, sessions: { idleMs: web.session_idle_timeout, maxAgeMs: web.session_max_age } };
}

function hashOf(name: string, { password_hash, password_hash_file: file }: WebUser): string {
  if (password_hash !== undefined) return password_hash;
  const hash = fs.readFileSync(file!, 'utf8').trim();
  if (!PASSWORD_HASH.test(hash))
    throw new Error(
      `web.users.${name}.password_hash_file: ${file}: expected a hash of scrypt or bcrypt, as \`belfry hash-password\` prints it`,
    );
  return hash;
}

/** What the guard goes by. @param origins of `--web.cors.origin`, in place of the configuration's */
export function guardSettings(
  web: WebConfig,
  users: number,
  {
    externalUrl,
    hosts,
    prefix,
    origins,
  }: { externalUrl: string; hosts: string[]; prefix: string; origins?: string },
): GuardSettings {
  const pattern = origins ?? web.cors_origin;
  return {
    isLoginNeeded: users > 0,
    hosts: [new URL(externalUrl).host, ...hosts],
    externalOrigin: new URL(externalUrl).origin,
    prefix,
    isCorsOrigin: pattern === undefined ? () => false : compilePattern(pattern).matches,
    headers: web.http_server_config.headers,
  };
}
