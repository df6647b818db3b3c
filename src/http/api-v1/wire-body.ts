import type { Context } from 'hono';
import { snappyDecoding } from '../../exposition/remote/snappy.ts';
import type { Slicer } from '../slicer.ts';

/** A body of more bytes than are taken; answered with 413. */
export class BodyTooLargeError extends Error {}

/**
 * The body of a request, up to `maxBytes`, by its declared length and by what arrives.
 * @throws BodyTooLargeError
 */
export async function readBody(c: Context, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(c.req.header('content-length') ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Decodes a snappy body in slices. @throws WireError */
export async function decodeBody(body: Uint8Array, maxBytes: number, slicer: Slicer): Promise<Uint8Array> {
  const decoding = snappyDecoding(body, maxBytes);
  for (;;) {
    const step = decoding.next();
    if (step.done) return step.value;
    if (slicer.isDue()) await slicer.pause();
  }
}

const tooLarge = (maxBytes: number): BodyTooLargeError =>
  new BodyTooLargeError(`expected a body of at most ${maxBytes} bytes, got a larger one`);
