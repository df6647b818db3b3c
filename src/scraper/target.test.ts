import { expect, test } from 'vitest';
import { labelsToObject } from '../model/labels.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { compileRelabel } from './relabel.ts';
import { resolveTarget, type TargetOutcome } from './target.ts';

function resolve(keys: Record<string, unknown>, found: Record<string, string>): TargetOutcome {
  const job = scrapeJob(keys);
  return resolveTarget(job, found, compileRelabel(job.relabel_configs));
}

function active(keys: Record<string, unknown>, found: Record<string, string>) {
  const outcome = resolve(keys, found);
  if (outcome.kind !== 'active') throw new Error(`expected a target, got ${JSON.stringify(outcome)}`);
  return outcome.target;
}

test('a plain address becomes a target with job and instance', () => {
  const target = active({ job_name: 'web' }, { __address__: 'host:80', team: 'a', __secret: 'x' });
  expect(labelsToObject(target.labels)).toEqual({ instance: 'host:80', job: 'web', team: 'a' });
  expect(target.url).toBe('http://host/metrics');
  expect([target.intervalMs, target.timeoutMs]).toEqual([15_000, 10_000]);
  expect(labelsToObject(target.discoveredLabels)).toEqual({
    __address__: 'host:80',
    __always_scrape_classic_histograms__: 'false',
    __convert_classic_histograms_to_nhcb__: 'false',
    __metrics_path__: '/metrics',
    __scheme__: 'http',
    __scrape_native_histograms__: 'false',
    __scrape_interval__: '15s',
    __scrape_timeout__: '10s',
    __secret: 'x',
    job: 'web',
    team: 'a',
  });
});

test('relabelling makes the address, path, parameters and times', () => {
  const keys = {
    params: { module: ['http_2xx', 'more'], debug: ['true'] },
    relabel_configs: [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { source_labels: ['__param_target'], target_label: 'instance' },
      { target_label: '__address__', replacement: '[::1]:9115' },
      { target_label: '__scheme__', replacement: 'https' },
      { target_label: '__metrics_path__', replacement: '/probe' },
      { target_label: '__scrape_interval__', replacement: '1m' },
    ],
  };
  const target = active(keys, { __address__: 'example.com/a b' });
  expect(target.url).toBe(
    'https://[::1]:9115/probe?debug=true&module=http_2xx&module=more&target=example.com%2Fa+b',
  );
  expect(labelsToObject(target.labels)).toEqual({ instance: 'example.com/a b', job: 'job' });
  expect(target.intervalMs).toBe(60_000);
});

test('a dropped target says so and keeps its discovered labels', () => {
  const keys = { relabel_configs: [{ source_labels: ['team'], regex: 'a', action: 'keep' }] };
  const outcome = resolve(keys, { __address__: 'host:80', team: 'b' });
  expect(outcome).toMatchObject({
    kind: 'dropped',
    dropped: { job: 'job', reason: 'dropped by relabel_configs' },
  });
});

test.each([
  [{ target_label: '__address__', replacement: '' }, 'no address: __address__ is empty after relabelling'],
  [{ target_label: '__address__', replacement: 'http://x' }, 'expected host:port as address, got "http://x"'],
  [{ target_label: '__address__', replacement: 'a b:1' }, 'expected a scheme, host and path that make a URL'],
  [{ target_label: '__scheme__', replacement: 'ftp' }, 'expected a scheme, host and path that make a URL'],
  [{ target_label: '__scrape_interval__', replacement: 'soon' }, '__scrape_interval__: expected a duration'],
  [
    { target_label: '__scrape_timeout__', replacement: '20s' },
    'expected a scrape timeout of at most the interval, got 20s and 15s',
  ],
])('after %j there is no target', (step, problem) => {
  const outcome = resolve({ relabel_configs: [step] }, { __address__: 'host:80' });
  expect(outcome.kind === 'invalid' && outcome.problem).toContain(problem);
});

test('the key tells targets apart by job, labels and URL, and nothing else', () => {
  const key = (keys: Record<string, unknown>, found: Record<string, string>): string =>
    active(keys, found).key;
  const base = key({}, { __address__: 'h:1' });
  expect(key({ scrape_interval: '30s' }, { __address__: 'h:1' })).toBe(base);
  expect(key({ job_name: 'other' }, { __address__: 'h:1' })).not.toBe(base);
  expect(key({}, { __address__: 'h:1', a: 'b' })).not.toBe(base);
  expect(key({ metrics_path: '/other' }, { __address__: 'h:1' })).not.toBe(base);
});

test('labels say what becomes of histograms and which Unix socket is asked', () => {
  const found = {
    __address__: 'localhost',
    __scrape_native_histograms__: 'T',
    __unix_socket__: '/run/exporter.sock',
  };
  expect(active({ convert_classic_histograms_to_nhcb: true }, found)).toMatchObject({
    histograms: {
      scrape_native_histograms: true,
      always_scrape_classic_histograms: false,
      convert_classic_histograms_to_nhcb: true,
    },
    socketPath: '/run/exporter.sock',
    url: 'http://localhost/metrics',
  });
  expect(resolve({}, { __address__: 'a', __scrape_native_histograms__: 'maybe' })).toMatchObject({
    kind: 'invalid',
    problem: '__scrape_native_histograms__: expected true or false, got "maybe"',
  });
});
