import { expect, test } from 'vitest';
import { linkAddress } from './data-link.ts';
import type { Chosen } from './substitute.ts';

const chosen = (...values: string[]): Chosen => ({
  values,
  texts: values,
  isAll: false,
  allValue: '',
  isMulti: true,
});
const scope = {
  choices: new Map([['job', chosen('a', 'b')]]),
  range: { from: 1000, to: 2000 },
  name: 'up of x',
  labels: { instance: 'db:9100' },
  fields: { Pool: 'rbd 1' },
  value: { raw: '0.5', text: '50 %' },
};

test.each([
  ['/d/x?var-i=$'.concat('{__field.labels.instance}'), '/d/x?var-i=db%3A9100'],
  [
    '/d/x?$'.concat('{__url_time_range}&$', '{__all_variables}'),
    '/d/x?from=1000&to=2000&var-job=a&var-job=b',
  ],
  ['https://x/$'.concat('{__data.fields.Pool}/$', '{__value.raw}'), 'https://x/rbd%201/0.5'],
  ['https://x/$'.concat('{__data.fields["Pool"]}'), 'https://x/rbd%201'],
  ['https://x/$'.concat('{__series.name}?t=$__from'), 'https://x/up%20of%20x?t=1000'],
  ['javascript:alert(1)', undefined],
  ['//evil.example', undefined],
  ['data:text/html,x', undefined],
])('%s', (url, expected) => {
  expect(linkAddress({ title: '', url, isNewTab: false }, scope)).toBe(expected);
});
