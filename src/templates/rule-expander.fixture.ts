import { type RuleExpanderOptions, ruleExpander } from './rule-expander.ts';

export interface RuleTemplateContext extends RuleExpanderOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Expands a single template for a single element. */
export const expandRuleTemplate = (text: string, context: RuleTemplateContext): string =>
  ruleExpander(context).expand(text, context.labels, context.value);
