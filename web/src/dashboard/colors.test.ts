import { expect, test } from 'vitest';
import { inkOn } from './colors.ts';

const DARK = 'oklch(0.17 0.008 260)';
const WHITE = 'oklch(1 0 0)';

test.each([
  ['oklch(0.57 0.15 150)', DARK],
  ['oklch(0.57 0.19 27)', WHITE],
  ['oklch(0.73 0.15 255)', DARK],
  ['#d44a3a', WHITE],
  ['#e0b400', DARK],
  ['rgb(0, 0, 0)', WHITE],
  ['rgba(255, 255, 255, 0.9)', DARK],
  ['var(--bell)', WHITE],
])('on %s the ink is %s', (color, ink) => {
  expect(inkOn(color)).toBe(ink);
});
