import { type ComponentChildren, createElement } from 'preact';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { type HtmlNode, htmlTree, isSafeAddress } from './html-tree.ts';
import { type Block, markdownBlocks } from './markdown.ts';

/** Text as its author wrote it: Markdown and HTML, each brought to nodes of our own. Nothing is ever set as markup. */
export function TextPanel({ text }: { readonly text: NonNullable<PanelModel['text']> }) {
  if (text.mode === 'code') return <pre class="code">{text.content}</pre>;
  const isHtml = text.mode === 'html' || /^\s*</.test(text.content);
  return (
    <div class={isHtml ? 'prose is-html' : 'prose'}>
      {isHtml ? htmlTree(text.content).map(htmlNode) : markdownBlocks(text.content).map(block)}
    </div>
  );
}

function htmlNode(node: HtmlNode, key: number): ComponentChildren {
  if (typeof node === 'string') return node;
  const { tag, href, title, span, style, children } = node;
  return createElement(
    elementOf(tag),
    {
      key,
      ...(title ? { title } : {}),
      ...(span ? { colSpan: span } : {}),
      ...(style ? { style } : {}),
      ...linkTo(href),
      ...headingOf(tag),
    },
    children.length === 0 ? undefined : children.map(htmlNode),
  );
}

/** Old elements as what they mean; a heading in a panel is none of the page. */
const elementOf = (tag: string): string =>
  tag === 'font' || tag === 'big'
    ? 'span'
    : tag === 'center' || tag === 'section'
      ? 'div'
      : /^h\d$/.test(tag)
        ? 'p'
        : tag;

const headingOf = (tag: string): { class?: string } => (/^h\d$/.test(tag) ? { class: `prose-${tag}` } : {});

const linkTo = (href: string | undefined): Record<string, string> =>
  href === undefined
    ? {}
    : href.startsWith('http')
      ? { href, target: '_blank', rel: 'noreferrer noopener' }
      : { href };

function block(one: Block, key: number): ComponentChildren {
  switch (one.kind) {
    case 'heading':
      return (
        <p key={key} class={`prose-h${one.level}`}>
          {inline(one.text)}
        </p>
      );
    case 'code':
      return (
        <pre key={key} class="code">
          {one.text}
        </pre>
      );
    case 'rule':
      return <hr key={key} />;
    case 'quote':
      return <blockquote key={key}>{one.blocks.map(block)}</blockquote>;
    case 'html':
      return <div key={key}>{htmlTree(one.text).map(htmlNode)}</div>;
    case 'list':
      return createElement(
        one.isNumbered ? 'ol' : 'ul',
        { key, ...(one.isNumbered && one.start !== 1 ? { start: one.start } : {}) },
        one.items.map((item, i) => (
          <li key={`${i} ${item.text}`}>
            {inline(item.text)}
            {item.blocks.map(block)}
          </li>
        )),
      );
    case 'table':
      return (
        <table key={key}>
          <thead>
            <tr>
              {one.head.map((cell, i) => (
                <th key={`${i} ${cell}`} style={alignOf(one.aligns[i])}>
                  {inline(cell)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {one.rows.map((row, i) => (
              <tr key={`${i} ${row.join()}`}>
                {row.map((cell, at) => (
                  <td key={`${at} ${cell}`} style={alignOf(one.aligns[at])}>
                    {inline(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
    case 'paragraph':
      return <p key={key}>{inline(one.text)}</p>;
  }
}

const alignOf = (align: string | undefined): { textAlign: string } | undefined =>
  align === undefined || align === '' ? undefined : { textAlign: align };

const INLINE =
  /`([^`]+)`|!\[([^\]]*)\]\([^)]*\)|\[([^\]]+)\]\(([^)\s]+)[^)]*\)|(?:\*\*|__)(.+?)(?:\*\*|__)|\*([^*\s][^*]*)\*|~~(.+?)~~|<(https?:\/\/[^>\s]+)>|(https?:\/\/[^\s<>)]+[^\s<>).,;:!?])|<br\s*\/?>/gi;

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, image, label, address, bold, italic, struck, bracketed, bare] = match;
    parts.push(text.slice(end, match.index));
    if (code !== undefined) parts.push(<code class="mono">{code}</code>);
    else if (image !== undefined) parts.push(image);
    else if (label !== undefined)
      parts.push(isSafeAddress(address!) ? <a {...linkTo(address)}>{inline(label)}</a> : label);
    else if (bold !== undefined) parts.push(<strong>{inline(bold)}</strong>);
    else if (italic !== undefined) parts.push(<em>{inline(italic)}</em>);
    else if (struck !== undefined) parts.push(<del>{inline(struck)}</del>);
    else if (bracketed !== undefined || bare !== undefined) {
      const url = bracketed ?? bare!;
      parts.push(<a {...linkTo(url)}>{url}</a>);
    } else parts.push(<br />);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
