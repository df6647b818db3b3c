/** A block of a Markdown text; what is inside of lines is still as written. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph' | 'code' | 'html'; readonly text: string }
  | { readonly kind: 'rule' }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | {
      readonly kind: 'list';
      readonly isNumbered: boolean;
      readonly start: number;
      readonly items: readonly Item[];
    }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly aligns: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

interface Item {
  readonly text: string;
  /** What is indented below it. */
  readonly blocks: readonly Block[];
}

const ITEM = /^( *)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const MAX_DEPTH = 8;

/** The blocks of everyday Markdown: headings, paragraphs, lists within lists, quotes, fenced code, tables, rules, HTML of its own lines. */
export function markdownBlocks(markdown: string, depth = 0): Block[] {
  const lines = markdown.replaceAll('\t', '    ').split(/\r?\n/);
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', text: paragraph.join(' ') });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const fence = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
    const isInside = depth < MAX_DEPTH;
    if (fence !== undefined) {
      flush();
      const code: string[] = [];
      while (++at < lines.length && !lines[at]!.trimStart().startsWith(fence)) code.push(lines[at]!);
      blocks.push({ kind: 'code', text: code.join('\n') });
    } else if (heading) {
      flush();
      blocks.push({ kind: 'heading', level: heading[1]!.length, text: heading[2]! });
    } else if (/^ {0,3}([-*_])( *\1){2,} *$/.test(line)) {
      flush();
      blocks.push({ kind: 'rule' });
    } else if (/^ {0,3}>/.test(line) && isInside) {
      flush();
      const quoted: string[] = [];
      for (; at < lines.length && /^ {0,3}>/.test(lines[at]!); at++)
        quoted.push(lines[at]!.replace(/^ {0,3}> ?/, ''));
      at--;
      blocks.push({ kind: 'quote', blocks: markdownBlocks(quoted.join('\n'), depth + 1) });
    } else if (ITEM.test(line) && isInside) {
      flush();
      const [list, next] = listAt(lines, at, depth);
      blocks.push(list);
      at = next - 1;
    } else if (line.includes('|') && /^ *\|? *:?-+:? *(\| *:?-+:? *)*\|? *$/.test(lines[at + 1] ?? '')) {
      flush();
      const aligns = cellsOf(lines[at + 1]!).map((cell) =>
        cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : '',
      );
      const head = cellsOf(line);
      const rows: string[][] = [];
      for (at += 2; at < lines.length && lines[at]!.includes('|'); at++) rows.push(cellsOf(lines[at]!));
      at--;
      blocks.push({ kind: 'table', head, aligns, rows });
    } else if (/^ {0,3}<\/?[a-z][^>]*>/i.test(line) && !/^ {0,3}<https?:/.test(line)) {
      flush();
      const html: string[] = [];
      for (; at < lines.length && lines[at]!.trim() !== ''; at++) html.push(lines[at]!);
      blocks.push({ kind: 'html', text: html.join('\n') });
    } else if (line.trim() === '') flush();
    // Two spaces at the end are a new line.
    else paragraph.push(/ {2,}$/.test(line) ? `${line.trim()}<br>` : line.trim());
  }
  flush();
  return blocks;
}

/** @returns the list, and the line behind it */
function listAt(lines: readonly string[], from: number, depth: number): [Block, number] {
  const [, indent = '', bullet = ''] = ITEM.exec(lines[from]!)!;
  const isNumbered = /\d/.test(bullet);
  const items: Item[] = [];
  let at = from;
  while (at < lines.length) {
    const match = ITEM.exec(lines[at]!);
    if (!match || match[1]!.length > indent.length + 1 || /\d/.test(match[2]!) !== isNumbered) break;
    const text = [match[3]!];
    const below: string[] = [];
    const inner = indent.length + 2;
    for (at++; at < lines.length; at++) {
      const line = lines[at]!;
      const isIndented = line.startsWith(' '.repeat(inner));
      if (line.trim() === '' ? !lines[at + 1]?.startsWith(' '.repeat(inner)) : ITEM.test(line) && !isIndented)
        break;
      if (
        below.length > 0 ||
        line.trim() === '' ||
        (isIndented && (ITEM.test(line) || /^ *(```|>)/.test(line)))
      )
        below.push(line.slice(Math.min(inner, line.length - line.trimStart().length)));
      else if (/^ {0,3}(#{1,6}\s|```|>)/.test(line)) break;
      else text.push(line.trim());
    }
    items.push({
      text: text.join(' '),
      blocks: below.length === 0 ? [] : markdownBlocks(below.join('\n'), depth + 1),
    });
    while (at < lines.length && lines[at]!.trim() === '' && ITEM.test(lines[at + 1] ?? '')) at++;
  }
  return [{ kind: 'list', isNumbered, start: Number.parseInt(bullet, 10) || 1, items }, at];
}

const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
