import type { LinkModel } from '../../../src/dashboards/model.ts';
import { type Choices, substitute } from './substitute.ts';

/** What a link of a value may refer to. */
export interface LinkScope {
  readonly choices: Choices;
  /** Unix ms. */
  readonly range: { readonly from: number; readonly to: number };
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Cells of the same row, by column. */
  readonly fields: Readonly<Record<string, string>>;
  readonly value: { readonly raw: string; readonly text: string };
}

/** The address of a link with its variables filled in; undefined unless it leads to the web or into the page itself. */
export function linkAddress(link: LinkModel, scope: LinkScope): string | undefined {
  const filled = link.url.replace(/\$\{(__[^}]+)\}|\$(__\w+)/g, (whole, braced, plain) => {
    const found = linkVariable(String(braced ?? plain), scope);
    return found ?? whole;
  });
  const address = substitute(filled, scope.choices, {}, 'text');
  return /^(https?:\/\/|\/(?!\/)|\?|#|d\/)/i.test(address) ? address : undefined;
}

function linkVariable(path: string, scope: LinkScope): string | undefined {
  const [reference = '', format] = path.split(':');
  const encode = (text: string | undefined): string =>
    format === 'raw' ? (text ?? '') : encodeURIComponent(text ?? '');
  const part = /^__(\w+)(?:\.(.+)|\["?(.+?)"?\])?$/.exec(reference);
  const [, root, dotted, bracketed] = part ?? [];
  const key = dotted ?? bracketed ?? '';
  switch (root) {
    case 'url_time_range':
      return `from=${scope.range.from}&to=${scope.range.to}`;
    case 'from':
      return String(scope.range.from);
    case 'to':
      return String(scope.range.to);
    case 'all_variables':
      return [...scope.choices]
        .flatMap(([name, { values, isAll }]) =>
          (isAll ? ['$__all'] : values).map((value) => `var-${name}=${encodeURIComponent(value)}`),
        )
        .join('&');
    case 'series':
      return encode(scope.name);
    case 'field':
      return encode(key.startsWith('labels.') ? scope.labels[key.slice(7)] : scope.name);
    case 'data': {
      const name = /^fields(?:\.|\["?)(.+?)(?:"?\])?$/.exec(key)?.[1];
      return name === undefined ? undefined : encode(scope.fields[name]);
    }
    case 'value':
      return encode(key === 'text' ? scope.value.text : scope.value.raw);
    default:
      return undefined;
  }
}
