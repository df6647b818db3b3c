/** Builds `dist/belfry_VERSION_ARCH.deb` around a built executable. `node scripts/debian.ts [linux-x64]` */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const ARCHITECTURES: Readonly<Record<string, string>> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };

/**
 * Lays the package out in `folder` and packs it.
 * @param executable runs on this machine, or another with its texts: it is asked for manual, completions and licences
 */
export function debianPackage(options: {
  readonly executable: string;
  readonly architecture: string;
  readonly version: string;
  readonly folder: string;
  readonly output: string;
  /** Default true; packing takes a minute, unpacked it is for a test. */
  readonly isPacked?: boolean;
}): void {
  const { executable, architecture, version, folder, output, isPacked = true } = options;
  const ask = (...args: string[]): string => execFileSync(executable, args, { encoding: 'utf8' });
  fs.rmSync(folder, { recursive: true, force: true });
  const put = (file: string, content: string | Buffer, mode = 0o644): void => {
    const target = path.join(folder, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, content);
    fs.chmodSync(target, mode);
  };
  put('usr/bin/belfry', fs.readFileSync(executable), 0o755);
  put('usr/lib/systemd/system/belfry.service', fs.readFileSync('packaging/belfry.service'));
  put('etc/belfry/belfry.yaml', fs.readFileSync('config.example.yaml'), 0o644);
  put('usr/share/man/man1/belfry.1.gz', gzipSync(ask('man')));
  put('usr/share/bash-completion/completions/belfry', ask('completion', 'bash'));
  put('usr/share/zsh/vendor-completions/_belfry', ask('completion', 'zsh'));
  put('usr/share/fish/vendor_completions.d/belfry.fish', ask('completion', 'fish'));
  put('usr/share/doc/belfry/copyright', ask('version', '--licenses'));
  put('DEBIAN/conffiles', '/etc/belfry/belfry.yaml\n');
  put('DEBIAN/postinst', POSTINST, 0o755);
  put('DEBIAN/prerm', PRERM, 0o755);
  put('DEBIAN/postrm', POSTRM, 0o755);
  put(
    'DEBIAN/control',
    `Package: belfry
Version: ${version}
Architecture: ${architecture}
Maintainer: Belfry maintainers <maintainers@users.noreply.github.com>
Section: net
Priority: optional
Depends: libc6 (>= 2.34), libstdc++6, libgcc-s1
Installed-Size: ${Math.ceil(fs.statSync(executable).size / 1024)}
Description: metrics, alerts and dashboards in one process
 Scrapes, stores, evaluates PromQL, alerts and shows; replaces Prometheus,
 Alertmanager, Grafana and node_exporter on a small host.
`,
  );
  const date = { ...process.env, SOURCE_DATE_EPOCH: process.env.SOURCE_DATE_EPOCH ?? '0' };
  execFileSync(
    'dpkg-deb',
    ['--root-owner-group', ...(isPacked ? ['-Zxz', '-z1'] : ['-Znone']), '--build', folder, output],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: date,
    },
  );
}

/** The service is started by whoever installs it, once the configuration says what they want. */
const POSTINST = `#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  if [ -n "$2" ]; then systemctl try-restart belfry.service || true
  else echo "belfry: edit /etc/belfry/belfry.yaml, then: systemctl enable --now belfry"; fi
fi
`;

const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now belfry.service || true; fi
`;

const POSTRM = `#!/bin/sh
set -e
if [ "$1" = purge ]; then rm -rf /var/lib/private/belfry /var/lib/belfry; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
`;

if (import.meta.main) {
  const target = process.argv[2] ?? `linux-${process.arch}`;
  const architecture = ARCHITECTURES[target];
  if (!architecture) throw new Error(`expected ${Object.keys(ARCHITECTURES).join(' or ')}, got ${target}`);
  const { version } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as { version: string };
  const executable = target === `linux-${process.arch}` ? 'dist/belfry' : `dist/belfry-${target}`;
  const output = `dist/belfry_${version}_${architecture}.deb`;
  debianPackage({
    executable: path.resolve(executable),
    architecture,
    version,
    folder: 'dist/debian',
    output,
  });
  console.log(`${output} ${(fs.statSync(output).size / 1e6).toFixed(1)} MB`);
}
