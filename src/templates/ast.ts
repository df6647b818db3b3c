import { quoteGo } from './go-quote.ts';

interface At {
  /** Where it stands, in UTF-16 units of the template's text. */
  readonly at: number;
}

export interface FieldNode extends At {
  readonly kind: 'field';
  readonly names: readonly string[];
}
export interface VariableNode extends At {
  readonly kind: 'variable';
  /** The name with its `$`, then fields. */
  readonly names: readonly string[];
}
export interface IdentifierNode extends At {
  readonly kind: 'identifier';
  readonly name: string;
}
export interface ChainNode extends At {
  readonly kind: 'chain';
  readonly node: ArgumentNode;
  readonly fields: readonly string[];
}
export interface NumberNode extends At {
  readonly kind: 'number';
  readonly text: string;
  /** Set when the constant is a whole number that fits an int64. */
  readonly int: bigint | undefined;
  readonly float: number | undefined;
  /** What it is where nothing asks for a type. */
  readonly isFloat: boolean;
}
export interface StringNode extends At {
  readonly kind: 'string';
  readonly quoted: string;
  readonly text: string;
}
export interface BoolNode extends At {
  readonly kind: 'bool';
  readonly value: boolean;
}
export interface DotNode extends At {
  readonly kind: 'dot';
}
export interface NilNode extends At {
  readonly kind: 'nil';
}
export interface CommandNode extends At {
  readonly kind: 'command';
  readonly args: readonly ArgumentNode[];
}
export interface PipeNode extends At {
  readonly kind: 'pipe';
  readonly declared: readonly VariableNode[];
  readonly isAssign: boolean;
  readonly commands: readonly CommandNode[];
}
export type ArgumentNode =
  | FieldNode
  | VariableNode
  | IdentifierNode
  | ChainNode
  | NumberNode
  | StringNode
  | BoolNode
  | DotNode
  | NilNode
  | PipeNode;

export interface TextNode extends At {
  readonly kind: 'text';
  readonly text: string;
}
export interface ActionNode extends At {
  readonly kind: 'action';
  readonly pipe: PipeNode;
}
export interface BranchNode extends At {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly list: readonly StatementNode[];
  readonly otherwise: readonly StatementNode[] | undefined;
}
export interface TemplateNode extends At {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}
export interface JumpNode extends At {
  readonly kind: 'break' | 'continue';
}
export type StatementNode = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;

export type AnyNode = StatementNode | ArgumentNode | CommandNode;

/** A template as parsed: one `define`, or the text around them. */
export interface Tree {
  readonly name: string;
  /** Name of what was parsed, for messages. */
  readonly parseName: string;
  readonly text: string;
  readonly root: readonly StatementNode[];
}

/** Whether a tree would print nothing but space; such a definition replaces no other. */
export const isEmptyTree = (root: readonly StatementNode[]): boolean =>
  root.every((node) => node.kind === 'text' && node.text.trim() === '');

/** The node as Go's messages show it between `<` and `>`. */
export function nodeText(node: AnyNode): string {
  switch (node.kind) {
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'variable':
      return node.names.join('.');
    case 'identifier':
      return node.name;
    case 'chain': {
      const inner = nodeText(node.node);
      const base = node.node.kind === 'pipe' ? `(${inner})` : inner;
      return base + node.fields.map((name) => `.${name}`).join('');
    }
    case 'number':
      return node.text;
    case 'string':
      return node.quoted;
    case 'bool':
      return String(node.value);
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'command':
      return node.args.map((arg) => (arg.kind === 'pipe' ? `(${nodeText(arg)})` : nodeText(arg))).join(' ');
    case 'pipe': {
      const declared = node.declared.map(nodeText).join(', ');
      const sign = node.isAssign ? ' = ' : ' := ';
      return (declared === '' ? '' : declared + sign) + node.commands.map(nodeText).join(' | ');
    }
    case 'text':
      return node.text;
    case 'action':
      return `{{${nodeText(node.pipe)}}}`;
    case 'template':
      return `{{template ${quoteGo(node.name)}${node.pipe ? ` ${nodeText(node.pipe)}` : ''}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    default: {
      const otherwise = node.otherwise ? `{{else}}${node.otherwise.map(nodeText).join('')}` : '';
      return `{{${node.kind} ${nodeText(node.pipe)}}}${node.list.map(nodeText).join('')}${otherwise}{{end}}`;
    }
  }
}
