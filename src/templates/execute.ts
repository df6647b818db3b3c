import {
  type AnyNode,
  type ArgumentNode,
  type BranchNode,
  type CommandNode,
  type NumberNode,
  nodeText,
  type PipeNode,
  type StatementNode,
  type Tree,
} from './ast.ts';
import type { Budget } from './budget.ts';
import { shownType } from './go-format.ts';
import { quoteGo } from './go-quote.ts';
import { GoDuration, GoTime } from './go-time.ts';
import {
  canBeNil,
  GoEnum,
  type GoFunction,
  type GoFunctions,
  GoList,
  GoMap,
  GoStruct,
  type GoType,
  type GoValue,
  isAssignable,
  isTrue,
  typeText,
  zeroOf,
} from './go-value.ts';
import { TemplateError } from './template-error.ts';
import { printed, type TemplateWriter } from './writer.ts';

export interface Execution {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly functions: GoFunctions;
  readonly writer: TemplateWriter;
  readonly budget: Budget;
}

/** Templates within templates. */
const MAX_DEPTH = 250;

/**
 * Runs a parsed template over data, the option `missingkey=zero` set as both upstreams set it.
 * @throws TemplateError `template: name:line:col: executing "name" at <node>: …`, with Go's texts
 */
export function execute(tree: Tree, data: GoValue, execution: Execution): void {
  new Executor(tree, data, execution, 0).run();
}

type Jump = 'break' | 'continue' | undefined;

interface Variable {
  readonly name: string;
  value: GoValue;
}

/** Stands for "nothing came through the pipe", which is not the same as nil. */
const NOTHING = Symbol('nothing');
type Piped = GoValue | typeof NOTHING;

class Executor {
  readonly #tree: Tree;
  readonly #data: GoValue;
  readonly #execution: Execution;
  readonly #depth: number;
  readonly #variables: Variable[];
  #node: AnyNode | undefined;

  constructor(tree: Tree, data: GoValue, execution: Execution, depth: number) {
    this.#tree = tree;
    this.#data = data;
    this.#execution = execution;
    this.#depth = depth;
    this.#variables = [{ name: '$', value: data }];
  }

  run(): void {
    try {
      this.#walk(this.#tree.root, this.#data);
    } catch (error) {
      // Errors that carry a place already come from a template within this one; others say that the budget is spent.
      if (error instanceof Located) throw error;
      if (error instanceof TemplateError) throw new Located(`${this.#place()}: ${error.message}`);
      throw error;
    }
  }

  #fail(message: string): never {
    throw this.#located(message);
  }

  #located(message: string): Located {
    const shown = this.#node ? ` at <${nodeText(this.#node)}>` : '';
    return new Located(`${this.#place()}${shown}: ${message}`);
  }

  /** `template: name:line:col: executing "name"`; the column counts bytes. */
  #place(): string {
    const tree = this.#tree;
    if (!this.#node) return `template: ${tree.name}`;
    const before = tree.text.slice(0, this.#node.at);
    const lineStart = before.lastIndexOf('\n');
    const column = Buffer.byteLength(before.slice(lineStart + 1));
    const line = lineStart < 0 ? 1 : before.split('\n').length;
    return `template: ${tree.parseName}:${line}:${column}: executing ${quoteGo(tree.name)}`;
  }

  #walk(list: readonly StatementNode[], dot: GoValue): Jump {
    for (const node of list) {
      this.#execution.budget.step();
      this.#node = node;
      switch (node.kind) {
        case 'text':
          this.#execution.writer.literal(node.text);
          break;
        case 'action':
          this.#action(node.pipe, dot, node);
          break;
        case 'break':
        case 'continue':
          return node.kind;
        case 'template':
          this.#template(node.name, node.pipe, dot);
          break;
        default: {
          const jump = node.kind === 'range' ? this.#range(node, dot) : this.#branch(node, dot);
          if (jump) return jump;
        }
      }
    }
    return undefined;
  }

  #action(pipe: PipeNode, dot: GoValue, node: AnyNode): void {
    const { writer } = this.#execution;
    const last = pipe.commands.at(-1)!;
    const name = last.args[0]!.kind === 'identifier' ? last.args[0].name : '';
    // html/template joins a last `html` or `urlquery` with its own escaping, so that nothing is escaped twice.
    if ((name === 'html' || name === 'urlquery') && pipe.declared.length === 0 && writer.takesOver(name)) {
      const values: GoValue[] = last.args.slice(1).map((arg) => this.#argument(dot, 'any', arg));
      if (pipe.commands.length > 1) {
        values.push(this.#pipeline({ ...pipe, commands: pipe.commands.slice(0, -1) }, dot));
      }
      this.#node = node;
      const text =
        values.length === 1
          ? values[0]
          : values.map((value) => printed(value, this.#execution.budget)).join('');
      writer.value(text, name);
      return;
    }
    const value = this.#pipeline(pipe, dot);
    this.#node = node;
    if (pipe.declared.length === 0) writer.value(value, undefined);
  }

  #branch(node: BranchNode, dot: GoValue): Jump {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.pipe, dot);
    let jump: Jump;
    if (isTrue(value)) jump = this.#walk(node.list, node.kind === 'with' ? value : dot);
    else if (node.otherwise) jump = this.#walk(node.otherwise, dot);
    this.#variables.length = scope;
    return jump;
  }

  #range(node: BranchNode, dot: GoValue): Jump {
    const { pipe } = node;
    const outer = this.#variables.length;
    const value = this.#pipeline({ ...pipe, declared: [] }, dot);
    // The names are declared once, so that `=` inside finds them.
    if (!pipe.isAssign) for (const { names } of pipe.declared) this.#push(names[0]!, undefined);
    const scope = this.#variables.length;
    let count = 0;
    const once = (key: GoValue, item: GoValue): boolean => {
      this.#execution.budget.step();
      count++;
      const [first, second] = pipe.declared;
      if (first) this.#set(first.names[0]!, second ? key : item);
      if (second) this.#set(second.names[0]!, item);
      const jump = this.#walk(node.list, item);
      this.#variables.length = scope;
      return jump !== 'break';
    };
    if (value instanceof GoList) {
      let i = 0n;
      for (const item of value.items) if (!once(i++, item)) break;
    } else if (value instanceof GoMap) {
      this.#execution.budget.step(value.entries.size);
      for (const key of value.sortedKeys()) if (!once(key, value.entries.get(key))) break;
    } else if (typeof value === 'bigint') {
      if (pipe.declared.length > 1) this.#fail(`can't use ${value} to iterate over more than one variable`);
      for (let i = 0n; i < value; i++) if (!once(i, i)) break;
    } else if (value !== undefined && value !== null) {
      this.#fail(`range can't iterate over ${printed(value, this.#execution.budget)}`);
    }
    let jump: Jump;
    this.#variables.length = outer;
    if (count === 0 && node.otherwise) jump = this.#walk(node.otherwise, dot);
    this.#variables.length = outer;
    return jump;
  }

  #template(name: string, pipe: PipeNode | undefined, dot: GoValue): void {
    const node = this.#node;
    const tree = this.#execution.trees.get(name);
    if (!tree) throw this.#located(`template ${quoteGo(name)} not defined`);
    if (this.#depth >= MAX_DEPTH) this.#fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const data = pipe ? this.#pipeline(pipe, dot) : undefined;
    this.#node = node;
    new Executor(tree, data, this.#execution, this.#depth + 1).run();
  }

  #push(name: string, value: GoValue): void {
    this.#variables.push({ name, value });
  }

  #find(name: string): Variable {
    for (let i = this.#variables.length - 1; i >= 0; i--) {
      const variable = this.#variables[i]!;
      if (variable.name === name) return variable;
    }
    return this.#fail(`undefined variable: ${name}`);
  }

  #set(name: string, value: GoValue): void {
    this.#find(name).value = value;
  }

  #pipeline(pipe: PipeNode, dot: GoValue): GoValue {
    this.#node = pipe;
    let piped: Piped = NOTHING;
    for (const command of pipe.commands) {
      const value = this.#command(command, dot, piped);
      // A nil interface is no value at all once it leaves a command.
      piped = value === null ? undefined : value;
    }
    const value = piped === NOTHING ? undefined : piped;
    for (const { names } of pipe.declared) {
      if (pipe.isAssign) this.#set(names[0]!, value);
      else this.#push(names[0]!, value);
    }
    return value;
  }

  #command(command: CommandNode, dot: GoValue, piped: Piped): GoValue {
    this.#execution.budget.step();
    const first = command.args[0]!;
    switch (first.kind) {
      case 'field':
        this.#node = first;
        return this.#fieldChain(dot, dot, first, first.names, command.args, piped);
      case 'chain':
        return this.#chain(dot, first, command.args, piped);
      case 'identifier':
        return this.#function(first.name, first, command, command.args, dot, piped);
      case 'pipe':
        this.#noArguments(command.args, piped);
        return this.#pipeline(first, dot);
      case 'variable':
        return this.#variable(dot, first, command.args, piped);
      default:
        break;
    }
    this.#node = first;
    this.#noArguments(command.args, piped);
    switch (first.kind) {
      case 'bool':
        return first.value;
      case 'dot':
        return dot;
      case 'number':
        return this.#constant(first);
      case 'string':
        return first.text;
      default:
        return this.#fail('nil is not a command');
    }
  }

  #noArguments(args: readonly ArgumentNode[], piped: Piped): void {
    if (args.length > 1 || piped !== NOTHING) {
      this.#fail(`can't give argument to non-function ${nodeText(args[0]!)}`);
    }
  }

  #constant(node: NumberNode): GoValue {
    if (node.isFloat) return node.float;
    if (node.int === undefined) this.#fail(`${node.text} overflows int`);
    return node.int;
  }

  #chain(
    dot: GoValue,
    node: ArgumentNode & { kind: 'chain' },
    args: readonly ArgumentNode[],
    piped: Piped,
  ): GoValue {
    this.#node = node;
    if (node.node.kind === 'nil') this.#fail(`indirection through explicit nil in ${nodeText(node)}`);
    const start = this.#argument(dot, 'any', node.node);
    return this.#fieldChain(dot, start, node, node.fields, args, piped);
  }

  #variable(
    dot: GoValue,
    node: ArgumentNode & { kind: 'variable' },
    args: readonly ArgumentNode[],
    piped: Piped,
  ): GoValue {
    this.#node = node;
    const { value } = this.#find(node.names[0]!);
    if (node.names.length === 1) {
      this.#noArguments(args, piped);
      return value;
    }
    return this.#fieldChain(dot, value, node, node.names.slice(1), args, piped);
  }

  #fieldChain(
    dot: GoValue,
    start: GoValue,
    node: ArgumentNode,
    names: readonly string[],
    args: readonly ArgumentNode[],
    piped: Piped,
  ): GoValue {
    let receiver = start;
    names.forEach((name, i) => {
      const isLast = i === names.length - 1;
      receiver = this.#field(dot, name, node, isLast ? args : [], isLast ? piped : NOTHING, receiver);
    });
    return receiver;
  }

  #field(
    dot: GoValue,
    name: string,
    node: ArgumentNode,
    args: readonly ArgumentNode[],
    piped: Piped,
    receiver: GoValue,
  ): GoValue {
    if (receiver === undefined) return undefined;
    if (receiver === null) return this.#fail(`nil pointer evaluating interface {}.${name}`);
    const method = methodOf(receiver, name);
    if (method) return this.#call(method, name, node, dot, args.slice(1), piped);
    const hasArguments = args.length > 1 || piped !== NOTHING;
    if (receiver instanceof GoStruct && receiver.fields.has(name)) {
      if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
      return receiver.fields.get(name);
    }
    if (receiver instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      return receiver.entries.has(name) ? receiver.entries.get(name) : zeroOf(receiver.elem);
    }
    return this.#fail(`can't evaluate field ${name} in type ${shownType(receiver)}`);
  }

  #function(
    name: string,
    node: ArgumentNode,
    command: CommandNode | ArgumentNode,
    args: readonly ArgumentNode[],
    dot: GoValue,
    piped: Piped,
  ): GoValue {
    this.#node = node;
    const fn = Object.hasOwn(this.#execution.functions, name) ? this.#execution.functions[name] : undefined;
    if (!fn) return this.#fail(`${quoteGo(name)} is not a defined function`);
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, command, dot, args.slice(1), piped);
    return this.#call(fn, name, command, dot, args.slice(1), piped);
  }

  /** `and` and `or` stop at the argument that decides; those after it are not evaluated. */
  #shortCircuit(
    name: 'and' | 'or',
    node: AnyNode,
    dot: GoValue,
    args: readonly ArgumentNode[],
    piped: Piped,
  ): GoValue {
    if (args.length === 0 && piped === NOTHING) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: GoValue;
    for (const arg of args) {
      value = this.#argument(dot, 'any', arg);
      if (isTrue(value) === (name === 'or')) {
        this.#node = node;
        return value;
      }
    }
    return piped === NOTHING ? value : piped;
  }

  #call(
    fn: GoFunction,
    name: string,
    node: AnyNode,
    dot: GoValue,
    args: readonly ArgumentNode[],
    piped: Piped,
  ): GoValue {
    const count = args.length + (piped === NOTHING ? 0 : 1);
    const fixed = fn.params.length;
    if (fn.variadic ? count < fixed : count !== fixed) {
      const want = fn.variadic ? `at least ${fixed}` : String(fixed);
      this.#fail(`wrong number of args for ${name}: want ${want} got ${fn.variadic ? args.length : count}`);
    }
    const typeAt = (i: number): GoType => (i < fixed ? fn.params[i]! : fn.variadic!);
    const values: GoValue[] = args.map((arg, i) => this.#argument(dot, typeAt(i), arg));
    if (piped !== NOTHING) values.push(this.#checked(piped, typeAt(count - 1)));
    try {
      const result = fn.call(values, this.#execution.budget);
      if (typeof result === 'string') this.#execution.budget.text(result.length);
      return result;
    } catch (error) {
      if (error instanceof TemplateError || !(error instanceof Error)) throw error;
      this.#node = node;
      return this.#fail(`error calling ${name}: ${error.message}`);
    }
  }

  /** Evaluates an argument for a parameter of the given type. */
  #argument(dot: GoValue, type: GoType, node: ArgumentNode): GoValue {
    this.#node = node;
    switch (node.kind) {
      case 'dot':
        return this.#checked(dot, type);
      case 'nil':
        if (!canBeNil(type)) this.#fail(`cannot assign nil to ${typeText(type)}`);
        return null;
      case 'field':
        return this.#checked(this.#fieldChain(dot, dot, node, node.names, [], NOTHING), type);
      case 'variable':
        return this.#checked(this.#variable(dot, node, [], NOTHING), type);
      case 'pipe':
        return this.#checked(this.#pipeline(node, dot), type);
      case 'identifier':
        return this.#checked(this.#function(node.name, node, node, [], dot, NOTHING), type);
      case 'chain':
        return this.#checked(this.#chain(dot, node, [], NOTHING), type);
      default:
        return this.#literal(node, type);
    }
  }

  #literal(node: ArgumentNode & { kind: 'bool' | 'number' | 'string' }, type: GoType): GoValue {
    const expected = (what: string): never => this.#fail(`expected ${what}; found ${nodeText(node)}`);
    switch (type) {
      case 'any':
        if (node.kind === 'bool') return node.value;
        return node.kind === 'string' ? node.text : this.#constant(node);
      case 'bool':
        return node.kind === 'bool' ? node.value : expected('bool');
      case 'string':
        return node.kind === 'string' ? node.text : expected('string');
      case 'float64':
        return node.kind === 'number' ? node.float : expected('float');
      case 'int':
        return node.kind === 'number' && node.int !== undefined ? node.int : expected('integer');
      case 'time.Duration':
        return node.kind === 'number' && node.int !== undefined
          ? new GoDuration(node.int)
          : expected('integer');
      default:
        return this.#fail(`can't handle ${nodeText(node)} for arg of type ${typeText(type)}`);
    }
  }

  #checked(value: GoValue, type: GoType): GoValue {
    if (value === undefined || value === null) {
      if (canBeNil(type)) return null;
      this.#fail(`invalid value; expected ${typeText(type)}`);
    }
    if (!isAssignable(value, type)) {
      this.#fail(`wrong type for value; expected ${typeText(type)}; got ${shownType(value)}`);
    }
    return value;
  }
}

/** An error that names its place. */
class Located extends TemplateError {}

function methodOf(value: GoValue, name: string): GoFunction | undefined {
  const methods: GoFunctions | undefined =
    value instanceof GoMap ||
    value instanceof GoList ||
    value instanceof GoStruct ||
    value instanceof GoTime ||
    value instanceof GoDuration
      ? value.methods
      : undefined;
  if (methods && Object.hasOwn(methods, name)) return methods[name];
  if (name === 'String') {
    if (value instanceof GoEnum) return { params: [], call: () => value.text };
    if ((value instanceof GoMap || value instanceof GoList) && value.text) {
      return { params: [], call: () => value.text!() };
    }
  }
  return undefined;
}
