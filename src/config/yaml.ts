import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type Finding, formatPath, type Path } from './finding.ts';
import type { Position } from './rules.ts';

/** A node as the reader sees it: aliases followed, `undefined` for a key without value. */
export type YamlNode = YAMLMap | YAMLSeq | Scalar | undefined;

export interface YamlEntry {
  readonly key: string;
  readonly keyNode: Scalar;
  readonly value: YamlNode;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 100;

/**
 * A YAML file with positions. Scalars are not typed here: what `on`, `0x10` or `1e3` mean is up to the schema that reads them.
 * Only the first document counts, as upstream has it.
 */
export class YamlFile {
  readonly file: string;
  readonly text: string;
  readonly errors: Finding[] = [];
  /** Whether there is a document to read in spite of errors, such as a key given twice. */
  readonly isReadable: boolean;
  readonly warnings: Finding[] = [];
  readonly #lines = new LineCounter();
  readonly #targets = new Map<Alias, Node | undefined>();
  #root: Node | null = null;

  /** Never throws; what is not YAML is in `errors`. */
  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.isReadable = this.#compose(text);
    if (this.isReadable) this.#checkKeys();
  }

  get root(): YamlNode {
    return this.follow(this.#root);
  }

  /** Follows aliases. A loop ends at the depth limit of the reader. */
  follow(node: unknown): YamlNode {
    let current = node;
    for (let hops = 0; isAlias(current) && hops < MAX_DEPTH; hops++) current = this.#targets.get(current);
    return isMap(current) || isSeq(current) || isScalar(current) ? current : undefined;
  }

  /** The entries of a mapping, merge keys (`<<`) resolved: own keys win, then earlier merges. */
  entries(map: YAMLMap): YamlEntry[] {
    const entries = new Map<string, YamlEntry>();
    this.#collect(map, entries, 0);
    return [...entries.values()];
  }

  items(seq: YAMLSeq): YamlNode[] {
    return seq.items.map((item) => this.follow(item));
  }

  /** The node at a path, or undefined when the document does not go so far. */
  nodeAt(path: Path): YamlNode {
    let node = this.root;
    for (const part of path) {
      if (isMap(node)) node = this.entries(node).find(({ key }) => key === part)?.value;
      else if (isSeq(node) && typeof part === 'number') node = this.items(node)[part];
      else return undefined;
    }
    return node;
  }

  /** Whether there is something at a path; a key without value is as good as no key. */
  has(path: Path): boolean {
    const node = this.nodeAt(path);
    return node !== undefined && !isNull(node);
  }

  /** Where a finding about this path belongs: a scalar itself, the key of a mapping or list, the nearest that exists. */
  positionOf(path: Path): Position {
    let node = this.root;
    let offset = isMap(node) || isSeq(node) ? 0 : offsetOf(node);
    for (const part of path) {
      if (isMap(node)) {
        const entry = this.entries(node).find(({ key }) => key === part);
        if (!entry) break;
        node = entry.value;
        const isText = isScalar(node) && node.source !== '';
        offset = isText ? offsetOf(node) : offsetOf(entry.keyNode);
      } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
        node = this.items(node)[part];
        offset = offsetOf(node) || offset;
      } else break;
    }
    return this.position(offset);
  }

  position(offset: number): Position {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  finding(path: Path, message: string): Finding {
    return { file: this.file, ...this.positionOf(path), path: formatPath(path), message };
  }

  /** A finding at the key itself rather than at its value. */
  findingAtKey(path: Path, keyNode: Scalar, message: string): Finding {
    return this.#at(offsetOf(keyNode), path, message);
  }

  /** A finding at a character of a scalar's text, for languages inside the YAML. */
  findingInside(path: Path, textOffset: number, message: string): Finding {
    const node = this.nodeAt(path);
    if (!isScalar(node) || !node.range) return this.finding(path, message);
    return this.#at(sourceOffset(this.text, node, textOffset), path, message);
  }

  #compose(text: string): boolean {
    if (text.length > MAX_BYTES) {
      this.#error(0, [], `expected a file of at most ${MAX_BYTES} bytes, got ${text.length}`);
      return false;
    }
    const tokens = [...new Parser((offset) => this.#lines.addNewLine(offset)).parse(text)];
    const deep = tokens.map((token) => tooDeep(token)).find((offset) => offset !== undefined);
    if (deep !== undefined) {
      this.#error(deep, [], `expected at most ${MAX_DEPTH} levels of nesting, got more`);
      return false;
    }
    const composer = new Composer({
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
    });
    const [document, second] = [...composer.compose(tokens, true, text.length)];
    if (!document) return true;
    // Those after the first are mostly its consequences.
    const [fault] = [...document.errors].sort((a, b) => a.pos[0] - b.pos[0]);
    if (fault) this.#error(fault.pos[0], [], `not valid YAML: ${fault.message}`);
    if (second && this.errors.length === 0) {
      this.warnings.push(this.#at(second.range[0], [], 'only the first YAML document of a file counts'));
    }
    this.#root = document.contents;
    this.#linkAliases(document as Document);
    return this.errors.length === 0;
  }

  #collect(map: YAMLMap, entries: Map<string, YamlEntry>, depth: number): void {
    if (depth > MAX_DEPTH) return;
    const merges: YamlNode[] = [];
    for (const pair of map.items as Pair[]) {
      const keyNode = this.follow(pair.key);
      if (!isScalar(keyNode)) continue;
      const key = String(keyNode.value ?? '');
      const value = this.follow(pair.value);
      if (key === '<<' && keyNode.type === 'PLAIN')
        merges.push(...(isSeq(value) ? this.items(value) : [value]));
      else if (!entries.has(key)) entries.set(key, { key, keyNode, value });
    }
    for (const merged of merges) if (isMap(merged)) this.#collect(merged, entries, depth + 1);
  }

  #linkAliases(document: Document): void {
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_, node) => {
        if (isAlias(node)) {
          const target = anchors.get(node.source);
          this.#targets.set(node, target);
          if (!target)
            this.#error(
              node.range?.[0] ?? 0,
              [],
              `expected an anchor &${node.source} before *${node.source}`,
            );
        } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
  }

  /** Reports keys given twice, keys that are no scalars, and merges of what is no mapping. */
  #checkKeys(): void {
    const walk = (node: unknown, path: Path): void => {
      if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
      if (!isMap(node)) return;
      const seen = new Map<string, Scalar>();
      for (const pair of node.items as Pair[]) {
        const keyNode = this.follow(pair.key);
        if (!isScalar(keyNode)) {
          this.#error(offsetOf(keyNode ?? node), path, 'expected a key, got a mapping or a list');
          continue;
        }
        const key = String(keyNode.value ?? '');
        const isMerge = key === '<<' && keyNode.type === 'PLAIN';
        const first = seen.get(key);
        if (first && !isMerge) {
          const line = this.position(offsetOf(first)).line;
          this.#error(
            offsetOf(keyNode),
            [...path, key],
            `expected each key once, got it first in line ${line}`,
          );
        }
        seen.set(key, keyNode);
        if (isMerge) this.#checkMerge(pair.value, keyNode, path);
        walk(pair.value, [...path, key]);
      }
    };
    walk(this.#root, []);
  }

  #checkMerge(value: unknown, keyNode: Scalar, path: Path): void {
    const merged = this.follow(value);
    const parts = isSeq(merged) ? this.items(merged) : [merged];
    if (!parts.every((part) => isMap(part))) {
      this.#error(offsetOf(keyNode), [...path, '<<'], 'expected a mapping to merge, got something else');
    }
  }

  #at(offset: number, path: Path, message: string): Finding {
    return { file: this.file, ...this.position(offset), path: formatPath(path), message };
  }

  #error(offset: number, path: Path, message: string): void {
    this.errors.push(this.#at(offset, path, message));
  }
}

/** What a scalar says, before it is typed. */
export function sourceText(node: Scalar): string {
  return String(node.value ?? '');
}

export function isNull(node: YamlNode): boolean {
  return isScalar(node) && node.type === 'PLAIN' && /^(~|null|Null|NULL|)$/.test(sourceText(node));
}

const offsetOf = (node: YamlNode): number => node?.range?.[0] ?? 0;

/** Offset of the first token nested too deep to be read safely. Walks without recursion. */
function tooDeep(token: CST.Token): number | undefined {
  const stack: { token: CST.Token; depth: number }[] = [{ token, depth: 0 }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.depth > MAX_DEPTH) return 'offset' in top.token ? top.token.offset : 0;
    const depth = top.depth + 1;
    const children: (CST.Token | null | undefined)[] = [];
    if (top.token.type === 'document') children.push(top.token.value);
    else if ('items' in top.token) for (const item of top.token.items) children.push(item.key, item.value);
    for (const child of children) if (child) stack.push({ token: child, depth });
  }
  return undefined;
}

/**
 * Maps a character of a scalar's value to the file. Folding and indentation change only white space, so the n-th other
 * character of the value is the n-th of the source; escapes in quotes count as the one character they stand for.
 */
function sourceOffset(source: string, node: Scalar, textOffset: number): number {
  const value = String(node.value ?? '');
  const [start, end] = [node.range![0], node.range![1]];
  let left = value.slice(0, textOffset).replace(/\s/g, '').length;
  let at = start;
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  if (isBlock) at = source.indexOf('\n', start) + 1;
  else if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') at++;
  for (; at < end; at++) {
    const char = source[at]!;
    if (/\s/.test(char)) continue;
    const isEscape =
      (node.type === 'QUOTE_DOUBLE' && char === '\\') ||
      (node.type === 'QUOTE_SINGLE' && source.startsWith("''", at));
    const isSpace = isEscape && node.type === 'QUOTE_DOUBLE' && /[nrt \n]/.test(source[at + 1] ?? '');
    if (left === 0 && !isSpace) return at;
    if (!isSpace) left--;
    if (isEscape) at++;
  }
  return Math.max(start, Math.min(at, end - 1));
}
