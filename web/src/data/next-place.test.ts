import { expect, test } from 'vitest';
import { loginAddress, safeNext } from './next-place.ts';

const base = new URL('https://monitor.example.org/belfry/');

test.each([
  ['?next=%2Fgraph%3Fg0.expr%3Dup', '', 'https://monitor.example.org/belfry/graph?g0.expr=up'],
  ['?next=%2F', '#/alerts', 'https://monitor.example.org/belfry/#/alerts'],
  ['', '', 'https://monitor.example.org/belfry/'],
  ['?next=%2F%2Fevil.example.com', '', 'https://monitor.example.org/belfry/'],
  ['?next=%2F%5Cevil.example.com', '', 'https://monitor.example.org/belfry/'],
  ['?next=https%3A%2F%2Fevil.example.com', '', 'https://monitor.example.org/belfry/'],
  ['?next=javascript%3Aalert(1)', '', 'https://monitor.example.org/belfry/'],
  ['?next=%2Flogin', '', 'https://monitor.example.org/belfry/'],
])('after a login with %s%s comes %s', (search, hash, expected) => {
  expect(safeNext({ search, hash }, base)).toBe(expected);
});

test('the way to the login remembers the place', () => {
  const here = { pathname: '/belfry/graph', search: '?g0.expr=up', hash: '' };
  expect(loginAddress(here, base)).toBe(
    'https://monitor.example.org/belfry/login?next=%2Fgraph%3Fg0.expr%3Dup',
  );
  expect(loginAddress({ pathname: '/belfry/', search: '', hash: '#/silences' }, base)).toBe(
    'https://monitor.example.org/belfry/login#/silences',
  );
});
