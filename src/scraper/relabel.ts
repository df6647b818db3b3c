import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import type { RelabelConfig } from '../config/relabel.ts';
import { isLegacyLabelName } from '../model/labels.ts';

/** Labels under change: name to value; an empty value is as good as no label. */
export type LabelBuilder = Map<string, string>;

/** Applies relabelling steps in place; false when they drop the label set. */
export type Relabel = (labels: LabelBuilder) => boolean;

export type NameValidation = 'utf8' | 'legacy';

const MATCH_ALL = '(.*)';
const VARIABLE = /\$(?:\$|\{([^{}]*)\}|([\p{L}\p{N}_]+))/gu;

/** Compiles steps once; the result is used for each label set. Expressions are RE2, anchored, with `.` matching newlines. */
export function compileRelabel(
  steps: readonly RelabelConfig[],
  validation: NameValidation = 'utf8',
): Relabel {
  const compiled = steps.map((step) => compileStep(step, validation));
  return (labels) => {
    for (const apply of compiled) if (!apply(labels)) return false;
    return true;
  };
}

function compileStep(step: RelabelConfig, validation: NameValidation): Relabel {
  const { source_labels, separator, target_label, replacement, modulus } = step;
  const joined = (labels: LabelBuilder): string =>
    source_labels.map((name) => labels.get(name) ?? '').join(separator);
  switch (step.action) {
    case 'keep': {
      const matches = fullMatch(step.regex);
      return (labels) => matches(joined(labels));
    }
    case 'drop': {
      const matches = fullMatch(step.regex);
      return (labels) => !matches(joined(labels));
    }
    case 'keepequal':
      return (labels) => (labels.get(target_label) ?? '') === joined(labels);
    case 'dropequal':
      return (labels) => (labels.get(target_label) ?? '') !== joined(labels);
    case 'replace': {
      const expand = expander(step.regex);
      return (labels) => {
        const write = expand(joined(labels));
        if (!write) return true;
        const target = write(target_label);
        if (isValidName(target, validation)) setLabel(labels, target, write(replacement));
        return true;
      };
    }
    case 'lowercase':
      return always((labels) => setLabel(labels, target_label, lowerCase(joined(labels))));
    case 'uppercase':
      return always((labels) => setLabel(labels, target_label, upperCase(joined(labels))));
    case 'hashmod':
      return always((labels) => setLabel(labels, target_label, hashModulus(joined(labels), modulus)));
    case 'labelmap': {
      const expand = expander(step.regex);
      return always((labels) => {
        for (const [name, value] of [...labels]) {
          const write = expand(name);
          if (write) setLabel(labels, write(replacement), value);
        }
      });
    }
    case 'labeldrop': {
      const matches = fullMatch(step.regex);
      return always((labels) => {
        for (const name of [...labels.keys()]) if (matches(name)) labels.delete(name);
      });
    }
    case 'labelkeep': {
      const matches = fullMatch(step.regex);
      return always((labels) => {
        for (const name of [...labels.keys()]) if (!matches(name)) labels.delete(name);
      });
    }
  }
}

function always(change: (labels: LabelBuilder) => void): Relabel {
  return (labels) => {
    change(labels);
    return true;
  };
}

/** As Go changes case: each character by itself, and to one character. */
const lowerCase = (text: string): string =>
  text.replace(/./gsu, (character) => String.fromCodePoint(character.toLowerCase().codePointAt(0)!));
const upperCase = (text: string): string =>
  text.replace(/./gsu, (character) => {
    const [upper, ...more] = character.toUpperCase();
    return more.length === 0 ? upper! : character;
  });

function setLabel(labels: LabelBuilder, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

function isValidName(name: string, validation: NameValidation): boolean {
  return validation === 'legacy' ? isLegacyLabelName(name) : name !== '' && name.isWellFormed();
}

function compile(regex: string): RE2JS {
  return RE2JS.compile(`^(?s:${regex})$`);
}

function fullMatch(regex: string): (text: string) => boolean {
  if (regex === MATCH_ALL) return () => true;
  const pattern = compile(regex);
  return (text) => pattern.test(text);
}

/** For a text that matches, a function that fills a template in with the groups of the match; for any other, undefined. */
function expander(regex: string): (text: string) => ((template: string) => string) | undefined {
  if (regex === MATCH_ALL) {
    return (text) => (template) =>
      expandTemplate(template, (group) => (group === '0' || group === '1' ? text : ''));
  }
  const pattern = compile(regex);
  return (text) => {
    const match = pattern.matcher(text);
    if (!match.find()) return undefined;
    const named = pattern.namedGroups();
    const groupAt = (index: number): string =>
      index <= pattern.groupCount() ? (match.group(index) ?? '') : '';
    return (template) =>
      expandTemplate(template, (group) => {
        if (/^(?:0|[1-9]\d{0,8})$/.test(group)) return groupAt(Number(group));
        return Object.hasOwn(named, group) ? groupAt(named[group]!) : '';
      });
  };
}

/** Go's Regexp.Expand: `$name`, as long as it goes, `${name}`, `$$`; a dollar before anything else stands for itself. */
function expandTemplate(template: string, groupOf: (name: string) => string): string {
  if (!template.includes('$')) return template;
  return template.replace(VARIABLE, (written, braced: string | undefined, bare: string | undefined) => {
    if (written === '$$') return '$';
    const name = braced ?? bare ?? '';
    return /^[\p{L}\p{N}_]+$/u.test(name) ? groupOf(name) : written;
  });
}

/** The last eight bytes of the MD5 of a text, modulo `modulus`, as upstream shards targets. */
function hashModulus(text: string, modulus: number): string {
  const digest = createHash('md5').update(text, 'utf8').digest();
  return String(digest.readBigUInt64BE(8) % BigInt(modulus));
}
