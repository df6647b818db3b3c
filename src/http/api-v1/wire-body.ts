import type { Context } from 'hono';
import { snappyDecoding } from '../../exposition/remote/snappy.ts';
import { readUpTo } from '../read-up-to.ts';
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
  const body = await readUpTo(c.req.raw.body, maxBytes);
  if (!body) throw tooLarge(maxBytes);
  return body;
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
