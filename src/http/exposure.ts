import type { WebConfig } from '../config/web.ts';
import { isLoopback } from './listen.ts';

/** @throws Error when everybody could read and change everything from elsewhere, and nobody said so */
export function requireUsers(host: string, web: WebConfig): void {
  const users = Object.keys(web.users).length + Object.keys(web.basic_auth_users).length;
  if (isLoopback(host) || web.allow_anonymous || users > 0) return;
  throw new Error(
    `refusing to listen on ${host === '' ? 'all addresses' : host} for everybody: add web.users, or web.allow_anonymous: true if something in front asks for a login`,
  );
}
