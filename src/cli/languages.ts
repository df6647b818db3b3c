import { checkExpr } from '../promql/parse.ts';
import { createTemplateSet, type TemplateSet } from '../templates/notification.ts';
import { checkRuleTemplate } from '../templates/rule-expander.ts';
import type { CheckLanguages } from './check.ts';

/** What knows the languages inside a configuration: PromQL, and the templates of rules and of notifications. */
export function checkLanguages(now: () => number): CheckLanguages {
  // Made when first asked for: most commands never are.
  let notifications: TemplateSet | undefined;
  return {
    checkExpr,
    checkTemplate(text, use) {
      try {
        if (use === 'rule') checkRuleTemplate(text);
        else (notifications ??= createTemplateSet({ now })).check(text);
        return undefined;
      } catch (error) {
        return { message: (error as Error).message, offset: 0 };
      }
    },
  };
}
