import type { Slicer } from './slicer.ts';

/** Items between two looks at the clock. */
const ITEMS_PER_LOOK = 16;

/**
 * A JSON array as an answer, written item by item in slices of time, so that a list of any length stops nothing else. Items are
 * taken from the iterable only as they are written.
 */
export function jsonList(items: Iterable<object>, slicer: Slicer): Promise<Response> {
  return jsonTexts(
    Iterator.from(items).map((item) => JSON.stringify(item)),
    slicer,
  );
}

/** The same of items that are JSON already. */
export async function jsonTexts(items: Iterable<string>, slicer: Slicer): Promise<Response> {
  const pieces: Uint8Array[] = [];
  let text = '[';
  let count = 0;
  for (const item of items) {
    text += count === 0 ? item : `,${item}`;
    if (++count % ITEMS_PER_LOOK !== 0 || !slicer.isDue()) continue;
    pieces.push(Buffer.from(text));
    text = '';
    await slicer.pause();
  }
  pieces.push(Buffer.from(`${text}]`));
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return new Response(pieces.length === 1 ? (pieces[0] as Uint8Array<ArrayBuffer>) : streamOf(pieces), {
    headers: { 'content-type': 'application/json', 'content-length': String(length) },
  });
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
