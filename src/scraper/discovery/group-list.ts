import { parseDocument } from 'yaml';
import { isLabelName } from '../../model/labels.ts';
import type { LabelRecord, TargetGroup } from './discoverer.ts';

/** A list of `{targets, labels}` as files and HTTP servers give it. @throws Error saying where the list is wrong */
export function parseGroupsJson(
  text: string,
  sourceOf: (index: number) => string,
  extra: LabelRecord,
): TargetGroup[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`not valid JSON: ${(error as Error).message}`);
  }
  return readGroups(value, sourceOf, extra);
}

/** The same list in YAML, where every scalar is the text as written. @throws Error saying where the list is wrong */
export function parseGroupsYaml(
  text: string,
  sourceOf: (index: number) => string,
  extra: LabelRecord,
): TargetGroup[] {
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, strict: true });
  const [fault] = document.errors;
  if (fault) throw new Error(`not valid YAML: ${fault.message}`);
  return readGroups(document.toJS({ maxAliasCount: 100 }), sourceOf, extra);
}

function readGroups(value: unknown, sourceOf: (index: number) => string, extra: LabelRecord): TargetGroup[] {
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw new Error(`expected a list of target groups, got ${describe(value)}`);
  return value.map((item: unknown, index) => {
    const at = `[${index}]`;
    if (!isMapping(item)) throw new Error(`${at}: expected targets and labels, got ${describe(item)}`);
    for (const key of Object.keys(item)) {
      if (key !== 'targets' && key !== 'labels')
        throw new Error(`${at}: expected targets or labels, got ${JSON.stringify(key)}`);
    }
    const targets = readTargets(item.targets, `${at}.targets`);
    return {
      source: sourceOf(index),
      targets,
      labels: { ...readLabels(item.labels, `${at}.labels`), ...extra },
    };
  });
}

function readTargets(value: unknown, at: string): LabelRecord[] {
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw new Error(`${at}: expected a list, got ${describe(value)}`);
  return value.map((address: unknown, index) => {
    if (typeof address !== 'string')
      throw new Error(`${at}[${index}]: expected an address, got ${describe(address)}`);
    return { __address__: address };
  });
}

function readLabels(value: unknown, at: string): LabelRecord {
  if (isNothing(value)) return {};
  if (!isMapping(value)) throw new Error(`${at}: expected a mapping, got ${describe(value)}`);
  for (const [name, label] of Object.entries(value)) {
    if (!isLabelName(name)) throw new Error(`${at}: expected a label name, got ${JSON.stringify(name)}`);
    if (typeof label !== 'string') throw new Error(`${at}.${name}: expected a text, got ${describe(label)}`);
  }
  return value as LabelRecord;
}

/** What YAML and JSON have for a key without value. */
const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '';

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isMapping(value)) return 'a mapping';
  return value === undefined || value === null
    ? 'nothing'
    : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
