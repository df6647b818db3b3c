/**
 * What real data takes on disk, here and in VictoriaMetrics: scrapes node_exporter itself, gives the very same samples to both, and compares. By hand:
 *
 *     node scripts/real-data.ts --minutes 3 --interval 1 --victoria-metrics /usr/bin/victoria-metrics
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/sqlite/database.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    interval: { type: 'string', default: '1' },
    exporter: { type: 'string', default: 'prometheus-node-exporter' },
    'victoria-metrics': { type: 'string' },
    port: { type: 'string', default: '29810' },
  },
});
const port = Number(values.port);
const folder = mkdtempSync(join(tmpdir(), 'belfry-real-data-'));
const children: ChildProcess[] = [];
const load = (): string => readFileSync('/proc/loadavg', 'utf8').split(' ')[0]!;

try {
  const series = await scrape(Number(values.minutes) * 60, Number(values.interval));
  const samples = [...series.values()].reduce((sum, list) => sum + list.length, 0);
  console.log(
    `${series.size} series, ${samples} samples, every ${values.interval} s for ${values.minutes} min, load ${load()}`,
  );
  const { ours, blobs } = inBelfry(series);
  console.log(
    `belfry            ${ours} bytes, ${(ours / samples).toFixed(3)} per sample (sealed day, labels included)`,
  );
  console.log(
    `                  ${ours - blobs} of them, ${((100 * (ours - blobs)) / ours).toFixed(1)} %, are SQLite's own: half-empty pages, keys, tables`,
  );
  if (values['victoria-metrics'] !== undefined) {
    const { data, all } = await inVictoriaMetrics(values['victoria-metrics'], series);
    console.log(
      `victoria-metrics  ${data} bytes, ${(data / samples).toFixed(3)} per sample (data alone, merged)`,
    );
    console.log(`                  ${all} bytes, ${(all / samples).toFixed(3)} per sample (with its index)`);
    console.log(
      `ratio             ${(ours / all).toFixed(2)} all in all, ${(ours / data).toFixed(2)} to data alone`,
    );
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

interface Sample {
  readonly timestamp: number;
  readonly value: string;
}

/** Lines of the exporter's pages by series as it writes them, with the time of the scrape as it was. */
async function scrape(seconds: number, interval: number): Promise<Map<string, Sample[]>> {
  children.push(spawn(values.exporter, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' }));
  const url = `http://127.0.0.1:${port}/metrics`;
  await answered(url);
  const series = new Map<string, Sample[]>();
  const startedAt = Date.now();
  for (let n = 0; n * interval < seconds; n++) {
    await pause(Math.max(0, startedAt + n * interval * 1000 - Date.now()));
    const timestamp = Date.now();
    const page = await (await fetch(url)).text();
    for (const line of page.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const at = line.lastIndexOf(' ');
      const name = line.slice(0, at);
      const list = series.get(name);
      const sample = { timestamp, value: line.slice(at + 1) };
      if (list) list.push(sample);
      else series.set(name, [sample]);
    }
  }
  return series;
}

function inBelfry(series: ReadonlyMap<string, readonly Sample[]>): {
  readonly ours: number;
  readonly blobs: number;
} {
  const file = join(folder, 'samples.om');
  const data = join(folder, 'belfry');
  const lines = [...series].flatMap(([name, list]) =>
    list.map(({ timestamp, value }) => `${name} ${value} ${(timestamp / 1000).toFixed(3)}`),
  );
  writeFileSync(file, `${lines.join('\n')}\n# EOF\n`);
  const main = resolve(import.meta.dirname, '../src/main.ts');
  const { status, stderr } = spawnSync(process.execPath, [
    main,
    'import',
    'openmetrics',
    file,
    '--data',
    data,
  ]);
  if (status !== 0) throw new Error(`the import failed: ${stderr}`);
  let ours = 0;
  let blobs = 0;
  for (const name of readdirSync(data).filter((one) => /^\d{8}\.db$/.test(one))) {
    ours += statSync(join(data, name)).size;
    const db = openDatabase(join(data, name), { addon: undefined, readonly: true });
    for (const table of ['series', 'grp', 'ts', 'block'])
      blobs += db.prepare(`SELECT coalesce(sum(length(b)), 0) FROM ${table}`).pluck().get() as number;
    db.close();
  }
  return { ours, blobs };
}

async function inVictoriaMetrics(
  executable: string,
  series: ReadonlyMap<string, readonly Sample[]>,
): Promise<{ readonly data: number; readonly all: number }> {
  const data = join(folder, 'victoria-metrics');
  const address = `127.0.0.1:${port + 1}`;
  const child = spawn(
    executable,
    [`-storageDataPath=${data}`, `-httpListenAddr=${address}`, '-retentionPeriod=100y'],
    { stdio: 'ignore' },
  );
  children.push(child);
  await answered(`http://${address}/health`);
  const lines = [...series].flatMap(([name, list]) =>
    list.map(({ timestamp, value }) => `${name} ${value} ${timestamp}`),
  );
  for (let at = 0; at < lines.length; at += 100_000) {
    const body = lines.slice(at, at + 100_000).join('\n');
    const answer = await fetch(`http://${address}/api/v1/import/prometheus`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`victoria-metrics answered ${answer.status}`);
  }
  await fetch(`http://${address}/internal/force_flush`);
  await pause(3000);
  await fetch(`http://${address}/internal/force_merge`);
  await pause(5000);
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
  return { data: bytesIn(join(data, 'data')), all: bytesIn(data) };
}

async function answered(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isThere = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isThere) return;
    await pause(100);
  }
  throw new Error(`${url} does not answer`);
}

function bytesIn(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
