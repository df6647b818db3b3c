import type { CDPSession } from 'playwright-core';

/** Kinds of nodes of a heap snapshot that are the page's own data: neither V8's code and shapes nor the browser's side. */
const DATA = new Set([
  'array',
  'string',
  'concatenated string',
  'sliced string',
  'object',
  'closure',
  'number',
]);

/** Bytes that the page's data take, from a snapshot. What V8 compiles of hot code grows for minutes, and would hide them. */
export async function dataBytes(cdp: CDPSession): Promise<number> {
  const chunks: string[] = [];
  const gather = ({ chunk }: { chunk: string }): void => void chunks.push(chunk);
  cdp.on('HeapProfiler.addHeapSnapshotChunk', gather);
  await cdp.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  cdp.off('HeapProfiler.addHeapSnapshotChunk', gather);
  const { snapshot, nodes } = JSON.parse(chunks.join('')) as {
    snapshot: { meta: { node_fields: string[]; node_types: [string[]] } };
    nodes: number[];
  };
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  let total = 0;
  for (let at = 0; at < nodes.length; at += fields.length)
    if (DATA.has(types[0][nodes[at + type]!]!)) total += nodes[at + size]!;
  return total;
}
