import type { Slicer } from './slicer.ts';

/** Pieces between two looks at the clock. */
const PIECES_PER_LOOK = 16;

/** Text is turned into bytes from this length on: a string of a megabyte costs ten times as much per byte as one of these. */
const CHUNK_CHARS = 32 * 1024;

/**
 * A JSON text as an answer, written piece by piece in slices of time, so that a list of any length stops nothing else. Pieces are
 * taken from the iterable only as they are written.
 */
export async function slicedJson(pieces: Iterable<string>, slicer: Slicer): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let text = '';
  let count = 0;
  for (const piece of pieces) {
    text += piece;
    if (text.length >= CHUNK_CHARS) {
      chunks.push(Buffer.from(text));
      text = '';
    }
    if (++count % PIECES_PER_LOOK === 0 && slicer.isDue()) await slicer.pause();
  }
  chunks.push(Buffer.from(text));
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return new Response(chunks.length === 1 ? (chunks[0] as Uint8Array<ArrayBuffer>) : streamOf(chunks), {
    headers: { 'content-type': 'application/json', 'content-length': String(length) },
  });
}

/** The pieces of an array whose items are JSON already. */
export function* arrayPieces(items: Iterable<string>): Generator<string> {
  let before = '[';
  for (const item of items) {
    yield before + item;
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}

function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(pieces[next++]!);
      if (next === pieces.length) controller.close();
    },
  });
}
