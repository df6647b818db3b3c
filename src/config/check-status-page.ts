import type { CheckExpr } from './check-rules.ts';
import type { Finding } from './finding.ts';
import type { StatusPageConfig } from './status-page.ts';
import type { Loose } from './validate.ts';
import type { YamlFile } from './yaml.ts';

/** Checks what the services of the status page are told by, and that each is there once. */
export function checkStatusPage(
  yaml: YamlFile,
  page: Loose<StatusPageConfig> | undefined,
  checkExpr: CheckExpr | undefined,
): Finding[] {
  const errors: Finding[] = [];
  const names = new Set<string>();
  page?.services?.forEach((service, index) => {
    if (!service) return;
    const path = ['status_page', 'services', index];
    const { name, expr } = service;
    if (name !== undefined && names.has(name)) {
      const message = `expected each service once, got ${JSON.stringify(name)} again`;
      errors.push(yaml.finding([...path, 'name'], message));
    }
    if (name !== undefined) names.add(name);
    if (!yaml.has([...path, 'matchers']) && !yaml.has([...path, 'expr']))
      errors.push(yaml.finding(path, 'expected matchers, expr or both, got neither'));
    const fault = expr === undefined ? undefined : checkExpr?.(expr);
    if (fault) {
      const message = fault.message.replace(/^\d+:\d+: /, '');
      errors.push(yaml.findingInside([...path, 'expr'], fault.offset, message));
    }
  });
  return errors;
}
