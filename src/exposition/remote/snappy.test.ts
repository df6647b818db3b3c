import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSnappy, encodeSnappy, snappyDecoding } from './snappy.ts';
import { WireError } from './wire-error.ts';

const MiB = 1024 * 1024;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Text as requests hold it: a few words again and again, so that copies of all lengths occur. */
const repetitive = fc
  .array(fc.constantFrom('job', 'instance', 'node_cpu_seconds_total', '\0\x01', 'x'.repeat(300), 'é'), {
    maxLength: 400,
  })
  .map((words) => ascii(words.join('')));

describe('snappy', () => {
  test('what was encoded decodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 5000 })), (input) => {
        expect(decodeSnappy(encodeSnappy(input), MiB)).toEqual(input);
      }),
    );
  });

  test('more than a window comes back, and shrinks when it repeats', () => {
    const input = ascii('node_filesystem_avail_bytes{device="/dev/sda1"} '.repeat(10_000));
    const encoded = encodeSnappy(input);
    expect(encoded.length).toBeLessThan(input.length / 10);
    expect(decodeSnappy(encoded, MiB)).toEqual(input);
  });

  test.each([
    ['an empty block', bytes(0), ''],
    ['a literal', bytes(5, 4 << 2, 104, 101, 108, 108, 111), 'hello'],
    ['an overlapping short copy', bytes(6, 1 << 2, 97, 98, 0b000_000_01, 2), 'ababab'],
    ['a two byte copy', bytes(4, 1 << 2, 97, 98, (1 << 2) | 2, 2, 0), 'abab'],
    ['a four byte copy', bytes(4, 1 << 2, 97, 98, (1 << 2) | 3, 2, 0, 0, 0), 'abab'],
    ['a literal with its length in a byte of its own', bytes(2, 60 << 2, 1, 97, 98), 'ab'],
  ])('%s is read', (_, block, text) => {
    expect(new TextDecoder().decode(decodeSnappy(block, 100))).toBe(text);
  });

  test.each([
    [
      'a length over the limit, before anything is allocated',
      bytes(0xff, 0xff, 0xff, 0xff, 0x0f),
      /at most 1048576/,
    ],
    [
      'a length that the bytes cannot make',
      bytes(0x80, 0x80, 0x10, 0),
      /cannot decode to the declared 262144/,
    ],
    ['no length', bytes(), /expected a length/],
    ['a length without end', bytes(0x80, 0x80, 0x80, 0x80, 0x80, 1), /at most 5 bytes/],
    ['a literal that ends early', bytes(5, 4 << 2, 104), /ends within an element/],
    ['a copy from before the start', bytes(4, 0, 97, 0b000_000_01, 9), /9 bytes back/],
    ['a copy from nowhere', bytes(4, 0, 97, 0b000_000_01, 0), /0 bytes back/],
    ['more than declared', bytes(1, 1 << 2, 97, 98), /more than the declared 1 /],
    ['less than declared', bytes(3, 0, 97), /expected 3 bytes as declared, got 1/],
  ])('%s is refused', (_, block, message) => {
    expect(() => decodeSnappy(block, MiB)).toThrow(message);
  });

  test('any bytes decode or are refused by name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        try {
          decodeSnappy(input, MiB);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  test('a cut or changed block never decodes to more than is allowed', () => {
    fc.assert(
      fc.property(repetitive, fc.nat(), fc.nat(255), (input, at, byte) => {
        const block = encodeSnappy(input);
        block[at % block.length] = byte;
        try {
          expect(decodeSnappy(block.subarray(0, block.length - (at % 3)), MiB).length).toBeLessThanOrEqual(
            MiB,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  test('a large block is decoded in slices', () => {
    const decoding = snappyDecoding(encodeSnappy(new Uint8Array(5 * MiB)), 8 * MiB);
    let slices = 0;
    while (!decoding.next().done) slices++;
    expect(slices).toBeGreaterThanOrEqual(4);
  });
});
