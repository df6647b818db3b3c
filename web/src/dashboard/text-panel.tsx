import type { ComponentChildren } from 'preact';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { htmlWords } from './html-words.ts';

/** Text as its author wrote it: Markdown's everyday parts; of HTML, the words. Nothing is ever set as markup. */
export function TextPanel({ text }: { readonly text: NonNullable<PanelModel['text']> }) {
  if (text.mode === 'code') return <pre class="code">{text.content}</pre>;
  const content = text.mode === 'html' || /^\s*</.test(text.content) ? htmlWords(text.content) : text.content;
  return <div class="prose">{blocksOf(content)}</div>;
}

function blocksOf(markdown: string): ComponentChildren[] {
  const blocks: ComponentChildren[] = [];
  let items: string[] = [];
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) blocks.push(<p key={blocks.length}>{inline(lines.join(' '))}</p>);
    if (items.length > 0) {
      blocks.push(
        <ul key={blocks.length}>
          {items.map((item, i) => (
            <li key={`${i} ${item}`}>{inline(item)}</li>
          ))}
        </ul>,
      );
    }
    lines = [];
    items = [];
  };
  for (const line of markdown.split('\n')) {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*+]|\d+\.)\s+(.*)$/.exec(line);
    if (heading) {
      flush();
      blocks.push(
        <p key={blocks.length} class={`prose-h${heading[1]!.length}`}>
          {inline(heading[2]!)}
        </p>,
      );
    } else if (item) {
      if (lines.length > 0) flush();
      items.push(item[1]!);
    } else if (line.trim() === '') flush();
    else if (items.length > 0) items[items.length - 1] += ` ${line.trim()}`;
    else lines.push(line.trim());
  }
  flush();
  return blocks;
}

const INLINE = /\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)[^)]*\)|\*([^*]+)\*/g;

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, bold, code, label, address, italic] = match;
    parts.push(text.slice(end, match.index));
    if (bold !== undefined) parts.push(<strong>{bold}</strong>);
    else if (code !== undefined) parts.push(<code class="mono">{code}</code>);
    else if (italic !== undefined) parts.push(<em>{italic}</em>);
    else if (/^(https?:\/\/|\/(?!\/)|#)/.test(address!)) {
      parts.push(
        <a
          href={address}
          {...(address!.startsWith('http') ? { target: '_blank', rel: 'noreferrer noopener' } : {})}
        >
          {label}
        </a>,
      );
    } else parts.push(label);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
