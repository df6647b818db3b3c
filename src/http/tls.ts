import fs from 'node:fs';
import type { Server } from 'node:https';
import type { DetailedPeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../clock.ts';
import { CIPHER_SUITES, CURVES, type TlsServerConfig } from '../config/web.ts';
import type { Log } from '../model/log.ts';

export interface TlsSettings {
  readonly context: SecureContextOptions;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  /** Why a client that shook hands is to be cut off; undefined lets it in. */
  readonly refusal: (socket: TLSSocket) => string | undefined;
}

const TLS_VERSIONS = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

/** Node's settings for a `tls_server_config`. @throws Error naming the file that cannot be read */
export function tlsSettings(config: TlsServerConfig): TlsSettings {
  const wanted = config.client_auth_type;
  return {
    context: contextOf(config),
    requestCert: wanted !== 'NoClientCert',
    rejectUnauthorized: wanted === 'RequireAndVerifyClientCert',
    refusal(socket) {
      if (wanted === 'NoClientCert' || wanted === 'RequestClientCert') return undefined;
      const certificate = socket.getPeerCertificate(true);
      const isGiven = Object.keys(certificate).length > 0;
      if (!isGiven) return wanted === 'VerifyClientCertIfGiven' ? undefined : 'no client certificate';
      if (wanted !== 'RequireAnyClientCert' && !socket.authorized)
        return `the client certificate cannot be trusted: ${String(socket.authorizationError)}`;
      if (config.client_allowed_sans.length === 0) return undefined;
      const names = namesOf(certificate);
      return config.client_allowed_sans.some((san) => names.includes(san))
        ? undefined
        : `the client certificate carries none of client_allowed_sans, but ${names.join(', ') || 'no name'}`;
    },
  };
}

function contextOf(config: TlsServerConfig): SecureContextOptions {
  const pem = (text: string | undefined, file: string | undefined): string | Buffer | undefined =>
    text ?? (file === undefined ? undefined : fs.readFileSync(file));
  return {
    cert: pem(config.cert, config.cert_file),
    key: pem(config.key, config.key_file),
    ca: pem(config.client_ca, config.client_ca_file),
    minVersion: TLS_VERSIONS[config.min_version],
    maxVersion: TLS_VERSIONS[config.max_version],
    honorCipherOrder: true,
    ...(config.cipher_suites.length > 0 && {
      // The three of TLS 1.3 cannot be chosen, as in Go.
      ciphers: [...TLS13_SUITES, ...config.cipher_suites.map((name) => CIPHER_SUITES[name]!)].join(':'),
    }),
    ...(config.curve_preferences.length > 0 && {
      ecdhCurve: config.curve_preferences.map((name) => CURVES[name]!).join(':'),
    }),
  };
}

const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** DNS names, addresses, mail addresses and URIs of a certificate, without their kind. */
function namesOf({ subjectaltname = '' }: DetailedPeerCertificate): string[] {
  return subjectaltname
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^(DNS|IP Address|email|URI):/, ''));
}

/** How often the files are looked at; upstream reads them at each handshake. */
const LOOK_EVERY_MS = 5000;

/**
 * Takes up new certificates as their files change, without a restart and without cutting a connection.
 * @param config today's; what decides who may connect (`client_auth_type`) is read at start only
 */
export function watchCertificates(
  server: Server,
  config: () => TlsServerConfig | undefined,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Timer {
  let seen = stampOf(config());
  let timer: Timer;
  const look = (): void => {
    timer = clock.after(LOOK_EVERY_MS, look);
    const today = config();
    const stamp = stampOf(today);
    if (!today || stamp === seen) return;
    seen = stamp;
    try {
      server.setSecureContext(contextOf(today));
      log.info({ cert: today.cert_file ?? 'inline' }, 'certificates read again');
    } catch (error) {
      log.error({ problem: (error as Error).message }, 'new certificates cannot be used; the old ones go on');
    }
  };
  timer = clock.after(LOOK_EVERY_MS, look);
  return { cancel: () => timer.cancel() };
}

/** Changes when any of the files, or the settings themselves, do. */
function stampOf(config: TlsServerConfig | undefined): string {
  const files = [config?.cert_file, config?.key_file, config?.client_ca_file].map((file) => {
    const stat = file === undefined ? undefined : fs.statSync(file, { throwIfNoEntry: false });
    return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : '';
  });
  return JSON.stringify([config, files]);
}
