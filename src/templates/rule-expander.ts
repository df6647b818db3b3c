import type { RuleTemplates } from '../model/evaluation.ts';
import { type Labels, labelsToObject } from '../model/labels.ts';
import type { Tree } from './ast.ts';
import { Budget, type TemplateLimits } from './budget.ts';
import { builtins } from './builtins.ts';
import { execute } from './execute.ts';
import { type GoFunctions, GoStruct, type GoValue, stringMap } from './go-value.ts';
import { parseTemplate } from './parser.ts';
import { type QuerySample, type RuleFunctionContext, ruleFunctions } from './rule-functions.ts';
import { TemplateError } from './template-error.ts';
import { plainWriter } from './writer.ts';

export interface RuleExpanderOptions extends RuleFunctionContext {
  /** Name of the alert; appears in messages. */
  readonly name: string;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly limits?: TemplateLimits;
  /** Texts parsed so far, for a caller who makes expanders of one name for many times. */
  readonly parsed?: ParsedTexts;
}

export type ParsedTexts = Map<string, ReadonlyMap<string, Tree>>;

/** Expands the templates of one evaluation of a rule. Each text is parsed once, however many elements there are. */
export interface RuleExpander {
  /**
   * Expands one label or annotation for one element; a mistake becomes the text `<error expanding template: …>`, as upstream
   * does it.
   * @param labels those of the element, the metric name among them
   */
  expand(text: string, labels: Readonly<Record<string, string>>, value: number): string;
  /** The same, but a mistake is thrown. @throws TemplateError with upstream's text */
  render(text: string, labels: Readonly<Record<string, string>>, value: number): string;
}

/** Put before every template, on its first line, so that columns in messages are upstream's. */
const DEFINITIONS =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

const DATA_TYPE =
  'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }';

export function ruleExpander(options: RuleExpanderOptions): RuleExpander {
  const name = `__alert_${options.name}`;
  const functions: GoFunctions = { ...builtins, ...ruleFunctions(options) };
  const parsed: ParsedTexts = options.parsed ?? new Map();
  const externalLabels = stringMap(Object.entries(options.externalLabels));

  const parse = (text: string): ReadonlyMap<string, Tree> => {
    const known = parsed.get(text);
    if (known) return known;
    const trees = located(`error parsing template ${name}`, () =>
      parseTemplate(name, DEFINITIONS + text, (fn) => Object.hasOwn(functions, fn)),
    );
    parsed.set(text, trees);
    return trees;
  };
  const render: RuleExpander['render'] = (text, labels, value) => {
    if (!text.includes('{{')) return text;
    const trees = parse(text);
    const budget = new Budget(options.limits);
    const writer = plainWriter(budget);
    const data = new GoStruct(
      DATA_TYPE,
      new Map<string, GoValue>([
        ['Labels', stringMap(Object.entries(labels))],
        ['ExternalLabels', externalLabels],
        ['ExternalURL', options.externalUrl],
        ['Value', value],
      ]),
    );
    located(`error executing template ${name}`, () =>
      execute(trees.get(name)!, data, { trees, functions, writer, budget }),
    );
    return writer.text;
  };
  return {
    render,
    expand(text, labels, value) {
      try {
        return render(text, labels, value);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        return `<error expanding template: ${error.message}>`;
      }
    },
  };
}

/**
 * Expands a rule's labels and annotations for the elements of its result: what a `RuleSample` carries.
 * @param query evaluates an instant query on the same snapshot
 */
export function expandRuleTemplates(
  templates: RuleTemplates,
  query: (expr: string) => readonly QuerySample[],
): (
  labels: Labels,
  value: number,
) => { expandedLabels: Record<string, string>; expandedAnnotations: Record<string, string> } {
  const { at: timestamp, alertname, externalLabels, externalUrl } = templates;
  const expander = ruleExpander({ name: alertname, externalLabels, externalUrl, timestamp, query });
  const ownLabels = Object.entries(templates.labels);
  const ownAnnotations = Object.entries(templates.annotations);
  return (labels, value) => {
    const object = labelsToObject(labels);
    const expandAll = (texts: readonly (readonly [string, string])[]): Record<string, string> =>
      Object.fromEntries(texts.map(([key, text]) => [key, expander.expand(text, object, value)]));
    return { expandedLabels: expandAll(ownLabels), expandedAnnotations: expandAll(ownAnnotations) };
  };
}

/** Parses a template of a rule without running it. @throws TemplateError with upstream's text */
export function checkRuleTemplate(text: string, alertname = 'check'): void {
  const known: GoFunctions = {
    ...builtins,
    ...ruleFunctions({ externalUrl: '', timestamp: 0, query: () => [] }),
  };
  parseTemplate(`__alert_${alertname}`, DEFINITIONS + text, (fn) => Object.hasOwn(known, fn));
}

function located<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw new TemplateError(`${what}: ${error.message}`);
    throw error;
  }
}
