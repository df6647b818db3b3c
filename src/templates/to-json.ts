import type { Budget } from './budget.ts';
import { civil } from './go-civil.ts';
import { formatFloat } from './go-float.ts';
import { GoDuration, GoTime } from './go-time.ts';
import { formatTime } from './go-time-layout.ts';
import { GoEnum, GoList, GoMap, type GoStruct, GoText, type GoValue } from './go-value.ts';

/** As json.Marshal writes a value: maps by key, `<`, `>` and `&` escaped. @throws Error for what JSON cannot say */
export function toJson(value: GoValue, budget: Budget): string {
  let length = 0;
  const counted = (text: string): string => {
    length += text.length;
    budget.text(length, text.length);
    return text;
  };
  const write = (item: GoValue, depth: number): string => {
    budget.step();
    if (depth > 100) throw new Error('json: value is nested deeper than 100');
    if (item === null || item === undefined) return counted('null');
    if (typeof item === 'boolean' || typeof item === 'bigint') return counted(String(item));
    if (typeof item === 'number') return counted(jsonNumber(item));
    if (typeof item === 'string') return counted(jsonString(item));
    if (item instanceof GoText) return counted(jsonString(item.value));
    if (item instanceof GoDuration) return counted(String(item.ns));
    if (item instanceof GoEnum) return counted(String(item.value));
    if (item instanceof GoTime) {
      return counted(`"${formatTime(civil(item.ns, item.zone), '2006-01-02T15:04:05.999999999Z07:00')}"`);
    }
    if (item instanceof GoList) return `[${item.items.map((each) => write(each, depth + 1)).join(',')}]`;
    if (item instanceof GoMap) {
      const fields = item.sortedKeys().map((key) => {
        const name = counted(jsonString(key));
        return `${name}:${write(item.entries.get(key), depth + 1)}`;
      });
      return `{${fields.join(',')}}`;
    }
    const fields: string[] = [];
    for (const [name, field] of (item as GoStruct).fields) {
      fields.push(`${counted(jsonString(item.jsonNames?.[name] ?? name))}:${write(field, depth + 1)}`);
    }
    return `{${fields.join(',')}}`;
  };
  return write(value, 0);
}

const jsonString = (text: string): string =>
  JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`json: unsupported value: ${formatFloat(value, 'g', -1)}`);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-6 || size >= 1e21)) {
    return formatFloat(value, 'e', -1).replace(/e-0(\d)$/, 'e-$1');
  }
  return formatFloat(value, 'f', -1);
}
