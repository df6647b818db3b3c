import { createSign, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { HttpClientConfig } from '../config/http-client.ts';
import { secretOf } from './auth.ts';

type Oauth2 = NonNullable<HttpClientConfig['oauth2']>;

/** A form to be posted to the token server, and its answer. */
export interface TokenForm {
  readonly url: string;
  readonly form: URLSearchParams;
  /** Empty when the form says who asks. */
  readonly authorization: string;
}
export type PostForm = (
  request: TokenForm,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly text: string }>;

export interface TokenSource {
  /** The value of the Authorization header. @throws Error when the token server gives none */
  authorization(signal: AbortSignal): Promise<string>;
  /** The token was refused: the next request gets a new one. */
  forget(): void;
}

interface Token {
  readonly secret: string;
  readonly value: string;
  /** Unix ms. */
  readonly until: number;
}

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** A token this close to its end is not used any more. */
const EXPIRY_MARGIN_MS = 10_000;
const ASSERTION_LIFE_MS = 600_000;
const TOKEN_TIMEOUT_MS = 30_000;

/** Gets tokens as an `oauth2` section says and keeps each until it expires; requests that need one at the same time share it. */
export function createTokenSource(
  oauth2: Oauth2,
  deps: { readonly clock: Clock; readonly post: PostForm },
): TokenSource {
  const { clock, post } = deps;
  let token: Token | undefined;
  let fetching: { readonly secret: string; readonly token: Promise<Token> } | undefined;
  /** Which of the two ways to name the client the server takes; both until it is known. */
  let ways: readonly ClientNaming[] = ['header', 'form'];

  const fetchToken = async (secret: string): Promise<Token> => {
    const cut = new AbortController();
    const late = new Error(`oauth2: the token server gave no answer within ${TOKEN_TIMEOUT_MS} ms`);
    const deadline = clock.after(TOKEN_TIMEOUT_MS, () => cut.abort(late));
    try {
      let refusal = new Error('oauth2: no token');
      const tries = oauth2.grant_type === JWT_GRANT ? (['form'] as const) : ways;
      for (const way of tries) {
        const answer = await post(tokenForm(oauth2, secret, way, clock.now()), cut.signal);
        if (answer.status >= 200 && answer.status < 300) {
          ways = [way];
          return readToken(answer.text, secret, clock.now());
        }
        refusal = new Error(`oauth2: the token server answered with status ${answer.status}`);
      }
      throw refusal;
    } finally {
      deadline.cancel();
    }
  };

  return {
    async authorization(signal) {
      const secret =
        oauth2.grant_type === JWT_GRANT
          ? await secretOf(oauth2.client_certificate_key, oauth2.client_certificate_key_file)
          : await secretOf(oauth2.client_secret, oauth2.client_secret_file);
      const asked = secret ?? '';
      if (token?.secret === asked && token.until > clock.now()) return token.value;
      if (fetching?.secret !== asked) {
        const started = { secret: asked, token: fetchToken(asked) };
        fetching = started;
        const done = (): void => {
          if (fetching === started) fetching = undefined;
        };
        started.token.then(done, done);
      }
      token = await Promise.race([fetching!.token, rejectOn(signal)]);
      return token.value;
    },
    forget() {
      token = undefined;
    },
  };
}

export type ClientNaming = 'header' | 'form';

/** The request for a token (RFC 6749, section 4.4, or a signed assertion after RFC 7523, section 2.1). @throws Error */
function tokenForm(oauth2: Oauth2, secret: string, naming: ClientNaming, now: number): TokenForm {
  const { client_id: client = '', token_url: url = '', scopes, endpoint_params } = oauth2;
  const grant = oauth2.grant_type || 'client_credentials';
  const form = new URLSearchParams({ grant_type: grant });
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  let authorization = '';
  if (grant === JWT_GRANT) form.set('assertion', signedAssertion(oauth2, secret, now));
  else if (naming === 'form') {
    form.set('client_id', client);
    if (secret !== '') form.set('client_secret', secret);
  } else {
    const user = [client, secret]
      .map((part) => new URLSearchParams([['', part]]).toString().slice(1))
      .join(':');
    authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  for (const [name, value] of Object.entries(endpoint_params)) form.set(name, value);
  return { url, form, authorization };
}

function signedAssertion(oauth2: Oauth2, key: string, now: number): string {
  const { client_id: client = '', signature_algorithm: algorithm = 'RS256', scopes } = oauth2;
  const seconds = Math.floor(now / 1000);
  const header = {
    alg: algorithm,
    typ: 'JWT',
    ...(oauth2.client_certificate_key_id ? { kid: oauth2.client_certificate_key_id } : {}),
  };
  const claims = {
    iss: oauth2.iss || client,
    sub: client,
    jti: randomUUID(),
    aud: oauth2.audience || oauth2.token_url,
    iat: seconds,
    exp: seconds + ASSERTION_LIFE_MS / 1000,
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...oauth2.claims,
  };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  try {
    const signature = createSign(algorithm.replace('RS', 'RSA-SHA')).update(text).sign(key, 'base64url');
    return `${text}.${signature}`;
  } catch (error) {
    throw new Error(`oauth2: client_certificate_key cannot sign: ${(error as Error).message}`);
  }
}

function readToken(text: string, secret: string, now: number): Token {
  let said: { access_token?: unknown; token_type?: unknown; expires_in?: unknown };
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    throw new Error('oauth2: expected JSON from the token server');
  }
  if (typeof said.access_token !== 'string' || said.access_token === '') {
    throw new Error('oauth2: the token server sent no access_token');
  }
  const type = typeof said.token_type === 'string' ? said.token_type : '';
  const lifeMs = Number(said.expires_in ?? 0) * 1000;
  const until = lifeMs > 0 ? now + lifeMs - EXPIRY_MARGIN_MS : Number.POSITIVE_INFINITY;
  return { secret, value: `${tokenWord(type)} ${said.access_token}`, until };
}

/** The first word of the header; servers spell `bearer` as they like. */
function tokenWord(type: string): string {
  return type === '' || type.toLowerCase() === 'bearer' ? 'Bearer' : type;
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
