import type { ExplainNode } from '../data/explain-types.ts';
import { formatNumber } from '../format/units.ts';
import { Value } from '../parts/value.tsx';

/** An expression as the tree it was evaluated as: what each node gave and what share of the time it took. */
export function QueryTree({ root }: { readonly root: ExplainNode }) {
  const total = Math.max(root.totalMs, 1e-6);
  return (
    <div class="query-tree" role="tree" aria-label="The expression as a tree">
      <div class="query-node is-head" aria-hidden="true">
        <span>Part</span>
        <span class="num">Series</span>
        <span class="num">Samples</span>
        <span class="num">Time</span>
      </div>
      <TreeNode node={root} depth={0} total={total} />
    </div>
  );
}

function TreeNode({
  node,
  depth,
  total,
}: {
  readonly node: ExplainNode;
  readonly depth: number;
  readonly total: number;
}) {
  const isEmpty = node.seriesOut === 0 && !/number|string/i.test(node.type);
  return (
    <>
      <div
        class={isEmpty ? 'query-node is-empty' : 'query-node'}
        role="treeitem"
        aria-level={depth + 1}
        aria-selected="false"
        tabIndex={depth === 0 ? 0 : -1}
        title={node.query}
      >
        <span class="query-text mono" style={{ '--depth': String(depth) }}>
          {oneLine(node.query)}
          {isEmpty && <span class="text-pending"> gives nothing</span>}
        </span>
        <span class="num">{formatNumber(node.seriesOut)}</span>
        <span class="num dim">{node.samplesRead > 0 ? formatNumber(node.samplesRead) : ''}</span>
        <span class="num query-time">
          <span class="query-share" style={{ width: `${Math.min(100, (node.selfMs / total) * 100)}%` }} />
          <Value value={node.selfMs / 1000} unit="s" />
        </span>
      </div>
      {node.children.map((child, i) => (
        <TreeNode key={`${i} ${child.query}`} node={child} depth={depth + 1} total={total} />
      ))}
    </>
  );
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
