import { describe, expect, test } from 'vitest';
import { Budget } from './budget.ts';
import { formatFloat } from './go-float.ts';
import { sprint, sprintf } from './go-format.ts';
import { GoDuration } from './go-time.ts';
import { GoStruct, type GoValue, stringList, stringMap } from './go-value.ts';

const struct = new GoStruct(
  'main.P',
  new Map<string, GoValue>([
    ['X', 1n],
    ['Y', 'a'],
  ]),
);

describe('sprintf', () => {
  test.each<[string, GoValue[], string]>([
    ['%d %5d|%-5d|%05d|%+d|% d', [1n, 42n, 42n, 42n, 42n, 42n], '1    42|42   |00042|+42| 42'],
    [
      '%x %X %#x %o %O %#o %b %c %q %U %#U',
      [255n, 255n, 255n, 8n, 8n, 8n, 5n, 0x1f600n, 97n, 0x1f600n, 97n],
      "ff FF 0xff 10 0o10 010 101 😀 'a' U+1F600 U+0061 'a'",
    ],
    ['%.5d %8.5d %x', [42n, 42n, -255n], '00042    00042 -ff'],
    [
      '%f %.2f %.0f %8.3f|%-8.1f|%08.2f|%+.1f',
      [1.5, 2.345, 2.5, 3.14259, 1.25, -3.14259, 2],
      '1.500000 2.35 2    3.143|1.2     |-0003.14|+2.0',
    ],
    [
      '%e %.3e %E %g %.3g %G',
      [123456.789, 0.00012345, 1e-10, 1e21, 1234.5678, 1e-7],
      '1.234568e+05 1.234e-04 1.000000E-10 1e+21 1.23e+03 1E-07',
    ],
    ['%v %v %v %v', [1e6, 123456, 0.1, 1e-5], '1e+06 123456 0.1 1e-05'],
    ['%6.2f%%', [99.5], ' 99.50%'],
    [
      '%#g %#g %#g|%#.3g %#.3g %#.3g|%#.0f %#.0e %#.2G %#v',
      [3, 0.5, 2e6, 0, 0.07, 70_000, 4, 4, 9e9, 2],
      '3.00000 0.500000 2.00000e+06|0.00 0.0700 7.00e+04|4. 4.e+00 9.0E+09 2',
    ],
    [
      '%#x %#.0x %#.2x|%#8.3g|%#b',
      [1, 1, 3, 1, 1],
      '0x1.0000p+00 0x1.p+00 0x1.80p+01|    1.00|4503599627370496p-52',
    ],
    ['%U %.6U %#10.5U|%#U', [-2n, 0x263an, 0x41n, 7n], "U+FFFFFFFFFFFFFFFE U+00263A U+00041 'A'|U+0007"],
    [
      '%s|%10s|%-10s|%.2s|%q|%x|% x|%X',
      ['go', 'go', 'go', 'golang', 'a"b\n', 'hi', 'hi', 'hi'],
      'go|        go|go        |go|"a\\"b\\n"|6869|68 69|6869',
    ],
    ['%5s|%5.1s', ['é', 'éa'], '    é|    é'],
    ['%t %v %5t', [true, false, true], 'true false  true'],
    ['%v %+v %#v %T', [struct, struct, struct, struct], '{1 a} {X:1 Y:a} main.P{X:1, Y:"a"} main.P'],
    [
      '%v %v %q',
      [
        stringMap([
          ['b', '2'],
          ['a', '1'],
        ]),
        stringList(['x', 'y']),
        stringList(['x', 'y']),
      ],
      'map[a:1 b:2] [x y] ["x" "y"]',
    ],
    [
      '%v %s %d %T',
      [new GoDuration(90_000_000_000n), new GoDuration(1500n), new GoDuration(1500n), new GoDuration(1n)],
      '1m30s 1.5µs 1500 time.Duration',
    ],
    ['%v %s %d', [null, null, null], '<nil> %!s(<nil>) %!d(<nil>)'],
    ['%*d|%-*d|%.*f', [5n, 1n, 5n, 2n, 1n, 3.14259], '    1|2    |3.1'],
    ['%[2]d %[1]d', [1n, 2n], '2 1'],
    ['%[2]*[1]d', [7n, 4n], '   7'],
  ])('%j', (format, args, expected) => expect(sprintf(format, args, new Budget())).toBe(expected));

  test.each<[string, GoValue[], string]>([
    ['%d', ['str'], '%!d(string=str)'],
    ['%s', [1n], '%!s(int=1)'],
    ['%d', [1.5], '%!d(float64=1.5)'],
    ['%f', [3n], '%!f(int=3)'],
    ['%t', ['x'], '%!t(string=x)'],
    ['%s', [true], '%!s(bool=true)'],
    ['%d %d', [1n], '1 %!d(MISSING)'],
    ['%d', [1n, 'a', 2.5], '1%!(EXTRA string=a, float64=2.5)'],
    ['100%', [], '100%!(NOVERB)'],
    ['%12345678d', [1n], '%!(NOVERB)%!(EXTRA int=1)'],
    ['%.99999999f', [1.5], '%!(NOVERB)%!(EXTRA float64=1.5)'],
    ['%q', [-1n], '%!q(int=-1)'],
    ['%q', [0x110000n], '%!q(int=1114112)'],
    ['%z', [1n], '%!z(int=1)'],
    ['%[3]d', [1n], '%!d(BADINDEX)'],
    ['%[x]d', [1n], '%!d(BADINDEX)'],
    ['%*d', ['w', 1n], '%!(BADWIDTH)1'],
    ['%d', [stringList(['a'])], '[%!d(string=a)]'],
  ])('the mistake %j', (format, args, expected) =>
    expect(sprintf(format, args, new Budget())).toBe(expected),
  );
});

test('print puts spaces only between operands of which neither is a string', () => {
  expect(sprint([1n, 2n, 'a', 'b', 3n, null, true], new Budget())).toBe('1 2ab3 <nil> true');
});

test.each([
  [0, 'g', -1, '0'],
  [-0, 'g', -1, '-0'],
  [0, 'g', 4, '0'],
  [0, 'e', 2, '0.00e+00'],
  [0, 'f', 2, '0.00'],
  [Number.NaN, 'g', 4, 'NaN'],
  [Number.POSITIVE_INFINITY, 'f', 2, '+Inf'],
  [0.5, 'f', 0, '0'],
  [1.5, 'f', 0, '2'],
  [2.5, 'f', 0, '2'],
  [0.125, 'f', 2, '0.12'],
  [0.375, 'f', 2, '0.38'],
  [1.005, 'f', 2, '1.00'],
  [9.995, 'f', 1, '10.0'],
  [999.95, 'g', 4, '1000'],
  [99_999, 'g', 4, '1e+05'],
  [0.00001234, 'g', 4, '1.234e-05'],
  [100, 'g', 4, '100'],
  [1e100, 'f', -1, `1${'0'.repeat(100)}`],
  [5e-324, 'g', -1, '5e-324'],
  [1.7976931348623157e308, 'e', 3, '1.798e+308'],
  [1, 'e', -1, '1e+00'],
  [12.5, 'e', -1, '1.25e+01'],
  [1, 'x', -1, '0x1p+00'],
  [0.1, 'x', -1, '0x1.999999999999ap-04'],
  [1, 'b', -1, '4503599627370496p-52'],
] as const)('formatFloat(%d, %j, %d) is %j', (value, verb, precision, expected) => {
  expect(formatFloat(value, verb, precision)).toBe(expected);
});
