/** The bytes of a body; undefined when there are more than `maxBytes`, the rest of which stays unread. */
export async function readUpTo(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    length += read.value.length;
    if (length > maxBytes) return undefined;
    chunks.push(read.value);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
