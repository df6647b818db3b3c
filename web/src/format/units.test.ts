import { describe, expect, test } from 'vitest';
import { formatNumber, formatValue, valueText } from './units.ts';

describe('formatNumber shows three figures', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [5, '5'],
    [1.2345, '1.23'],
    [12.345, '12.3'],
    [123.45, '123'],
    [1234.5, '1,235'],
    [1_234_567, '1,234,567'],
    [0.05312, '0.0531'],
    [0.00012345, '0.000123'],
    [1.5, '1.5'],
    [-12.3, '−12.3'],
    [1e18, '1.00e+18'],
    [1e-9, '1.00e-9'],
  ])('%d is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('given decimals are kept', () => {
    expect(formatNumber(12.5, 2)).toBe('12.50');
    expect(formatNumber(1999.999, 0)).toBe('2,000');
  });
});

test.each([
  [1536, 'bytes', '1.5 KiB'],
  [1024 ** 3 * 15.6, 'bytes', '15.6 GiB'],
  [1500, 'decbytes', '1.5 kB'],
  [2048, 'kbytes', '2 MiB'],
  [0.5, 'kbytes', '512 B'],
  [42_900_000, 'bps', '42.9 Mb/s'],
  [0, 'bytes', '0 B'],
  [0.25, 's', '250 ms'],
  [0.0021, 's', '2.1 ms'],
  [0.0008, 's', '800 µs'],
  [90, 's', '1.5 min'],
  [7200, 's', '2 h'],
  [1500, 'ms', '1.5 s'],
  [0.5, 'percentunit', '50 %'],
  [5.3, 'percent', '5.3 %'],
  [412, 'reqps', '412 req/s'],
  [41_200, 'reqps', '41.2 k req/s'],
  [90_061, 'dtdurations', '1 d 01:01:01'],
  [1, 'bool_yes_no', 'yes'],
  [12, 'currencyUSD', '$12'],
  [3, 'items/sec', '3 items/sec'],
  [3, 'suffix: apples', '3 apples'],
  [1_200_000, 'short', '1.2 M'],
  [7, '', '7'],
])('%d in %j is %j', (value, unit, text) => {
  expect(valueText(value, unit)).toBe(text);
});

test('what is no number is a dash, infinities keep their sign', () => {
  expect(formatValue(Number.NaN)).toEqual({ text: '–', unit: '' });
  expect(formatValue(null, 'bytes')).toEqual({ text: '–', unit: '' });
  expect(formatValue(Number.NEGATIVE_INFINITY, 's')).toEqual({ text: '−∞', unit: '' });
});
