import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Where peers from Debian's packages are looked for: `.ci/run` unpacks them there, nothing is installed. PEERS names the folder, and
 * `root/usr/bin` in it is what counts.
 */
const PEER_BIN = path.join(
  process.env.PEERS ?? path.join(process.env.TMPDIR ?? os.tmpdir(), 'peers'),
  'root/usr/bin',
);

export interface Peer {
  readonly file: string;
  readonly isThere: boolean;
}

/** A program of a peer; says aloud when tests that need it are skipped. */
export function peer(name: string): Peer {
  const file = path.join(PEER_BIN, name);
  const isThere = fs.existsSync(file);
  if (!isThere) console.warn(`SKIPPED: no ${file}; PEERS names the folder where .ci/run unpacks peers`);
  return { file, isThere };
}
