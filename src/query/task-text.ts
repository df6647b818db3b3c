import type { QueryTask } from './protocol.ts';

const MAX_CHARACTERS = 1000;

/** A task in one line, for logs and lists: its expression or selectors, cut where it is long. */
export function taskText(task: QueryTask): string {
  const text = wholeText(task);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

function wholeText(task: QueryTask): string {
  switch (task.kind) {
    case 'instant':
    case 'range':
    case 'format':
    case 'parse':
    case 'exemplars':
      return task.expr;
    case 'series':
    case 'labelNames':
    case 'federate':
      return task.match.join(' ');
    case 'search':
      return [...task.terms, ...task.match].join(' ');
    case 'labelValues':
      return `${task.name} ${task.match.join(' ')}`.trim();
    case 'read':
      return task.queries
        .map(
          ({ matchers }) =>
            `{${matchers.map(({ name, op, value }) => `${name}${op}${JSON.stringify(value)}`).join(',')}}`,
        )
        .join(' ');
    case 'cardinality':
    case 'blocks':
      return '';
  }
}
