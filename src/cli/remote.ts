import fs from 'node:fs';
import { type FlagSpec, type ParsedArgs, UsageError } from './args.ts';
import { durationOf } from './flag-times.ts';
import { type CliIo, fetchProblem } from './io.ts';

export const DEFAULT_URL = 'http://127.0.0.1:9797';
const DEFAULT_TIMEOUT = '30s';

/** Flags of every command that talks to a running monitor, in amtool's spelling too. */
export const REMOTE_FLAGS: readonly FlagSpec[] = [
  {
    names: ['url', 'alertmanager.url'],
    kind: 'value',
    placeholder: 'URL',
    help: `address of the monitor, may hold user:password@ (BELFRY_URL, else ${DEFAULT_URL})`,
  },
  {
    names: ['user'],
    kind: 'value',
    placeholder: 'NAME:PASSWORD',
    help: 'basic authentication; better from BELFRY_USER, which others do not see',
  },
  {
    names: ['token-file'],
    kind: 'value',
    placeholder: 'FILE',
    help: 'file with an API token (also the token itself in BELFRY_TOKEN)',
  },
  {
    names: ['timeout'],
    kind: 'value',
    placeholder: 'DURATION',
    help: `longest time to wait for an answer (${DEFAULT_TIMEOUT})`,
  },
  {
    names: ['header'],
    kind: 'repeated',
    placeholder: 'NAME=VALUE',
    help: 'header to send along, such as a proxy in between wants it; may be repeated',
  },
];

/** A command that cannot do what was asked; exit code 1. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

/** The API of a running monitor. All throw CommandError with its own words when it says no or nothing. */
export interface Remote {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  delete(path: string): Promise<void>;
  /** Sends bytes with headers of their own. */
  send(path: string, body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>): Promise<void>;
  /** The answer as text. */
  text(path: string): Promise<string>;
  /** Sends a body as it comes; the answer whatever its status. */
  upload(path: string, body: ReadableStream<Uint8Array>): Promise<{ status: number; body: unknown }>;
  /** The answer's body as it comes. */
  stream(path: string): Promise<ReadableStream<Uint8Array>>;
}

/** Who a command says it is, and to whom: flags before the address before the environment. */
export function destinationOf(
  args: ParsedArgs,
  env: CliIo['env'],
): { readonly url: string; readonly authorization?: string } {
  const text = args.values.get('url') ?? env.BELFRY_URL ?? DEFAULT_URL;
  if (!URL.canParse(text)) throw new UsageError(`--url: expected an address, got ${JSON.stringify(text)}`);
  const base = new URL(text);
  const inUrl = [base.username, base.password].map(decodeURIComponent).join(':');
  base.username = '';
  base.password = '';
  const url = base.href.replace(/\/+$/, '');
  const file = args.values.get('token-file');
  if (file !== undefined) return { url, authorization: `Bearer ${readToken(file)}` };
  const user = args.values.get('user') ?? (inUrl === ':' ? undefined : inUrl);
  if (user !== undefined) return { url, authorization: basic(user) };
  if (env.BELFRY_TOKEN) return { url, authorization: `Bearer ${env.BELFRY_TOKEN}` };
  return env.BELFRY_USER ? { url, authorization: basic(env.BELFRY_USER) } : { url };
}

/** `NAME=VALUE` or `NAME:VALUE`. @throws UsageError */
function headersOf(given: readonly string[]): Record<string, string> {
  const headers = new Headers();
  for (const text of given) {
    const [, name, value] = /^([^:=]+)[:=] *(.*)$/s.exec(text) ?? [];
    try {
      headers.set(name ?? '', value ?? '');
    } catch {
      throw new UsageError(`--header: expected NAME=VALUE, got ${JSON.stringify(text)}`);
    }
  }
  return Object.fromEntries(headers);
}

const basic = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;

function readToken(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--token-file: ${code === 'ENOENT' ? `${file}: no such file` : message}`);
  }
}

/**
 * @param env of the process: BELFRY_URL, BELFRY_TOKEN, BELFRY_USER
 * @param defaultTimeout for commands whose answer may take its time
 */
export function remoteOf(args: ParsedArgs, env: CliIo['env'], defaultTimeout = DEFAULT_TIMEOUT): Remote {
  const { url: prefix, authorization } = destinationOf(args, env);
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    ...(authorization !== undefined && { Authorization: authorization }),
    ...headersOf(args.lists.get('header') ?? []),
  };
  const timeoutMs = durationOf('timeout', args.values.get('timeout') ?? defaultTimeout);

  async function send(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(prefix + path, {
        ...init,
        headers: { ...headers, ...(init.headers as Record<string, string>) },
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new CommandError(`${prefix}: ${fetchProblem(error)}`);
    }
  }

  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    ask(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });

  async function ask(path: string, init: RequestInit): Promise<Response> {
    const response = await send(path, init);
    if (response.ok) return response;
    throw new CommandError(`${prefix}${path}: ${response.status} ${saidIn(await response.text())}`);
  }

  return {
    get: async <T>(path: string) => (await (await call('GET', path)).json()) as T,
    post: async <T>(path: string, body?: unknown) => {
      const answer = await (await call('POST', path, body)).text();
      return (answer === '' ? undefined : JSON.parse(answer)) as T;
    },
    delete: async (path) => void (await call('DELETE', path)),
    send: async (path, body, own) => void (await ask(path, { method: 'POST', body, headers: own })),
    text: async (path) => (await call('GET', path)).text(),
    async upload(path, body) {
      const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
      const response = await send(path, init);
      const text = await response.text();
      const { status } = response;
      if (text.startsWith('{')) return { status, body: JSON.parse(text) };
      return { status, body: { error: `${prefix}${path}: ${status} ${saidIn(text)}` } };
    },
    stream: async (path) => (await call('GET', path)).body ?? new ReadableStream(),
  };
}

/** The words in an error, which comes as a JSON string, as an object or as plain text; a page is nobody's answer to a program. */
function saidIn(body: string): string {
  try {
    const said: unknown = JSON.parse(body);
    if (typeof said === 'string') return said;
    const { message, error } = said as { message?: string; error?: string };
    return message ?? error ?? body;
  } catch {
    const isPage = /^\s*<(!doctype|html)\b/i.test(body);
    return isPage ? 'with a web page: no Belfry answers there' : body.trim();
  }
}
