import http from 'node:http';
import { SMTPServer } from 'smtp-server';
import { listening } from '../soak/listening.ts';

/** Targets that are always there; two more change their series with every page, and another two come and go. */
const STEADY = 10;
const SERIES = 150;
/** Of a target whose series change: how many a page shows, and how many of them are new. Two such targets make 115,000 series a day, of which none comes again. */
const PODS = 60;
const NEW_PODS = 10;
/** Alerts that fire and resolve in turn, and how long one turn is, own ms. */
export const ALERTS = 12;
const TURN_MS = 5 * 60_000;

/** The world around the process under test. Times are its own: they run faster than real ones. */
export interface Site {
  /** Of the HTTP server that is target, discovery and receiver at once. */
  readonly address: string;
  readonly mailPort: number;
  /** What happened, by name. */
  readonly counts: Map<string, number>;
  close(): void;
}

/** @param now own time, ms */
export async function openSite(now: () => number): Promise<Site> {
  const counts = new Map<string, number>();
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
  const pages = new Map<string, number>();
  const server = http.createServer(async (request, response) => {
    const [, kind, rest] = request.url!.split('/');
    if (kind === 'target') {
      const page = (pages.get(rest!) ?? 0) + 1;
      pages.set(rest!, page);
      count('pages served');
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(rest!.startsWith('pods') ? podsPage(rest!, page) : steadyPage(Number(rest), page, now()));
      return;
    }
    if (kind === 'targets') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(groups(request.headers.host!, now())));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (kind === 'write') {
      count('requests of remote write taken');
      response.writeHead(204).end();
      return;
    }
    // For ten minutes of every hour nothing is taken.
    if (kind === 'unsteady' && now() % 3_600_000 < 600_000) {
      count('messages refused');
      response.writeHead(503).end();
      return;
    }
    const { status } = JSON.parse(Buffer.concat(chunks).toString()) as { status: string };
    count(`messages to ${kind}, ${status}`);
    response.end();
  });
  const mail = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, _session, done) {
      stream.resume().on('end', () => {
        count('mails');
        done();
      });
    },
  });
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));
  const { address, close } = await listening(server);
  return {
    address,
    mailPort: (mail.server.address() as { port: number }).port,
    counts,
    close() {
      close();
      mail.close();
    },
  };
}

/** Half of the values change with each page, as those of real exporters do; the first page also shows what alerts look at. */
function steadyPage(target: number, page: number, now: number): string {
  const lines = Array.from({ length: SERIES }, (_, i) =>
    i % 2
      ? `steady_state_${i % 10}{item="${i}"} ${i}`
      : `steady_events_total_${i % 10}{item="${i}"} ${page * (i + 1)}`,
  );
  if (target === 0) {
    const turn = Math.floor(now / TURN_MS);
    for (let n = 0; n < ALERTS; n++) lines.push(`flip{n="${n}"} ${(turn + n) % 3 === 0 ? 1 : 0}`);
  }
  return `${lines.join('\n')}\n`;
}

function podsPage(target: string, page: number): string {
  return Array.from(
    { length: PODS },
    (_, i) => `pod_cpu{pod="${target}-${page * NEW_PODS + i}"} ${page + i}\n`,
  ).join('');
}

function groups(host: string, now: number): object[] {
  const quarter = Math.floor(now / (15 * 60_000));
  const names = [...Array.from({ length: STEADY }, (_, i) => String(i)), 'pods-a', 'pods-b'];
  for (const i of [0, 1]) if ((quarter + i) % 2) names.push(String(STEADY + i));
  return names.map((name) => ({
    targets: [host],
    labels: { __metrics_path__: `/target/${name}`, instance: name },
  }));
}
