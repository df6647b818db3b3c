import { resolve } from 'node:path';
import { isMap, isScalar, isSeq, type Scalar } from 'yaml';
import type { z } from 'zod';
import { type Environment, expandEnv } from './expand-env.ts';
import type { Finding, Path } from './finding.ts';
import { isPlaceholder } from './leaves.ts';
import { nearest } from './nearest.ts';
import { type Meta, shapeOf, unwrap } from './schema.ts';
import { isNull, sourceText, type YamlFile, type YamlNode } from './yaml.ts';

export interface Decoded {
  /** Plain data for the schema to check; unknown keys are left out. */
  readonly value: unknown;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** The templates in it, to be checked by whoever knows templates. */
  readonly templates: readonly TemplateText[];
}

export interface DecodeContext {
  /** Variables; none where nothing is expanded. */
  readonly env: Environment;
  /** Absolute; paths in the file are relative to it. */
  readonly folder: string;
}

export interface TemplateText {
  readonly path: Path;
  readonly text: string;
}

/** Nodes read at most, aliases counted as often as they are used. */
const MAX_NODES = 500_000;
const MAX_DEPTH = 100;

/**
 * Turns a document into plain data along a schema, so that each scalar is read as what is wanted there: in a text `8080`, `1.10`
 * and `yes` are the text as written, in a number or a boolean they are what Go's YAML takes them for. Expands variables,
 * makes paths absolute, reports unknown keys and what the schema warns of.
 */
export function decode(yaml: YamlFile, schema: z.core.$ZodType, { env, folder }: DecodeContext): Decoded {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const templates: TemplateText[] = [];
  let nodes = 0;
  return { value: read(yaml.root, schema, [], {}), errors, warnings, templates };

  function read(node: YamlNode, outer: z.core.$ZodType, path: Path, inherited: Meta): unknown {
    if (++nodes > MAX_NODES || path.length > MAX_DEPTH) {
      if (errors.at(-1)?.message !== TOO_MUCH) errors.push(yaml.finding(path, TOO_MUCH));
      return undefined;
    }
    if (node === undefined || isNull(node)) return undefined;
    const { schema, meta: own } = unwrap(outer);
    const meta = { ...inherited, ...own };
    const { def } = schema._zod;
    if (def.type === 'union') return read(node, optionFor(node, def.options), path, meta);
    if (isMap(node)) {
      const shape = shapeOf(schema);
      const object: Record<string, unknown> = Object.create(null);
      for (const { key, keyNode, value } of yaml.entries(node)) {
        const keyPath = [...path, key];
        if (shape && !Object.hasOwn(shape, key)) {
          errors.push(yaml.findingAtKey(keyPath, keyNode, unknownKey(key, Object.keys(shape))));
          continue;
        }
        const inner = shape ? shape[key]! : def.type === 'record' ? def.valueType : undefined;
        const decoded = inner ? read(value, inner, keyPath, {}) : untyped(value, keyPath);
        // A label or matcher without value has the empty one; elsewhere a key without value is as good as none.
        if (decoded === undefined && !(inner && def.type === 'record' && isText(inner))) continue;
        object[key] = decoded ?? '';
        const { warning } = inner ? unwrap(inner).meta : {};
        if (warning !== undefined) warnings.push(yaml.findingAtKey(keyPath, keyNode, warning));
      }
      return object;
    }
    if (isSeq(node)) {
      return yaml.items(node).map((item, index) => {
        const itemPath = [...path, index];
        const decoded =
          def.type === 'array' ? read(item, def.element, itemPath, {}) : untyped(item, itemPath);
        return decoded === undefined ? null : decoded;
      });
    }
    switch (def.type) {
      case 'string':
      case 'enum':
      case 'literal':
        return text(node, meta, path);
      case 'number':
        return numberOf(text(node, meta, path)) ?? text(node, meta, path);
      case 'boolean':
        return booleanOf(text(node, meta, path)) ?? text(node, meta, path);
      default:
        return untyped(node, path);
    }
  }

  function text(node: Scalar, meta: Meta, path: Path): string {
    const written = sourceText(node);
    if (meta.template) templates.push({ path, text: written });
    if (meta.verbatim) return written;
    const { text: expanded, unset } = expandEnv(written, env, { bare: meta.bareVariables });
    for (const name of new Set(unset)) {
      warnings.push(yaml.finding(path, `variable ${name} is not set; it stays as written`));
    }
    if (meta.secret && written.includes('$$')) {
      warnings.push(yaml.finding(path, '"$$" is read as one dollar; write "$$$$" for two'));
    }
    if (meta.type === 'url' && isPlaceholder(expanded)) {
      warnings.push(
        yaml.finding(path, `${JSON.stringify(expanded)} stands for an address; requests to it will fail`),
      );
    }
    return meta.path && expanded !== '' ? resolve(folder, expanded) : expanded;
  }

  /** Data whose shape is not ours to know, as Go's YAML would type it. */
  function untyped(node: YamlNode, path: Path): unknown {
    if (++nodes > MAX_NODES || path.length > MAX_DEPTH) {
      if (errors.at(-1)?.message !== TOO_MUCH) errors.push(yaml.finding(path, TOO_MUCH));
      return null;
    }
    if (isMap(node)) {
      const object: Record<string, unknown> = Object.create(null);
      for (const { key, value } of yaml.entries(node)) object[key] = untyped(value, [...path, key]);
      return object;
    }
    if (isSeq(node)) return yaml.items(node).map((item, index) => untyped(item, [...path, index]));
    if (!isScalar(node) || isNull(node)) return null;
    const written = sourceText(node);
    if (node.type !== 'PLAIN') return written;
    return booleanOf(written) ?? numberOf(written) ?? written;
  }
}

const TOO_MUCH = 'expected less: aliases make this file too large or too deep';

const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

function booleanOf(written: string): boolean | undefined {
  if (TRUE.test(written)) return true;
  return FALSE.test(written) ? false : undefined;
}

function numberOf(written: string): number | undefined {
  const plain = written.replaceAll('_', '');
  if (/^[-+]?0x[0-9a-fA-F]+$|^[-+]?0o[0-7]+$|^[-+]?0b[01]+$/.test(plain)) {
    const digits = plain.replace(/^[-+]/, '');
    return plain.startsWith('-') ? -Number(digits) : Number(digits);
  }
  if (/^[-+]?0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(plain) ? Number(plain) : undefined;
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined)
    return `expected a known key, got ${JSON.stringify(key)}; did you mean "${meant}"?`;
  const expected = known.length <= 12 ? `one of ${known.join(', ')}` : 'a known key';
  return `expected ${expected}, got ${JSON.stringify(key)}`;
}

/** Of a text or a mapping, the one that the file has. */
function optionFor(node: YamlNode, options: readonly z.core.$ZodType[]): z.core.$ZodType {
  const wanted = isMap(node) ? 'object' : 'string';
  return options.find((option) => unwrap(option).schema._zod.def.type === wanted) ?? options[0]!;
}

function isText(outer: z.core.$ZodType): boolean {
  return unwrap(outer).schema._zod.def.type === 'string';
}
