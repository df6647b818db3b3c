import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

/** A server on loopback for the length of a test. */
export interface TestServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  /** Connections taken so far. */
  readonly connections: () => number;
}

/** Serves HTTP on loopback until disposed, when it drops what is still open. */
export async function httpTarget(answer: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  return await listening(server, requests);
}

/** Answers each connection with whatever `serve` writes to it. */
export async function rawTarget(serve: (socket: Socket) => void): Promise<TestServer> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => serve(socket));
  });
  return await listening(server, []);
}

/** Answers with a page in the text format. */
export function sendPage(response: ServerResponse, page: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(page);
}

async function listening(server: net.Server, requests: IncomingMessage[]): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
