import { expect, test } from 'vitest';
import { scrapeJob } from '../testing/scrape-job.ts';
import { explainRelabel } from './relabel-steps.ts';

const job = scrapeJob({
  relabel_configs: [
    { target_label: '__address__', replacement: 'example.com:443' },
    { source_labels: ['__meta_team'], target_label: 'team' },
    { action: 'labeldrop', regex: '__meta_old' },
    { action: 'keep', source_labels: ['team'], regex: 'web' },
    { target_label: 'after', replacement: 'x' },
  ],
});

test('each step tells what it changed, and the end what came out', () => {
  const { steps, outcome } = explainRelabel(job, {
    __address__: 'localhost:9090',
    __meta_team: 'web',
    __meta_old: '1',
    job: 'test',
    empty: '',
  });
  expect(steps.map(({ keep, changes }) => [keep, ...changes])).toEqual([
    [true, { label: '__address__', from: 'localhost:9090', to: 'example.com:443' }],
    [true, { label: 'team', from: '', to: 'web' }],
    [true, { label: '__meta_old', from: '1', to: '' }],
    [true],
    [true, { label: 'after', from: '', to: 'x' }],
  ]);
  expect(steps[0]!.output).toEqual({
    __address__: 'example.com:443',
    __meta_team: 'web',
    __meta_old: '1',
    job: 'test',
  });
  expect(steps[0]!.rule).toEqual(job.relabel_configs[0]);
  expect(outcome).toEqual({
    scrapeUrl: 'http://example.com:443/metrics',
    labels: { after: 'x', instance: 'example.com:443', job: 'test', team: 'web' },
  });
});

test('from the step on that drops the target there is nothing', () => {
  const { steps, outcome } = explainRelabel(job, { __address__: 'localhost:9090', __meta_team: 'db' });
  expect(steps.map(({ keep, output }) => [keep, Object.keys(output).length])).toEqual([
    [true, 2],
    [true, 3],
    [true, 3],
    [false, 0],
    [false, 0],
  ]);
  expect(outcome).toEqual({ reason: 'dropped by relabel_configs' });
});

test('a target that comes through and cannot be scraped says why', () => {
  const { outcome } = explainRelabel(scrapeJob(), { __address__: '' });
  expect(outcome).toEqual({ reason: 'no address: __address__ is empty after relabelling' });
});
