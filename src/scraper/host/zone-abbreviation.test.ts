import { expect, test } from 'vitest';
import { numericAbbreviation, readZoneFile, zoneFiles } from './zone-abbreviation.ts';

const HOUR = 3600;
const TYPES = [
  { offset: 3208, name: 'LMT' },
  { offset: HOUR, name: 'CET' },
  { offset: 2 * HOUR, name: 'CEST' },
  { offset: 2 * HOUR, name: 'XST' },
];

/** As zic writes them; the first part of version 2 is there for old readers and may say something else. */
function zoneFile(version: 1 | 2, changes: readonly (readonly [at: number, type: number])[]): Buffer {
  const part = (timeBytes: 4 | 8, entries: typeof changes, names: typeof TYPES): Buffer => {
    const header = Buffer.alloc(44);
    header.write('TZif', 0, 'latin1');
    header.write(version === 1 ? '\0' : '2', 4, 'latin1');
    const chars = `${names.map(({ name }) => name).join('\0')}\0`;
    header.writeUInt32BE(entries.length, 32);
    header.writeUInt32BE(names.length, 36);
    header.writeUInt32BE(chars.length, 40);
    const times = Buffer.alloc(entries.length * (timeBytes + 1));
    for (const [i, [at, type]] of entries.entries()) {
      if (timeBytes === 8) times.writeBigInt64BE(BigInt(at), i * 8);
      else times.writeInt32BE(at, i * 4);
      times.writeUInt8(type, entries.length * timeBytes + i);
    }
    const types = Buffer.alloc(names.length * 6);
    let at = 0;
    for (const [i, { offset, name }] of names.entries()) {
      types.writeInt32BE(offset, i * 6);
      types.writeUInt8(at, i * 6 + 5);
      at += name.length + 1;
    }
    return Buffer.concat([header, times, types, Buffer.from(chars, 'latin1')]);
  };
  if (version === 1) return part(4, changes, TYPES);
  const old = part(4, [[0, 0]], [{ offset: HOUR, name: 'OLD' }]);
  return Buffer.concat([old, part(8, changes, TYPES), Buffer.from('\nCET-1CEST\n')]);
}

const CHANGES = [
  [-2_500_000_000, 0],
  [1000, 3],
  [2000, 1],
  [3000, 2],
  [4000, 1],
] as const;

test.each([1, 2] as const)('version %d: the name of the last change that had this offset', (version) => {
  const zone = readZoneFile(zoneFile(version, version === 1 ? CHANGES.slice(1) : CHANGES))!;
  expect(zone.abbreviation(1500, 2 * HOUR)).toBe('XST');
  expect(zone.abbreviation(2500, HOUR)).toBe('CET');
  expect(zone.abbreviation(3500, 2 * HOUR)).toBe('CEST');
  expect(zone.abbreviation(1_800_000_000, 2 * HOUR)).toBe('CEST');
  expect(zone.abbreviation(500, HOUR)).toBe('CET');
  expect(zone.abbreviation(3500, 5 * HOUR)).toBeUndefined();
});

test('a file without changes', () => {
  expect(readZoneFile(zoneFile(2, []))!.abbreviation(0, 3208)).toBe('LMT');
});

test('what is no time zone file, or not all of one, has no names', () => {
  expect(readZoneFile(Buffer.from('# a text'))).toBeUndefined();
  const whole = zoneFile(2, CHANGES);
  for (let length = 0; length < whole.length - 12; length++) {
    expect(readZoneFile(whole.subarray(0, length))).toBeUndefined();
  }
});

test('TZ names a file, a zone or nothing', () => {
  expect(zoneFiles(undefined)).toEqual(['/etc/localtime']);
  expect(zoneFiles('')).toEqual([]);
  expect(zoneFiles('UTC')).toEqual([]);
  expect(zoneFiles(':/a/b')).toEqual(['/a/b']);
  expect(zoneFiles('Europe/Oslo')[0]).toBe('/usr/share/zoneinfo/Europe/Oslo');
});

test.each([
  [0, 'UTC'],
  [19_800, '+0530'],
  [-3 * HOUR, '-03'],
])('an offset of %d s without a name is %s', (offset, name) => {
  expect(numericAbbreviation(offset)).toBe(name);
});
