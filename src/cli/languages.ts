import { checkExpr } from '../promql/parse.ts';
import { createTemplateSet } from '../templates/notification.ts';
import { checkRuleTemplate } from '../templates/rule-expander.ts';
import type { CheckLanguages } from './check.ts';

/** What knows the languages inside a configuration: PromQL, and the templates of rules and of notifications. */
export function checkLanguages(now: () => number): CheckLanguages {
  const notifications = createTemplateSet({ now });
  return {
    checkExpr,
    checkTemplate(text, use) {
      try {
        if (use === 'rule') checkRuleTemplate(text);
        else notifications.check(text);
        return undefined;
      } catch (error) {
        return { message: (error as Error).message, offset: 0 };
      }
    },
  };
}
