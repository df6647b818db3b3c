import {
  type ArgumentNode,
  type CommandNode,
  isEmptyTree,
  type NumberNode,
  nodeText,
  type PipeNode,
  type StatementNode,
  type Tree,
  type VariableNode,
} from './ast.ts';
import { quoteGo, unquoteGo } from './go-quote.ts';
import { type Token, type TokenKind, tokenize } from './lexer.ts';
import { TemplateError } from './template-error.ts';

/** Actions and parentheses within each other; more is a mistake or malice. */
const MAX_NESTING = 200;
/** Longest template text. */
const MAX_TEXT = 1 << 20;

/**
 * Parses a template's text: the template called `name` and those that it defines.
 * @param hasFunction tells whether a function may be called
 * @throws TemplateError `template: name:line: …`, with Go's texts
 */
export function parseTemplate(
  name: string,
  text: string,
  hasFunction: (name: string) => boolean,
): Map<string, Tree> {
  if (text.length > MAX_TEXT) {
    throw new TemplateError(`template: ${name}:1: text is longer than ${MAX_TEXT} characters`);
  }
  return new Parser(name, text, hasFunction).parse();
}

type Ending = { readonly kind: 'end'; readonly at: number } | { readonly kind: 'else'; readonly at: number };

class Parser {
  readonly #name: string;
  readonly #text: string;
  readonly #hasFunction: (name: string) => boolean;
  readonly #tokens: readonly Token[];
  readonly #trees = new Map<string, Tree>();
  #next = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #nesting = 0;
  #actionLine = 0;

  constructor(name: string, text: string, hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#text = text;
    this.#hasFunction = hasFunction;
    this.#tokens = tokenize(text);
  }

  parse(): Map<string, Tree> {
    const root: StatementNode[] = [];
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'leftDelim' && this.#kindAfterDelim() === 'define') {
        this.#take();
        this.#takeSolid();
        this.#definition();
        continue;
      }
      const node = this.#statement();
      if (node.kind === 'end' || node.kind === 'else') this.#fail(`unexpected {{${node.kind}}}`);
      else root.push(node);
    }
    this.#add(this.#name, root);
    return this.#trees;
  }

  #kindAfterDelim(): TokenKind {
    let i = this.#next + 1;
    while (this.#tokens[i]?.kind === 'space') i++;
    return this.#tokens[i]?.kind ?? 'eof';
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]!;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #peekSolid(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    return this.#peek();
  }

  #takeSolid(): Token {
    this.#peekSolid();
    return this.#take();
  }

  /** Messages name the line of the token read last. */
  #fail(message: string): never {
    const last = this.#tokens[Math.min(Math.max(this.#next - 1, 0), this.#tokens.length - 1)]!;
    throw new TemplateError(`template: ${this.#name}:${last.line}: ${message}`);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind === 'error') {
      let extra = '';
      if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
        extra = ` in action started at ${this.#name}:${this.#actionLine}`;
        if (token.text.endsWith(' action')) extra = extra.slice(' in action'.length);
      }
      return this.#fail(token.text + extra);
    }
    return this.#fail(`unexpected ${tokenText(token)} in ${context}`);
  }

  #expectEnd(context: string): Token {
    const token = this.#takeSolid();
    if (token.kind !== 'rightDelim') this.#unexpected(token, context);
    return token;
  }

  #unquote(token: Token): string {
    try {
      return unquoteGo(token.text);
    } catch (error) {
      return this.#fail((error as Error).message);
    }
  }

  #templateName(context: string): string {
    const token = this.#takeSolid();
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context);
    return this.#unquote(token);
  }

  #add(name: string, root: readonly StatementNode[]): void {
    const known = this.#trees.get(name);
    if (known && !isEmptyTree(known.root)) {
      if (!isEmptyTree(root)) this.#fail(`template: multiple definition of template ${quoteGo(name)}`);
      return;
    }
    this.#trees.set(name, { name, parseName: this.#name, text: this.#text, root });
  }

  #definition(): void {
    const name = this.#templateName('define clause');
    this.#expectEnd('define clause');
    const variables = this.#variables;
    this.#variables = ['$'];
    const { list, ending } = this.#list();
    if (ending.kind !== 'end') this.#fail(`unexpected {{else}} in define clause`);
    this.#variables = variables;
    this.#add(name, list);
  }

  #list(): { list: StatementNode[]; ending: Ending } {
    if (++this.#nesting > MAX_NESTING) this.#fail(`nested deeper than ${MAX_NESTING}`);
    const list: StatementNode[] = [];
    while (this.#peekSolid().kind !== 'eof') {
      const node = this.#statement();
      if (node.kind === 'end' || node.kind === 'else') {
        this.#nesting--;
        return { list, ending: node };
      }
      list.push(node);
    }
    this.#take();
    return this.#fail('unexpected EOF');
  }

  #statement(): StatementNode | Ending {
    const token = this.#takeSolid();
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.kind !== 'leftDelim') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): StatementNode | Ending {
    const token = this.#peekSolid();
    switch (token.kind) {
      case 'block':
        this.#take();
        return this.#block();
      case 'break':
      case 'continue': {
        this.#take();
        const after = this.#takeSolid();
        if (after.kind !== 'rightDelim') this.#unexpected(after, `{{${token.kind}}}`);
        if (this.#rangeDepth === 0) this.#fail(`{{${token.kind}}} outside {{range}}`);
        return { kind: token.kind, at: token.at };
      }
      case 'else': {
        this.#take();
        const after = this.#peekSolid();
        if (after.kind === 'if' || after.kind === 'with') return { kind: 'else', at: after.at };
        return { kind: 'else', at: this.#expectEnd('else').at };
      }
      case 'end':
        this.#take();
        return { kind: 'end', at: this.#expectEnd('end').at };
      case 'if':
      case 'range':
      case 'with':
        this.#take();
        return this.#control(token.kind);
      case 'template': {
        this.#take();
        const at = this.#peekSolid().at;
        const name = this.#templateName('template clause');
        let pipe: PipeNode | undefined;
        if (this.#peekSolid().kind === 'rightDelim') this.#take();
        else pipe = this.#pipeline('template clause', 'rightDelim');
        return { kind: 'template', at, name, pipe };
      }
      default:
        return { kind: 'action', at: token.at, pipe: this.#pipeline('command', 'rightDelim') };
    }
  }

  #block(): StatementNode {
    const { at } = this.#peekSolid();
    const name = this.#templateName('block clause');
    const pipe = this.#pipeline('block clause', 'rightDelim');
    const variables = this.#variables;
    const rangeDepth = this.#rangeDepth;
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const { list, ending } = this.#list();
    if (ending.kind !== 'end') this.#fail('unexpected {{else}} in block clause');
    this.#variables = variables;
    this.#rangeDepth = rangeDepth;
    this.#add(name, list);
    return { kind: 'template', at, name, pipe };
  }

  #control(kind: 'if' | 'range' | 'with'): StatementNode {
    if (++this.#nesting > MAX_NESTING) this.#fail(`nested deeper than ${MAX_NESTING}`);
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, 'rightDelim');
    if (kind === 'range') this.#rangeDepth++;
    const { list, ending } = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    let otherwise: StatementNode[] | undefined;
    if (ending.kind === 'else') {
      const after = this.#peekSolid();
      if ((kind === 'if' || kind === 'with') && after.kind === kind) {
        // `{{else if x}}` stands for `{{else}}{{if x}}` with one end for both.
        this.#take();
        otherwise = [this.#control(kind)];
      } else if (after.kind === 'if' || after.kind === 'with') {
        this.#take();
        this.#unexpected(after, kind === 'range' ? 'else' : 'input');
      } else {
        const rest = this.#list();
        if (rest.ending.kind !== 'end') this.#fail('expected end; found {{else}}');
        otherwise = rest.list;
      }
    }
    this.#variables.length = scope;
    this.#nesting--;
    return { kind, at: pipe.at, pipe, list, otherwise };
  }

  /** Reads up to and with the closing token. */
  #pipeline(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    if (++this.#nesting > MAX_NESTING) this.#fail(`nested deeper than ${MAX_NESTING}`);
    const start = this.#peekSolid().at;
    const declared: VariableNode[] = [];
    let isAssign = false;
    for (;;) {
      const variable = this.#peekSolid();
      if (variable.kind !== 'variable') break;
      const mark = this.#next;
      this.#take();
      const after = this.#peekSolid();
      if (after.kind === 'assign' || after.kind === 'declare') {
        isAssign = after.kind === 'assign';
        this.#take();
        declared.push({ kind: 'variable', at: variable.at, names: variable.text.split('.') });
        this.#variables.push(variable.text);
        break;
      }
      if (after.kind === 'char' && after.text === ',') {
        this.#take();
        declared.push({ kind: 'variable', at: variable.at, names: variable.text.split('.') });
        this.#variables.push(variable.text);
        if (context === 'range' && declared.length < 2) {
          const next = this.#peekSolid().kind;
          if (next === 'variable' || next === 'rightDelim' || next === 'rightParen') continue;
          this.#fail('range can only initialize variables');
        }
        this.#fail(`too many declarations in ${context}`);
      }
      this.#next = mark;
      break;
    }
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peekSolid();
      if (token.kind === end) {
        this.#take();
        break;
      }
      if (!STARTS_OPERAND.has(token.kind)) {
        this.#take();
        this.#unexpected(token, context);
      }
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    commands.forEach((command, i) => {
      if (i > 0 && NOT_EXECUTABLE.has(command.args[0]!.kind)) {
        this.#fail(`non executable command in pipeline stage ${i + 1}`);
      }
    });
    this.#nesting--;
    return { kind: 'pipe', at: start, declared, isAssign, commands };
  }

  #command(): CommandNode {
    const at = this.#peekSolid().at;
    const args: ArgumentNode[] = [];
    for (;;) {
      this.#peekSolid();
      const operand = this.#operand();
      if (operand) args.push(operand);
      const token = this.#peek();
      if (token.kind === 'space') {
        this.#take();
        continue;
      }
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') break;
      this.#take();
      if (token.kind === 'pipe') {
        const next = this.#peekSolid();
        if (next.kind === 'rightDelim' || next.kind === 'rightParen') {
          this.#take();
          this.#fail('missing value for command');
        }
        break;
      }
      if (token.kind === 'error') this.#unexpected(token, 'operand');
      this.#fail(`unexpected ${tokenText(token)} in operand`);
    }
    if (args.length === 0) this.#fail('empty command');
    return { kind: 'command', at, args };
  }

  #operand(): ArgumentNode | undefined {
    const node = this.#term();
    if (!node || this.#peek().kind !== 'field') return node;
    const at = this.#peek().at;
    const fields: string[] = [];
    while (this.#peek().kind === 'field') fields.push(this.#take().text.slice(1));
    switch (node.kind) {
      case 'field':
      case 'variable':
        return { ...node, at, names: [...node.names, ...fields] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${quoteGo(nodeText(node))}`);
      default:
        return { kind: 'chain', at, node, fields };
    }
  }

  #term(): ArgumentNode | undefined {
    const token = this.#peekSolid();
    const at = token.at;
    switch (token.kind) {
      case 'error':
        this.#take();
        return this.#unexpected(token, 'operand');
      case 'identifier':
        this.#take();
        if (!this.#hasFunction(token.text)) this.#fail(`function ${quoteGo(token.text)} not defined`);
        return { kind: 'identifier', at, name: token.text };
      case 'dot':
      case 'nil':
        this.#take();
        return { kind: token.kind, at };
      case 'variable':
        this.#take();
        if (!this.#variables.includes(token.text)) this.#fail(`undefined variable ${quoteGo(token.text)}`);
        return { kind: 'variable', at, names: [token.text] };
      case 'field':
        this.#take();
        return { kind: 'field', at, names: [token.text.slice(1)] };
      case 'bool':
        this.#take();
        return { kind: 'bool', at, value: token.text === 'true' };
      case 'charConstant':
      case 'number':
        this.#take();
        return this.#number(token);
      case 'leftParen':
        this.#take();
        return this.#pipeline('parenthesized pipeline', 'rightParen');
      case 'string':
      case 'rawString':
        this.#take();
        return { kind: 'string', at, quoted: token.text, text: this.#unquote(token) };
      default:
        return undefined;
    }
  }

  #number(token: Token): NumberNode {
    const { text, at } = token;
    if (token.kind === 'charConstant') {
      let char: string;
      try {
        char = unquoteGo(text);
      } catch {
        return this.#fail(`malformed character constant: ${text}`);
      }
      const code = char.codePointAt(0)!;
      return { kind: 'number', at, text, int: BigInt(code), float: code, isFloat: false };
    }
    if (text.endsWith('i')) this.#fail(`complex constant ${text} is not supported`);
    const int = parseInteger(text);
    if (int !== undefined) {
      const fits = int >= -(2n ** 63n) && int < 2n ** 63n;
      if (!fits && (int < 0n || int >= 2n ** 64n)) this.#fail(`integer overflow: ${quoteGo(text)}`);
      return { kind: 'number', at, text, int: fits ? int : undefined, float: Number(int), isFloat: false };
    }
    const float = parseFloatConstant(text);
    if (float === undefined) return this.#fail(`illegal number syntax: ${quoteGo(text)}`);
    if (!/[.eEpP]/.test(text)) this.#fail(`integer overflow: ${quoteGo(text)}`);
    const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined;
    return { kind: 'number', at, text, int: whole, float, isFloat: true };
  }
}

const STARTS_OPERAND: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'charConstant',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

const NOT_EXECUTABLE: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string']);

const KEYWORD_LIKE: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'dot',
  'nil',
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

function tokenText(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'error') return token.text;
  if (KEYWORD_LIKE.has(token.kind)) return `<${token.text}>`;
  const chars = [...token.text];
  return chars.length > 10 ? `${quoteGo(chars.slice(0, 10).join(''))}...` : quoteGo(token.text);
}

/** Go's integer constants: decimal, 0x, 0o, 0b and a leading 0 for octal, with underscores between digits. */
function parseInteger(text: string): bigint | undefined {
  const match =
    /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/.exec(
      text,
    );
  if (!match) return undefined;
  let digits = match[2]!.replaceAll('_', '');
  if (/^0\d+$/.test(digits)) digits = `0o${digits.slice(1)}`;
  const size = BigInt(digits);
  return match[1] === '-' ? -size : size;
}

function parseFloatConstant(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : undefined;
  }
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(plain);
  if (!hex || hex[2]! + hex[3]! === '') return undefined;
  const mantissa = Number(BigInt(`0x${hex[2]}${hex[3]}`));
  const value = mantissa * 2 ** (Number(hex[4]) - 4 * hex[3]!.length);
  return hex[1] === '-' ? -value : value;
}
