import { createServer } from 'node:net';

/** Below those that the kernel gives to whoever names none: between here and its use nobody takes one of these by chance. */
const [FIRST, LAST] = [12_000, 32_000];
/** Test files run in processes of their own, and start at places of their own. */
let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** A port of the loopback address that nobody listens on, another one each time. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = next === LAST ? FIRST : next + 1;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
