import { expect, test } from 'vitest';
import { cssColor, inkOn } from './colors.ts';
import { schemeColor } from './schemes.ts';

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

test.each([
  ['green', 'light-safe', 245],
  ['#299c46', 'dark-safe', 245],
  ['rgba(50, 172, 45, 0.97)', 'light-safe', 245],
  ['#d44a3a', 'light-safe', 32],
  ['dark-red', 'light-safe', 32],
  ['green', 'light', 150],
] as const)('%s in %s has the hue %d', (name, theme, hue) => {
  expect(cssColor(name, theme)).toMatch(new RegExp(` ${hue}\\)$`));
});

test('colours that are neither red nor green stay as authored for the colour-blind, and schemes between these are replaced', () => {
  for (const name of ['#1f60c4', '#fade2a', '#808080', 'rgb(10, 20, 200)'])
    expect(cssColor(name, 'light-safe')).toBe(name);
  expect(schemeColor('continuous-GrYlRd', 0, 'light')).toBe('rgb(115, 191, 105)');
  expect(schemeColor('continuous-GrYlRd', 0, 'light-safe')).toBe('rgb(87, 148, 242)');
});
