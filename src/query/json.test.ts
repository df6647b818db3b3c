import { describe, expect, test } from 'vitest';
import { JsonWriter, ResultTooLargeError } from './json.ts';

const MB = 1024 * 1024;

function write(fill: (writer: JsonWriter) => void, maxBytes = 100 * MB) {
  let charged = 0;
  const writer = new JsonWriter({
    maxBytes,
    charge(bytes) {
      charged += bytes;
    },
  });
  fill(writer);
  const pieces = writer.finish();
  return { pieces, text: Buffer.concat(pieces).toString(), charged };
}

describe('JsonWriter', () => {
  test('a small answer is one piece of exactly its size', () => {
    const { pieces, text } = write((writer) => writer.raw('{"a":1}'));
    expect([pieces.length, pieces[0]!.buffer.byteLength, text]).toEqual([1, 7, '{"a":1}']);
    expect(write(() => {}).text).toBe('');
  });

  test('a large answer is pieces that own their memory, whatever characters lie on their bounds', () => {
    const parts = Array.from({ length: 3000 }, (_, i) => `${'é'.repeat(i % 7)}€😀${'x'.repeat(i % 1501)}`);
    const { pieces, text, charged } = write((writer) => {
      for (const part of parts) writer.raw(part);
    });
    expect(text).toBe(parts.join(''));
    expect(pieces.length).toBeGreaterThan(2);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(MB);
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
    const held = pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    expect(charged).toBeGreaterThanOrEqual(held - MB);
    expect(held).toBeLessThan(Buffer.byteLength(text) + MB);
  });

  test('bytes and placed text go where they belong', () => {
    const bytes = new Uint8Array(3 * MB + 5).map((_, i) => 65 + (i % 26));
    const { text } = write((writer) => {
      writer.raw('<');
      writer.bytes(bytes);
      writer.raw('>');
      for (let i = 0; i < 200_000; i++) {
        writer.place(64, (target, at) => {
          target.fill(48 + (i % 10), at, at + 9);
          return at + 9;
        });
      }
      writer.raw('.');
    });
    const digits = Array.from({ length: 200_000 }, (_, i) => String(i % 10).repeat(9)).join('');
    expect(text === `<${Buffer.from(bytes)}>${digits}.`).toBe(true);
  });

  test('all pieces count against the limit', () => {
    const fill = (writer: JsonWriter): void => {
      for (let i = 0; i < 50; i++) writer.raw('x'.repeat(100_000));
    };
    expect(write(fill, 5_000_000).text).toHaveLength(5_000_000);
    expect(() => write(fill, 4_999_999)).toThrow(ResultTooLargeError);
  });
});
