import { createHash } from 'node:crypto';
import type { RelabelConfig } from '../config/relabel.ts';
import { isLabelName, isLegacyLabelName } from '../model/labels.ts';
import { compilePattern } from '../model/pattern.ts';
import { compileExpander } from '../model/regex-template.ts';

/** Labels under change: name to value; an empty value is as good as no label. */
export type LabelBuilder = Map<string, string>;

/** Applies relabelling steps in place; false when they drop the label set. */
export type Relabel = (labels: LabelBuilder) => boolean;

export type NameValidation = 'utf8' | 'legacy';

const MATCH_ALL = '(.*)';

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
      const expand = compileExpander(step.regex);
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
      const expand = compileExpander(step.regex);
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
  return validation === 'legacy' ? isLegacyLabelName(name) : isLabelName(name);
}

function fullMatch(regex: string): (text: string) => boolean {
  if (regex === MATCH_ALL) return () => true;
  return compilePattern(regex).matches;
}

/** The last eight bytes of the MD5 of a text, modulo `modulus`, as upstream shards targets. */
function hashModulus(text: string, modulus: number): string {
  const digest = createHash('md5').update(text, 'utf8').digest();
  return String(digest.readBigUInt64BE(8) % BigInt(modulus));
}
