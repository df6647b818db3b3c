import type { Tree } from './ast.ts';
import { isEmptyTree } from './ast.ts';
import { Budget, type TemplateLimits } from './budget.ts';
import { builtins } from './builtins.ts';
import { defaultTemplates } from './default-templates.ts';
import { execute } from './execute.ts';
import type { GoFunctions } from './go-value.ts';
import { htmlWriter } from './html-writer.ts';
import { goData, type NotificationData } from './notification-data.ts';
import { notificationFunctions } from './notification-functions.ts';
import { parseTemplate } from './parser.ts';
import { plainWriter, type TemplateWriter } from './writer.ts';

export interface TemplateFile {
  /** Base name; appears in messages, and names the text outside of definitions. */
  readonly name: string;
  readonly text: string;
}

/** The default templates, the user's over them. */
export interface TemplateSet {
  /** Expands a field of a receiver as plain text. @throws TemplateError with Go's text */
  renderText(template: string, data: NotificationData): string;
  /** Expands it as HTML, each value escaped for its place. @throws TemplateError with Go's text */
  renderHtml(template: string, data: NotificationData): string;
  /** Parses a field of a receiver without running it. @throws TemplateError with Go's text */
  check(template: string): void;
  /** Names that `template` may be called with. */
  readonly names: readonly string[];
}

export interface TemplateSetOptions {
  /** In the order in which they are read; of two definitions the later one counts. */
  readonly files?: readonly TemplateFile[];
  /** Unix ms, for the functions `now` and `since`. */
  readonly now: () => number;
  readonly limits?: TemplateLimits;
}

/** @throws TemplateError naming the file and line that does not parse */
export function createTemplateSet({ files = [], now, limits }: TemplateSetOptions): TemplateSet {
  const functions: GoFunctions = {
    ...builtins,
    ...notificationFunctions(now),
    routeLabels: { params: ['string'], call: () => '' },
  };
  const isFunction = (name: string): boolean => Object.hasOwn(functions, name);
  const ofFiles = files.map(({ name, text }) => parseTemplate(name, text, isFunction));
  let all: Map<string, Tree> | undefined;
  /** The default templates are the larger part, and a start is no time for them. */
  const trees = (): ReadonlyMap<string, Tree> => {
    if (!all) {
      all = new Map();
      for (const each of [parseTemplate('', defaultTemplates(), isFunction), ...ofFiles]) merge(all, each);
    }
    return all;
  };

  const render = (
    template: string,
    data: NotificationData,
    writerOf: (budget: Budget) => TemplateWriter,
  ): string => {
    const budget = new Budget(limits);
    const go = goData(data);
    const open: string[] = [];
    const expand = (text: string): string => {
      const known = new Map(trees());
      merge(known, parseTemplate('', text, isFunction));
      const writer = writerOf(budget);
      execute(known.get('')!, go, { trees: known, functions: withRouteLabels, writer, budget });
      return writer.text;
    };
    const withRouteLabels: GoFunctions = {
      ...functions,
      routeLabels: {
        params: ['string'],
        call: ([name]) => {
          const text = data.routeLabels?.[name as string];
          if (text === undefined || data.routeLabelsRendered) return text ?? '';
          if (open.includes(name as string)) {
            throw new Error(`route label cycle detected: ${[...open, name].join(' -> ')}`);
          }
          open.push(name as string);
          const expanded = expand(text);
          open.pop();
          return expanded;
        },
      },
    };
    return expand(template);
  };

  return {
    renderText: (template, data) =>
      template.includes('{{') ? render(template, data, plainWriter) : template,
    renderHtml: (template, data) => render(template, data, htmlWriter),
    check: (template) => void parseTemplate('', template, isFunction),
    get names() {
      return [...trees().keys()].filter((name) => name !== '');
    },
  };
}

/** Later definitions replace earlier ones, unless they are empty. */
function merge(into: Map<string, Tree>, trees: ReadonlyMap<string, Tree>): void {
  for (const [name, tree] of trees) {
    if (name !== '' && into.has(name) && isEmptyTree(tree.root)) continue;
    into.set(name, tree);
  }
}
