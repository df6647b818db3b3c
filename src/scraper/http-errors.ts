/** How Go says what Node knows by a code; people look for these words. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
  EACCES: 'connect: permission denied',
  ENOENT: 'connect: no such file or directory',
};
const UNKNOWN_AUTHORITY = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
const OTHER_WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: 'read: connection reset by peer',
  EPIPE: 'write: broken pipe',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
};

interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly errors?: readonly SystemError[];
}

/** The failure of a request in upstream's words, `Get "http://host/metrics": dial tcp 10.0.0.1:80: connect: connection refused`. */
export function requestError(url: string, error: Error): Error {
  // A name with several addresses fails once for each.
  const known: SystemError = (error as SystemError).errors?.at(-1) ?? error;
  const words = wordsOf(known);
  return words === undefined ? error : new Error(`Get "${withoutPassword(url)}": ${words}`, { cause: error });
}

function wordsOf({ code = '', address, port, hostname, message }: SystemError): string | undefined {
  if (Object.hasOwn(WORDS, code)) {
    const place = port === undefined ? `unix ${address ?? ''}` : `tcp ${addressOf(address ?? '', port)}`;
    return `dial ${place}: ${WORDS[code]}`;
  }
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: server misbehaving`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${message}`;
  if (code.startsWith('HPE_')) return `malformed HTTP response: ${message.replace(/^Parse Error: /, '')}`;
  if (Object.hasOwn(OTHER_WORDS, code)) {
    return message === 'socket hang up' ? 'EOF' : OTHER_WORDS[code];
  }
  return message === 'socket hang up' ? 'EOF' : undefined;
}

const addressOf = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

function withoutPassword(text: string): string {
  const url = URL.parse(text);
  if (!url || url.password === '') return text;
  url.password = 'xxxxx';
  return url.href;
}
