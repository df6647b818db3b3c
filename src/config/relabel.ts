import * as z from 'zod';
import { isLabelName } from '../model/labels.ts';
import { count, regex, verbatim } from './leaves.ts';

const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;
export type RelabelAction = (typeof ACTIONS)[number];

/** A step of relabelling. `regex` is to be anchored on both ends, with `.` matching newlines too. */
export interface RelabelConfig {
  readonly source_labels: readonly string[];
  readonly separator: string;
  readonly target_label: string;
  readonly regex: string;
  /** 0 when unused. */
  readonly modulus: number;
  readonly replacement: string;
  readonly action: RelabelAction;
}

const DEFAULTS = { separator: ';', target_label: '', regex: '(.*)', modulus: 0, replacement: '$1' };

export const relabelConfig = z.lazy(() =>
  z
    .strictObject({
      source_labels: z.array(verbatim()).optional().describe('Labels whose values are joined.'),
      separator: verbatim().optional().describe('Stands between the joined values; `;` unless given.'),
      target_label: verbatim().optional().describe('Label written to.'),
      regex: regex().optional().describe('Matched against the joined values, anchored; `(.*)` unless given.'),
      modulus: count().optional().describe('Divisor for hashmod.'),
      replacement: verbatim()
        .optional()
        .describe('Written value, with `$1` and so on for groups; `$1` unless given.'),
      action: relabelAction()
        .default('replace')
        .describe(`One of ${ACTIONS.join(', ')}.`),
    })
    .superRefine((step, context) => {
      const fault = relabelFault(step);
      if (fault) context.addIssue({ code: 'custom', path: [...fault.path], message: fault.message });
    })
    .transform((step): RelabelConfig => ({ source_labels: [], ...DEFAULTS, ...withoutUndefined(step) })),
);

function relabelAction() {
  return z
    .string()
    .meta({ verbatim: true, type: ACTIONS.join(' | ') })
    .transform((value, context): RelabelAction => {
      const action = ACTIONS.find((known) => known === value.toLowerCase());
      if (action !== undefined) return action;
      context.issues.push({
        code: 'custom',
        message: `expected one of ${ACTIONS.join(', ')}, got ${JSON.stringify(value)}`,
        input: value,
      });
      return z.NEVER;
    });
}

interface Step extends Partial<RelabelConfig> {
  readonly action: RelabelAction;
}

/** What upstream asks of the keys of each action. */
function relabelFault(step: Step): { path: readonly string[]; message: string } | undefined {
  const { action } = step;
  const target = step.target_label ?? '';
  const fault = (key: string | undefined, message: string) => ({
    path: key === undefined ? [] : [key],
    message,
  });
  if (action === 'hashmod' && !step.modulus)
    return fault('modulus', 'expected a modulus above zero for action hashmod');
  const writes = !['keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep'].includes(action);
  if (writes && target === '') return fault(undefined, `expected target_label for action ${action}`);
  if (writes && !isLabelName(target)) {
    return fault('target_label', `expected a label name, got ${JSON.stringify(target)}`);
  }
  if (['lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(action) && differs(step, 'replacement')) {
    return fault('replacement', `expected no replacement for action ${action}`);
  }
  if (action === 'labelmap' && !isLabelName(step.replacement ?? '$1')) {
    return fault('replacement', `expected a label name, got ${JSON.stringify(step.replacement)}`);
  }
  const allowed =
    action === 'keepequal' || action === 'dropequal'
      ? ['source_labels', 'target_label']
      : action === 'labeldrop' || action === 'labelkeep'
        ? ['regex']
        : undefined;
  for (const key of [
    'source_labels',
    'separator',
    'target_label',
    'regex',
    'modulus',
    'replacement',
  ] as const) {
    if (allowed && !allowed.includes(key) && differs(step, key)) {
      return fault(key, `expected only ${allowed.join(' and ')} for action ${action}`);
    }
  }
  return undefined;
}

function differs(step: Step, key: keyof typeof DEFAULTS | 'source_labels'): boolean {
  const value = step[key];
  return value !== undefined && (key === 'source_labels' || value !== DEFAULTS[key]);
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
