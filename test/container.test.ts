import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from './harness/appliance.ts';
import { bootedHost, whyNotBooted } from './harness/booted-host.ts';
import { EXECUTABLE } from './harness/executable.ts';

const reason = whyNotBooted();
if (reason !== undefined) console.warn(`the Dockerfile's steps are NOT run: ${reason}`);

/** The instructions of packaging/Dockerfile in their order. */
const DOCKERFILE = fs
  .readFileSync(path.resolve(import.meta.dirname, '../packaging/Dockerfile'), 'utf8')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => {
    const [word = '', ...rest] = line.split(' ');
    return { word, rest: rest.join(' ') };
  });
const only = (word: string): string => {
  const found = DOCKERFILE.filter((one) => one.word === word);
  expect([word, found.length]).toEqual([word, 1]);
  return found[0]!.rest;
};
/** Words of the exec form as a shell line. */
const execForm = (json: string): string =>
  (JSON.parse(json) as string[]).map((word) => `'${word}'`).join(' ');

// Debian's container tools may be missing, its files are not: the steps run on a copy of this host's, as an image of the same Debian.
test.skipIf(reason !== undefined)(
  "the Dockerfile's steps make an image that runs as nobody on a read-only root, and tells whether it is well",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { sh } = await bootedHost(stack, ['sleep', 'infinity']);
    const must = (line: string): string => {
      const { status, stdout, stderr } = sh(line);
      expect([line, status, status === 0 || stdout + stderr]).toEqual([line, 0, true]);
      return stdout;
    };
    const version = fs.readFileSync('/etc/debian_version', 'utf8');
    if (version.startsWith('12.')) expect(only('FROM')).toBe('debian:12-slim');

    // docker build: the context is dist.
    const [, chmod, source, to] = /^--chmod=(\d+) (\S+) (\S+)$/.exec(only('COPY'))!;
    expect(source).toBe(path.basename(EXECUTABLE));
    must(`cp '${EXECUTABLE}' '${to}' && chmod ${chmod} '${to}'`);
    must(only('RUN'));
    const [uid, gid] = only('USER').split(':');
    expect(Number(uid)).toBeGreaterThan(0);

    // docker run --read-only --cap-drop ALL -v belfry:/data -v ./belfry.yaml:…:ro
    const as = `setpriv --reuid ${uid} --regid ${gid} --clear-groups --bounding-set=-all --no-new-privs`;
    must(`mount --bind '${only('VOLUME')}' '${only('VOLUME')}' && mount -o remount,bind,ro /`);
    const healthy = `${as} ${execForm(only('HEALTHCHECK').replace(/^.* CMD /, ''))}`;
    const command = `${as} ${execForm(only('ENTRYPOINT'))} ${execForm(only('CMD'))}`;
    expect(sh(healthy).status).not.toBe(0);
    // The configuration of `init` has no users: it does not open itself to the network.
    const refused = sh(command);
    expect([refused.status, refused.stdout + refused.stderr]).toEqual([
      1,
      expect.stringContaining('refusing to listen'),
    ]);

    must(
      "mount -t tmpfs tmpfs /etc/belfry && printf 'self: {}\\nhost: {}\\nweb: { allow_anonymous: true }\\n' >/etc/belfry/belfry.yaml",
    );
    must(
      'mount -o remount,bind,ro /etc/belfry && ! touch /etc/belfry/x 2>/dev/null && ! touch /usr/x 2>/dev/null',
    );
    must(`${command} </dev/null >/run/belfry.log 2>&1 & echo $! >/run/belfry.pid`);
    await eventually('the health check is content', async () => sh(healthy).status === 0).catch((error) => {
      throw new Error(`${error}\n${sh('cat /run/belfry.log').stdout}`);
    });
    const address = must('hostname -I 2>/dev/null | tr -d "\\n"').split(' ')[0] || '127.0.0.1';
    const [, port] = /0\.0\.0\.0:(\d+)/.exec(only('CMD'))!;
    expect(only('EXPOSE')).toBe(port);
    await eventually('it scrapes host and self', async () =>
      sh(`curl -fsS 'http://${address}:${port}/api/v1/query?query=count(up==1)'`).stdout.includes('"2"]'),
    );
    expect(must('stat -c %u /data/log.db').trim()).toBe(uid);
    must('kill -TERM $(cat /run/belfry.pid)');
    await eventually('it has ended', async () => sh(healthy).status !== 0);
  },
);
