import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { civil } from './go-civil.ts';
import { GoDuration, GoTime } from './go-time.ts';
import { formatTime, parseTime } from './go-time-layout.ts';
import { zoneNamed } from './go-zone.ts';

const at = (iso: string, zone = 'UTC'): GoTime => GoTime.fromMs(Date.parse(iso), zoneNamed(zone));
const shown = (time: GoTime, layout: string): string => formatTime(civil(time.ns, time.zone), layout);

describe('layouts', () => {
  const time = at('2026-03-07T05:04:09.120Z');
  test.each([
    ['2006-01-02T15:04:05Z07:00', '2026-03-07T05:04:09Z'],
    ['2006-01-02T15:04:05.999999999Z07:00', '2026-03-07T05:04:09.12Z'],
    ['Mon, 02 Jan 2006 15:04:05 MST', 'Sat, 07 Mar 2026 05:04:09 UTC'],
    ['Monday, 02-Jan-06 15:04:05 MST', 'Saturday, 07-Mar-26 05:04:09 UTC'],
    ['Mon Jan _2 15:04:05 2006', 'Sat Mar  7 05:04:09 2026'],
    ['Jan 2 3:04PM', 'Mar 7 5:04AM'],
    ['3:4:5 pm', '5:4:9 am'],
    ['02/01/06 03h', '07/03/26 05h'],
    ['15:04:05.000 .000000', '05:04:09.120 .120000'],
    ['15:04:05,999', '05:04:09,12'],
    ['002 __2', '066  66'],
    ['-0700 -07:00 -07 Z0700', '+0000 +00:00 +00 Z'],
    ['January Januar Monthly Monday', 'March Januar Monthly Saturday'],
    ['2006年01月02日', '2026年03月07日'],
  ])('%j', (layout, expected) => expect(shown(time, layout)).toBe(expected));
});

describe('zones', () => {
  test.each([
    ['2026-01-15T12:00:00Z', 'Europe/Berlin', '13:00 CET +0100'],
    ['2026-07-15T12:00:00Z', 'Europe/Berlin', '14:00 CEST +0200'],
    ['2026-03-29T00:59:59Z', 'Europe/Berlin', '01:59 CET +0100'],
    ['2026-03-29T01:00:00Z', 'Europe/Berlin', '03:00 CEST +0200'],
    ['2026-01-15T12:00:00Z', 'America/New_York', '07:00 EST -0500'],
    ['2026-07-15T12:00:00Z', 'America/Los_Angeles', '05:00 PDT -0700'],
    ['2026-07-15T12:00:00Z', 'Europe/London', '13:00 BST +0100'],
    ['2026-01-15T12:00:00Z', 'Asia/Kolkata', '17:30 IST +0530'],
    ['2026-01-15T12:00:00Z', 'Asia/Shanghai', '20:00 CST +0800'],
    ['2026-01-15T12:00:00Z', 'Asia/Tokyo', '21:00 JST +0900'],
    ['2026-01-15T12:00:00Z', 'Australia/Sydney', '23:00 AEDT +1100'],
    ['2026-01-15T12:00:00Z', 'America/Sao_Paulo', '09:00 -03 -0300'],
    ['2026-01-15T12:00:00Z', 'Asia/Kathmandu', '17:45 +0545 +0545'],
    ['2026-01-15T12:00:00Z', 'UTC', '12:00 UTC +0000'],
  ])('%s in %s is %s', (iso, zone, expected) => {
    expect(shown(at(iso, zone), '15:04 MST -0700')).toBe(expected);
  });

  test.each(['Mars/Base', '../etc/passwd', 'europe berlin', '+01:00'])('there is no zone %j', (name) => {
    expect(() => zoneNamed(name)).toThrow(`unknown time zone ${name}`);
  });
});

describe('parsing', () => {
  test.each([
    ['2006-01-02', '2026-03-07', '2026-03-07T00:00:00.000Z'],
    ['2006-01-02T15:04:05Z07:00', '2026-03-07T05:04:09+02:00', '2026-03-07T03:04:09.000Z'],
    ['2006-01-02T15:04:05Z07:00', '2026-03-07T05:04:09.25Z', '2026-03-07T05:04:09.250Z'],
    ['Jan _2 2006 3:04PM', 'Mar  7 2026 1:05PM', '2026-03-07T13:05:00.000Z'],
    ['January 2, 2006', 'February 29, 2028', '2028-02-29T00:00:00.000Z'],
    ['02/01/06', '07/03/26', '2026-03-07T00:00:00.000Z'],
    ['2006-002', '2026-066', '2026-03-07T00:00:00.000Z'],
    ['Mon, 02 Jan 2006 15:04:05 -0700', 'Sat, 07 Mar 2026 05:04:09 -0330', '2026-03-07T08:34:09.000Z'],
  ])('%j reads %j', (layout, text, iso) => {
    expect(Number(parseTime(layout, text).ns / 1_000_000n)).toBe(Date.parse(iso));
  });

  test.each([
    ['2006-01-02', '2026-02-30', 'day out of range'],
    ['2006-01-02', '2026-13-01', 'month out of range'],
    ['15:04', '24:00', 'hour out of range'],
    ['2006-01-02', 'yesterday', 'cannot parse "yesterday" as "2006-01-02"'],
    ['2006', '2026x', 'cannot parse'],
  ])('%j does not read %j', (layout, text, message) => {
    expect(() => parseTime(layout, text)).toThrow(message);
  });

  test('reads back what it wrote', () => {
    const layouts = ['2006-01-02 15:04:05.999999999 -0700', 'Mon Jan _2 2006 03:04:05.000 PM Z07:00'];
    const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata'];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_800_000 }),
        fc.constantFrom(...layouts),
        fc.constantFrom(...zones),
        (ms, layout, zone) => {
          const text = shown(GoTime.fromMs(ms, zoneNamed(zone)), layout);
          expect(Number(parseTime(layout, text).ns / 1_000_000n)).toBe(ms);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('layouts of any kind end in a time or an error', () => {
    const piece = fc.constantFrom(
      '2006',
      '01',
      '02',
      'Jan',
      '15',
      '.000',
      'MST',
      '-0700',
      ' ',
      '(',
      '[a',
      '\\',
      '*',
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.string({ maxLength: 30 }), (pieces, text) => {
        try {
          expect(typeof parseTime(pieces.join(''), text).ns).toBe('bigint');
        } catch (error) {
          expect((error as Error).message).toMatch(/^parsing time /);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  [0n, '0s'],
  [1n, '1ns'],
  [1_100n, '1.1µs'],
  [2_200_000n, '2.2ms'],
  [3_300_000_000n, '3.3s'],
  [60_000_000_000n, '1m0s'],
  [3_600_000_000_000n, '1h0m0s'],
  [-5_400_000_000_001n, '-1h30m0.000000001s'],
  [9_223_372_036_854_775_807n, '2562047h47m16.854775807s'],
])('a duration of %d ns is %s', (ns, text) => expect(String(new GoDuration(ns))).toBe(text));
