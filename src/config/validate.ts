import { isMap, isScalar, isSeq } from 'yaml';
import type { z } from 'zod';
import { type DecodeContext, decode, type TemplateText } from './decode.ts';
import type { Finding, Path } from './finding.ts';
import { innerOf, shapeOf, unwrap } from './schema.ts';
import { isNull, sourceText, type YamlFile } from './yaml.ts';

/** What is left of data when the parts that are wrong are taken out. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly (Loose<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Loose<T[Key]> }
    : T | undefined;

export interface Validated<T> {
  /** The whole value when `errors` is empty, else undefined. */
  readonly value: T | undefined;
  /** All that could be read in spite of errors, so that checks across sections can still run. */
  readonly loose: Loose<T>;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly templates: readonly TemplateText[];
}

/** Checks a file against a schema, part by part, so that one error hides no other. */
export function validate<Schema extends z.ZodType>(
  yaml: YamlFile,
  schema: Schema,
  context: DecodeContext,
): Validated<z.output<Schema>> {
  const { value, errors, warnings, templates } = decode(yaml, schema, context);
  const issues: z.core.$ZodIssue[] = [];
  const loose = parseLoose(schema, value ?? {}, [], issues) ?? {};
  const all = [...errors, ...issues.flatMap((issue) => findingsOf(yaml, issue))];
  const whole = all.length === 0 ? (loose as z.output<Schema>) : undefined;
  return { value: whole, loose: loose as Loose<z.output<Schema>>, errors: all, warnings, templates };
}

/** Compiling a schema is worth it for many values. */
const PARSED_ONCE = { jitless: true };

/** Parses lists item by item and mappings key by key down to where a schema has checks of its own. */
function parseLoose(outer: z.core.$ZodType, value: unknown, path: Path, issues: z.core.$ZodIssue[]): unknown {
  // A section that is not there needs no schema: most of them are made when they are first looked into.
  if (value === undefined && outer._zod.def.type === 'optional') return undefined;
  const { schema } = unwrap(outer);
  const { def } = schema._zod;
  const isPlain = !hasChecks(outer) && !hasTransform(outer);
  if (isPlain && def.type === 'array' && Array.isArray(value)) {
    return value.map((item, index) => parseLoose(def.element, item, [...path, index], issues));
  }
  const shape = shapeOf(schema);
  if (isPlain && shape && isObject(value)) return parseKeys(shape, value, path, issues);
  const result = (outer as z.ZodType).safeParse(value, PARSED_ONCE);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    issues.push({ ...issue, path: [...path, ...(issue.path as (string | number)[])] });
  }
  // The rest of a mapping still counts in checks across sections; what is wrong in it has been said.
  return shape && isObject(value) && !hasTransform(outer) ? parseKeys(shape, value, path, []) : undefined;
}

function parseKeys(
  shape: Readonly<Record<string, z.core.$ZodType>>,
  value: object,
  path: Path,
  issues: z.core.$ZodIssue[],
): object {
  const object: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(shape)) {
    const parsed = parseLoose(inner, Reflect.get(value, key), [...path, key], issues);
    if (parsed !== undefined) object[key] = parsed;
  }
  return object;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the value is made into another. */
function hasTransform(outer: z.core.$ZodType): boolean {
  return layers(outer).some(({ type }) => type === 'pipe');
}

/** Whether what it checks wants the whole value. */
function hasChecks(outer: z.core.$ZodType): boolean {
  return layers(outer).some(({ checks = [] }) => checks.length > 0);
}

/** A schema and what is wrapped around it, down to the first transformation. */
function layers(outer: z.core.$ZodType): z.core.$ZodTypes['_zod']['def'][] {
  const found = [];
  let schema = outer as z.core.$ZodTypes;
  for (;;) {
    const { def } = schema._zod;
    found.push(def);
    if (def.type === 'lazy') schema = innerOf(schema as z.core.$ZodLazy);
    else if ('innerType' in def) schema = def.innerType as z.core.$ZodTypes;
    else return found;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function findingsOf(yaml: YamlFile, issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path as Path;
  const expecting = (expected: string) => [
    yaml.finding(path, `expected ${expected}, got ${found(yaml, path)}`),
  ];
  switch (issue.code) {
    case 'invalid_type':
      return expecting(KINDS[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return expecting(
        issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`,
      );
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? expecting(`at least ${issue.minimum}`)
        : [yaml.finding(path, issue.message)];
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? expecting(`at most ${issue.maximum}`)
        : [yaml.finding(path, issue.message)];
    case 'invalid_key':
      return issue.issues.map((inner) => yaml.finding(path, inner.message));
    default:
      return [yaml.finding(path, issue.message)];
  }
}

/** What the file has at a path, in words. */
function found(yaml: YamlFile, path: Path): string {
  const node = yaml.nodeAt(path);
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || isNull(node)) return 'nothing';
  const text = JSON.stringify(sourceText(node));
  return text.length <= 80 ? text : `${text.slice(0, 77)}…"`;
}
