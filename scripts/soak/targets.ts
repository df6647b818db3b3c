import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { listening } from './listening.ts';

export const TARGETS = 8;
export const SERIES = 40;
const FLIP_MS = 30_000;

export interface CountingTarget {
  readonly address: string;
  /** When each page was served, Unix ms; its place is its number. */
  readonly served: number[];
  /** Alerts that were shown, and to how many scrapes. */
  readonly flips: Map<string, number>;
  /** Shows no more alerts. */
  quiet: boolean;
  close(): void;
}

/** Serves pages whose values tell which page they are of, and an alert for a while, now and then another. */
export async function countingTarget(
  index: number,
  startedAt: number,
  isHeard: () => boolean,
): Promise<CountingTarget> {
  const target = {
    address: '',
    served: [] as number[],
    flips: new Map<string, number>(),
    quiet: false,
    close() {},
  };
  const server = http.createServer((_, response) => {
    const seq = target.served.push(Date.now()) - 1;
    const lines = Array.from({ length: SERIES }, (_unused, j) => `soak_value{j="${j}"} ${seq * 1000 + j}`);
    const turn = Math.floor((Date.now() - startedAt) / FLIP_MS);
    if (!target.quiet && turn % TARGETS === index) {
      const n = String(turn);
      // While the receiver takes nothing, an alert may come and go unheard.
      target.flips.set(n, (target.flips.get(n) ?? 0) + (isHeard() ? 1 : 0));
      lines.push(`soak_flip{n="${n}"} 1`);
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${lines.join('\n')}\n`);
  });
  return Object.assign(target, await listening(server));
}

/** Series of the target that only makes work: all of them change with each scrape. */
const LOAD_SERIES = 2000;

/** Five targets that mean no good, and one that is large, in a process of their own, and the list of them. */
export function serveHostile(): void {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const noise = Buffer.alloc(64 * 1024, 'noise 1\n');
  let made = 0;
  const server = http.createServer((request, response) => {
    const text = { 'content-type': 'text/plain; version=0.0.4' };
    switch (request.url) {
      case '/targets':
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify(
            ['endless', 'bomb', 'silent', 'garbage', 'churn'].map((kind) => ({
              targets: [request.headers.host],
              labels: { __metrics_path__: `/${kind}`, kind },
            })),
          ),
        );
        return;
      case '/endless': {
        response.writeHead(200, text);
        const more = (): void => {
          while (!response.destroyed && response.write(noise));
        };
        response.on('drain', more);
        more();
        return;
      }
      case '/bomb':
        response.writeHead(200, { ...text, 'content-encoding': 'gzip' }).end(bomb);
        return;
      case '/silent':
        return;
      case '/load':
        made++;
        response
          .writeHead(200, text)
          .end(Array.from({ length: LOAD_SERIES }, (_, i) => `load{id="${i}"} ${made + i / 7}\n`).join(''));
        return;
      case '/churn':
        response
          .writeHead(200, text)
          .end(Array.from({ length: 500 }, () => `churning{id="${made++}"} 1\n`).join(''));
        return;
      default:
        response.writeHead(200, text).end('this is { no page\n');
    }
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
}
