import type { Budget } from './budget.ts';
import { sprint } from './go-format.ts';
import { GoStruct, type GoValue } from './go-value.ts';

/** Escaping function that ends a pipeline and takes the place of the writer's own where they do the same. */
export type PredefinedEscaper = 'html' | 'urlquery' | undefined;

/** Where a template's output goes. The writer decides how text and values look; the executor knows nothing of escaping. */
export interface TemplateWriter {
  /** Text of the template itself. */
  literal(text: string): void;
  /** The value of an action. `escaper` names the one that the pipeline ends with and the writer said it would apply. */
  value(value: GoValue, escaper: PredefinedEscaper): void;
  /** Whether, here and now, the writer escapes as the named function does, so that it need not be called before. */
  takesOver(escaper: 'html' | 'urlquery'): boolean;
  readonly text: string;
}

/** Text without any escaping. */
export function plainWriter(budget: Budget): TemplateWriter {
  const parts: string[] = [];
  let length = 0;
  const write = (text: string): void => {
    length += text.length;
    budget.text(length, text.length);
    parts.push(text);
  };
  return {
    literal: write,
    value: (value) => write(printed(value, budget)),
    takesOver: () => false,
    get text() {
      return parts.join('');
    },
  };
}

/** A value as an action prints it: no data is `<no value>`, a pointer is what it points to. */
export function printed(value: GoValue, budget: Budget): string {
  if (value === undefined || value === null) return '<no value>';
  if (typeof value === 'string') return value;
  return sprint([indirect(value)], budget);
}

/** What a pointer points to. */
export function indirect(value: GoValue): GoValue {
  if (value instanceof GoStruct && value.type.startsWith('*')) {
    return new GoStruct(value.type.slice(1), value.fields, { methods: value.methods });
  }
  return value;
}
