import { expect, test } from 'vitest';
import { alertmanagerLink } from './router.ts';

test.each([
  ['#/alerts', '/alerts'],
  ['#/alerts?filter=%7Bjob%3D%22x%22%7D', '/alerts?filter=%7Bjob%3D%22x%22%7D'],
  ['#/silences', '/alerts?show=silences'],
  ['#/silences/new', '/alerts?show=silences'],
  ['#/silences/f1d7-00', '/alerts?show=silences&silence=f1d7-00'],
  ['#/status', '/status'],
  ['#content', undefined],
  ['', undefined],
])('Alertmanager’s %j leads to %s', (hash, path) => {
  expect(alertmanagerLink(hash)).toBe(path);
});
