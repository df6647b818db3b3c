import type { SourceOf } from './datasource.ts';
import { type Json, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import type { AnnotationModel } from './model.ts';

/** Reads `annotations.list`. Those of other stores are named in `warnings`; Grafana's own have no query and are left out. */
export function readAnnotations(dashboard: Json, sourceOf: SourceOf, warnings: string[]): AnnotationModel[] {
  return objectsAt(objectAt(dashboard, 'annotations'), 'list').flatMap((json): AnnotationModel[] => {
    const name = textAt(json, 'name', 'annotation');
    const source = sourceOf(json.datasource);
    if (source.kind === 'other') {
      warnings.push(
        `The annotation ${JSON.stringify(name)} needs the data source ${JSON.stringify(source.name)}.`,
      );
      return [];
    }
    const expr = textAt(json, 'expr') || textAt(objectAt(json, 'target'), 'expr');
    if (expr.trim() === '') return [];
    return [
      {
        name,
        expr,
        step: textAt(json, 'step'),
        titleFormat: textAt(json, 'titleFormat'),
        textFormat: textAt(json, 'textFormat'),
        tagKeys: textsAt(json, 'tagKeys')
          .flatMap((keys) => keys.split(','))
          .map((key) => key.trim())
          .filter((key) => key !== ''),
        useValueForTime: json.useValueForTime === true || json.useValueForTime === 'on',
        color: textAt(json, 'iconColor', 'blue'),
        isEnabled: json.enable !== false,
      },
    ];
  });
}
