import { isObject, type Json, numberAt, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import type { VariableModel } from './model.ts';

const TYPES = new Set(['query', 'custom', 'interval', 'constant', 'textbox', 'datasource', 'adhoc']);

/** Reads `templating.list`, and the constants among `__inputs`. Types we do not know are named in `warnings`. */
export function readVariables(dashboard: Json, warnings: string[]): VariableModel[] {
  const inputs = objectsAt(dashboard, '__inputs').filter((input) => textAt(input, 'type') === 'constant');
  const constants = inputs.map((input) => constant(textAt(input, 'name'), textAt(input, 'value')));
  const list = objectsAt(objectAt(dashboard, 'templating'), 'list').flatMap((variable) => {
    const type = textAt(variable, 'type', 'query');
    if (TYPES.has(type)) return [readVariable(variable, type as VariableModel['type'])];
    warnings.push(
      `The variable ${JSON.stringify(textAt(variable, 'name'))} has the unknown type ${JSON.stringify(type)}.`,
    );
    return [];
  });
  return [...constants, ...list];
}

function readVariable(json: Json, type: VariableModel['type']): VariableModel {
  const { query } = json;
  const queryText = isObject(query)
    ? textAt(query, 'query') || textAt(query, 'label')
    : textAt(json, 'query');
  return {
    name: textAt(json, 'name'),
    label: textAt(json, 'label'),
    type,
    hide: json.hide === 2 ? 'variable' : json.hide === 1 ? 'label' : 'none',
    query: queryText || textAt(json, 'definition'),
    regex: textAt(json, 'regex'),
    sort: numberAt(json, 'sort') ?? 0,
    isMulti: json.multi === true,
    includeAll: json.includeAll === true,
    allValue: json.allValue === null ? '' : textAt(json, 'allValue'),
    refresh: json.refresh === 2 ? 'range' : json.refresh === 0 || json.refresh === false ? 'never' : 'load',
    current: type === 'adhoc' ? filtersOf(json) : currentOf(objectAt(json, 'current')),
    options: objectsAt(json, 'options').map((option) => ({
      text: textAt(option, 'text'),
      value: textAt(option, 'value'),
    })),
  };
}

/** Stored filters, each as `label|operator|value`, the way they stand in addresses. */
function filtersOf(json: Json): string[] {
  return objectsAt(json, 'filters').map((filter) =>
    [textAt(filter, 'key'), textAt(filter, 'operator', '='), textAt(filter, 'value')]
      .map((part) => part.replaceAll('|', '__gfp__'))
      .join('|'),
  );
}

/** The stored choice; old JSON keeps `All` as text only. */
function currentOf(current: Json): string[] {
  if (textAt(current, 'text') === 'All' && current.value === undefined) return ['$__all'];
  return typeof current.value === 'number' ? [String(current.value)] : textsAt(current, 'value');
}

function constant(name: string, value: string): VariableModel {
  return {
    name,
    label: name,
    type: 'constant',
    hide: 'variable',
    query: value,
    regex: '',
    sort: 0,
    isMulti: false,
    includeAll: false,
    allValue: '',
    refresh: 'never',
    current: [value],
    options: [],
  };
}
