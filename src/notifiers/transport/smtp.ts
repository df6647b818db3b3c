import { isIP } from 'node:net';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { EmailConfig } from '../../config/receivers/email.ts';
import { tlsOptions } from '../../net/agents.ts';
import type { Attempt } from '../delivery.ts';
import type { Mail } from '../kinds/mime.ts';

/** Hands a mail to the server of its config. Secrets named by file are filled in already. */
export type MailTransport = (mail: Mail, config: EmailConfig, signal: AbortSignal) => Promise<Attempt>;

/** Servers that may be told a password in the clear, as Go has it. */
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '::1']);

/** Longest silence of a server, ms; the flush's own limit is usually shorter. */
const SOCKET_TIMEOUT_MS = 120_000;

/**
 * One connection per mail. TLS from the first byte on port 465 or when forced, else STARTTLS when required. Every refusal of the
 * server is worth another try; when it takes the mail for some recipients only, the next try goes to the others.
 */
export function createMailTransport(): MailTransport {
  const remaining = new WeakMap<Mail, readonly string[]>();
  return async (mail, config, signal) => {
    const { host, port } = splitHostPort(config.smarthost);
    const secure = config.force_implicit_tls ?? port === 465;
    let tls: Awaited<ReturnType<typeof tlsOptions>>;
    try {
      tls = await tlsOptions(config.tls_config, true);
    } catch (error) {
      return { kind: 'rejected', reason: 'other', message: `parse TLS configuration: ${messageOf(error)}` };
    }
    const servername = config.tls_config.server_name || (isIP(host) === 0 ? host : undefined);
    // It loads Node's TLS, which takes memory that a site without mail has no use for.
    const { default: Connection } = await import('nodemailer/lib/smtp-connection');
    const connection = new Connection({
      host,
      port,
      secure,
      name: config.hello || 'localhost',
      ignoreTLS: !config.require_tls,
      requireTLS: config.require_tls && !secure,
      socketTimeout: SOCKET_TIMEOUT_MS,
      tls: { ...tls, ...(servername ? { servername } : {}) },
      customAuth: { PLAIN: plainWithIdentity(config.auth_identity ?? '') },
    });
    try {
      await step(connection, signal, (done) => connection.connect(done));
      const login = chooseLogin(String(connection.lastServerResponse), config);
      if (login?.method === 'PLAIN' && !connection.secure && !LOCAL_HOSTS.has(host))
        throw new Error('PLAIN auth: unencrypted connection');
      if (login) await step(connection, signal, (done) => connection.login(login, done));
      const to = remaining.get(mail) ?? mail.to;
      const info = await step<{ accepted: string[]; rejected: string[]; response: string }>(
        connection,
        signal,
        (done) => connection.send({ from: mail.from, to: [...to] }, mail.source, done as never),
      );
      connection.quit();
      if (info.rejected.length === 0) return { kind: 'delivered', answer: info.response };
      remaining.set(mail, info.rejected);
      const message = `the server refused ${info.rejected.join(', ')}`;
      return { kind: 'retry', reason: 'other', message };
    } catch (error) {
      connection.close();
      return { kind: 'retry', reason: 'other', message: messageOf(error) };
    }
  };
}

/** Runs one step of the conversation; a server that drops the connection or an abort ends it. */
function step<T = unknown>(
  connection: SMTPConnection,
  signal: AbortSignal,
  run: (done: (error?: Error | null, result?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      finish(new Error('the time for sending is over'));
      connection.close();
    };
    const lost = (): void => finish(new Error('the server closed the connection'));
    const finish = (error?: Error | null, result?: T): void => {
      signal.removeEventListener('abort', abort);
      connection.off('error', finish);
      connection.off('end', lost);
      connection.on('error', ignore);
      if (error) reject(error);
      else resolve(result as T);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    connection.on('error', finish);
    connection.on('end', lost);
    run(finish);
  });
}

const ignore = (): void => undefined;

type Login = { user: string; pass: string; method: string };

/** The first mechanism, in the server's order, that there is a secret for. No user means no login. @throws Error when none fits */
function chooseLogin(greeting: string, config: EmailConfig): Login | undefined {
  const user = config.auth_username;
  const offered = /^250[ -]AUTH[ =](.*)$/im.exec(greeting)?.[1]?.trim().toUpperCase().split(/\s+/);
  if (!user || !offered) return undefined;
  const secrets: Readonly<Record<string, string | undefined>> = {
    'CRAM-MD5': config.auth_secret,
    PLAIN: config.auth_password,
    LOGIN: config.auth_password,
  };
  for (const method of offered) {
    const pass = secrets[method];
    if (pass) return { user, pass, method };
  }
  throw new Error(`find auth mechanism: the server offers ${offered.join(', ')}, and no secret fits`);
}

/** PLAIN with an identity to act as, which the library leaves out. */
function plainWithIdentity(identity: string) {
  return async (context: {
    auth: { credentials: { user: string; pass: string } };
    sendCommand(command: string): Promise<{ status: number; text: string }>;
  }): Promise<void> => {
    const { user, pass } = context.auth.credentials;
    const token = Buffer.from(`${identity}\0${user}\0${pass}`).toString('base64');
    const answer = await context.sendCommand(`AUTH PLAIN ${token}`);
    if (answer.status < 200 || answer.status >= 300) {
      throw new Error(`the server refused the login: ${answer.status} ${answer.text}`);
    }
  };
}

function splitHostPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const port = text.slice(colon + 1);
  return {
    host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: port === 'smtp' ? 25 : Number(port),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
