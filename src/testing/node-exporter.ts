import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { freePort } from './free-port.ts';

const BINARY = '/usr/bin/prometheus-node-exporter';

/** Whether Debian's node_exporter is installed here. Tests that need it are skipped without. */
export const hasNodeExporter = existsSync(BINARY);

export interface NodeExporter extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly address: string;
  page(): Promise<string>;
}

/** Runs a real node_exporter on loopback until disposed. */
export async function runNodeExporter(args: readonly string[] = []): Promise<NodeExporter> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(BINARY, [`--web.listen-address=${address}`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const page = async (): Promise<string> => (await fetch(`http://${address}/metrics`)).text();
  for (;;) {
    if (child.exitCode !== null) throw new Error(`node_exporter ended: ${log}`);
    try {
      await page();
      break;
    } catch {
      await new Promise(setImmediate);
    }
  }
  return {
    address,
    page,
    async [Symbol.asyncDispose]() {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
