import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { debianPackage } from '../scripts/debian.ts';
import { eventually } from './harness/appliance.ts';
import { bootedHost, whyNotBooted } from './harness/booted-host.ts';
import { EXECUTABLE } from './harness/executable.ts';

const reason = whyNotBooted();
if (reason !== undefined) console.warn(`the Debian package is NOT installed and run: ${reason}`);

const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';

test.skipIf(reason !== undefined)(
  'the package under a real systemd: installed, started, reloaded, killed, upgraded, stopped, removed, purged',
  async () => {
    await using stack = new AsyncDisposableStack();
    // The guest empties /tmp when it starts.
    const folder = fs.mkdtempSync('/var/tmp/belfry-debian-');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    for (const version of ['1.0.0', '2.0.0'])
      debianPackage({
        executable: EXECUTABLE,
        architecture: ARCHITECTURE,
        version,
        folder: path.join(folder, 'tree'),
        output: path.join(folder, `${version}.deb`),
        isPacked: false,
      });
    const { sh } = await bootedHost(stack);
    const must = (line: string): string => {
      const { status, stdout, stderr } = sh(line);
      expect([line, status, status === 0 || stdout + stderr]).toEqual([line, 0, true]);
      return stdout;
    };
    const unit = (...names: string[]): string[] =>
      must(`systemctl show belfry --value ${names.map((name) => `-P ${name}`).join(' ')}`)
        .trim()
        .split('\n');
    const ask = (pathname: string): string => must(`curl -fsS -m 20 'http://127.0.0.1:9797${pathname}'`);
    const value = (query: string): number =>
      Number(
        (JSON.parse(ask(`/api/v1/query?query=${encodeURIComponent(query)}`)) as Answer).data.result[0]
          ?.value[1],
      );
    const ready = (): Promise<boolean> =>
      eventually(
        'belfry is ready',
        async () => sh('curl -fsS http://127.0.0.1:9797/-/ready').status === 0,
        120_000,
      );
    await eventually(
      'systemd has started',
      async () => /running|degraded/.test(sh('systemctl is-system-running').stdout),
      120_000,
    );

    expect(must(`dpkg -i ${folder}/1.0.0.deb`)).toContain('systemctl enable --now belfry');
    expect(unit('LoadState', 'ActiveState')).toEqual(['loaded', 'inactive']);
    must('belfry check /etc/belfry/belfry.yaml');
    must('systemd-analyze verify belfry.service');
    must('systemd-analyze security belfry --threshold=20');

    must('systemctl enable --now belfry');
    await ready();
    // It is nobody who may do anything, and only its own data is its own.
    const [pid = ''] = unit('MainPID');
    expect(must(`cat /proc/${pid}/comm`)).toBe('belfry\n');
    const status = must(`cat /proc/${pid}/status`);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const uid = Number(/^Uid:\t(\d+)/m.exec(status)![1]);
    expect(uid).toBeGreaterThanOrEqual(61184); // systemd's range for users made for a service
    expect(must('stat -L -c "%u %a" /var/lib/belfry /var/lib/belfry/log.db').trim()).toBe(
      `${uid} 700\n${uid} 600`,
    );
    await eventually('host and self are scraped', async () => value('count(up == 1)') === 2, 120_000);
    expect(
      value('count({__name__=~"node_(cpu_seconds_total|memory_MemTotal_bytes|filesystem_size_bytes)"})'),
    ).toBeGreaterThan(3);
    expect(must('journalctl -u belfry -o cat --no-pager')).toContain('msg=ready');

    // What the administrator writes is used after a reload and outlives the rest.
    must("printf 'scrape_configs: [{ job_name: mine }]\\n' >>/etc/belfry/belfry.yaml");
    must('systemctl reload belfry');
    const pools = async () => ask('/api/v1/scrape_pools').includes('mine');
    await eventually('the changed configuration is in use', pools);

    const stored = value('count_over_time(up{job="belfry"}[1h])');
    must(`kill -9 ${pid}`);
    await eventually('systemd has started it again', async () => unit('NRestarts')[0] === '1');
    await ready();
    expect(value('count_over_time(up{job="belfry"}[1h])')).toBeGreaterThanOrEqual(stored);

    const [killed = ''] = unit('MainPID');
    must(`dpkg -i ${folder}/2.0.0.deb`);
    await eventually('the new version runs', async () => !['0', killed].includes(unit('MainPID')[0]!));
    await ready();
    expect(value('count_over_time(up{job="belfry"}[1h])')).toBeGreaterThanOrEqual(stored);
    expect(await pools()).toBe(true);

    must('systemctl stop belfry');
    expect(unit('Result', 'ExecMainStatus')).toEqual(['success', '0']);
    must('systemctl start belfry');

    must('dpkg -r belfry');
    expect(sh('pgrep -x belfry').stdout).toBe('');
    expect(sh('systemctl is-enabled belfry').status).not.toBe(0);
    expect(sh('command -v belfry').status).not.toBe(0);
    must('[ -s /etc/belfry/belfry.yaml ] && [ -s /var/lib/private/belfry/state.db ]');
    must('dpkg -P belfry');
    expect(must('find /etc /usr /var/lib /run -iname "*belfry*" -not -path "*/dpkg/*"')).toBe('');
    expect(sh('dpkg -s belfry').status).toBe(1);
  },
  1_800_000, // It starts five times, and 100 MB are packed and unpacked twice.
);

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}
