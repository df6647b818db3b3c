import http from 'node:http';
import { listening } from './listening.ts';

/** When an alert was told, Unix ms. */
export interface Told {
  readonly firing: number[];
  readonly resolved: number[];
}

export interface Receiver {
  address: string;
  mode: 'works' | 'hangs' | 'fails';
  /** By the alert's label n. */
  readonly told: Map<string, Told>;
  /** Requests that were failed or let hang. */
  refused: number;
  close(): void;
}

/** Counts what it took, by alert; what it failed or let hang was not taken. */
export async function webhookReceiver(): Promise<Receiver> {
  const receiver: Receiver = { address: '', mode: 'works', told: new Map(), refused: 0, close() {} };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (receiver.mode !== 'works') {
      receiver.refused++;
      if (receiver.mode === 'fails') response.writeHead(503).end();
      return;
    }
    type Body = { alerts: { status: 'firing' | 'resolved'; labels: { n: string } }[] };
    for (const { status, labels } of (JSON.parse(Buffer.concat(chunks).toString()) as Body).alerts) {
      const told = receiver.told.get(labels.n) ?? { firing: [], resolved: [] };
      told[status].push(Date.now());
      receiver.told.set(labels.n, told);
    }
    response.end();
  });
  return Object.assign(receiver, await listening(server));
}
