const KEY = String.raw`(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?/)?[a-zA-Z0-9](?:[-\w.]*[a-zA-Z0-9])?`;
const VALUE = String.raw`(?:[a-zA-Z0-9](?:[-\w.]*[a-zA-Z0-9])?)?`;
const LABEL_REQUIREMENTS = [
  new RegExp(`^!?\\s*${KEY}$`),
  new RegExp(`^${KEY}\\s*(?:=|==|!=)\\s*${VALUE}$`),
  new RegExp(`^${KEY}\\s*[<>]\\s*-?\\d+$`),
  new RegExp(`^${KEY}\\s+(?:not)?in\\s*\\(\\s*${VALUE}(?:\\s*,\\s*${VALUE})*\\s*\\)$`),
];
const FIELD_REQUIREMENT = /^[^=!,]+(?:==?|!=)(?:[^=!,\\]|\\[=,\\])*$/;

/** What is wrong with a Kubernetes label selector. */
export function labelSelectorFault(text: string): string | undefined {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const wrong = text.trim() === '' ? undefined : parts.find((part) => !isLabelRequirement(part));
  return wrong === undefined
    ? undefined
    : `expected a label selector such as "app=web,tier in (a,b),!canary", got ${JSON.stringify(wrong)}`;
}

/** What is wrong with a Kubernetes field selector. */
export function fieldSelectorFault(text: string): string | undefined {
  const parts = text.split(/(?<!\\),/).map((part) => part.trim());
  const wrong =
    text.trim() === '' ? undefined : parts.find((part) => part !== '' && !FIELD_REQUIREMENT.test(part));
  return wrong === undefined
    ? undefined
    : `expected a field selector such as "spec.nodeName=a,status.phase!=Failed", got ${JSON.stringify(wrong)}`;
}

function isLabelRequirement(part: string): boolean {
  return LABEL_REQUIREMENTS.some((pattern) => pattern.test(part));
}
