import { expect, test } from 'vitest';
import { type Place, searchPlaces } from './palette-search.ts';

const place = (kind: Place['kind'], title: string, note = ''): Place => ({ kind, title, note, to: '/' });
const places = [
  place('page', 'Alerts'),
  place('dashboard', 'Node Exporter Full', 'linux hosts'),
  place('dashboard', 'Redis overview'),
  place('alert', 'RedisDown', 'firing'),
  place('target', 'redis:9121', 'redis'),
];

test.each([
  ['', ['Alerts', 'Node Exporter Full', 'Redis overview', 'RedisDown', 'redis:9121']],
  ['redis', ['Redis overview', 'RedisDown', 'redis:9121']],
  ['redis firing', ['RedisDown']],
  ['full', ['Node Exporter Full']],
  ['linux', ['Node Exporter Full']],
  ['nothing like it', []],
])('searchPlaces(%j)', (text, titles) => {
  expect(searchPlaces(places, text).map(({ title }) => title)).toEqual(titles);
});
