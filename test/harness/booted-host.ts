import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { eventually, temporaryFolder } from './appliance.ts';

const SCRIPT = path.join(import.meta.dirname, 'booted-host.sh');

/** A guest that runs this host's Debian once more; what it changes goes with it. */
export interface BootedHost {
  /** Runs a shell line in it as root; of the host's files those are seen that were there when it began. */
  sh(line: string, timeoutMs?: number): { status: number | null; stdout: string; stderr: string };
}

/** Why there can be no such guest here; undefined when there can. */
export function whyNotBooted(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root';
  if (!fs.existsSync('/etc/debian_version')) return 'it needs Debian';
  const folder = temporaryFolder('guest');
  const { status, stderr } = spawnSync(SCRIPT, [folder, 'true'], { encoding: 'utf8', timeout: 60_000 });
  removeGuest(folder);
  return status === 0 ? undefined : `no guest can be started: ${stderr.trim().split('\n')[0]}`;
}

/** @param command runs instead of systemd */
export async function bootedHost(
  stack: AsyncDisposableStack,
  command: readonly string[] = [],
): Promise<BootedHost> {
  const folder = temporaryFolder('guest');
  const guest = spawn(SCRIPT, [folder, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  guest.stderr.on('data', (chunk: Buffer) => (said += chunk));
  const ended = new Promise((resolve) => guest.on('close', resolve));
  stack.defer(async () => {
    guest.kill('SIGKILL');
    await ended;
    await eventually('the guest is gone', async () => removeGuest(folder));
  });
  /** The first process of the guest: the child that has files and processes of its own, and has entered them. */
  const init = await eventually('the guest has begun', async () => {
    const children = fs.readFileSync(`/proc/${guest.pid}/task/${guest.pid}/children`, 'utf8').trim();
    return children.split(' ').find((pid) => isGuest(pid) && fs.existsSync(`/proc/${pid}/root/run/guest`));
  }).catch((error) => {
    throw new Error(`${error}: ${said}`);
  });
  const sh: BootedHost['sh'] = (line, timeoutMs = 120_000) => {
    // Nothing of this may ever run on the host itself.
    if (!isGuest(init)) throw new Error(`the guest has ended: ${said}`);
    const { status, stdout, stderr } = spawnSync('nsenter', ['-t', init, '-a', '/bin/sh', '-c', line], {
      encoding: 'utf8',
      timeout: timeoutMs,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', DEBIAN_FRONTEND: 'noninteractive' },
    });
    return { status, stdout, stderr };
  };
  return { sh };
}

/** Whether a process is one of another system than ours. */
function isGuest(pid: string): boolean {
  const of = (process: string, name: string): string => {
    try {
      return fs.readlinkSync(`/proc/${process}/ns/${name}`);
    } catch {
      return ''; // It has ended.
    }
  };
  return ['pid', 'mnt', 'net'].every((name) => !['', of('self', name)].includes(of(pid, name)));
}

/** The folder and the control groups of a guest that has ended; false while something of it is left. */
function removeGuest(folder: string): boolean {
  const { stdout } = spawnSync('findmnt', ['-n', '-o', 'TARGET', '-t', 'cgroup2'], { encoding: 'utf8' });
  const groups = path.join(stdout.split('\n')[0]!, path.basename(folder));
  spawnSync('find', [groups, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
  if (fs.existsSync(groups)) return false;
  fs.rmSync(folder, { recursive: true, force: true });
  return true;
}
