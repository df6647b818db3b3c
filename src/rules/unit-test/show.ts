import { formatLabels, type Labels } from '../../model/labels.ts';
import { formatHistogramLiteral } from '../../promql/testlang/histogram-literal.ts';
import { formatFloat } from '../../templates/go-float.ts';
import type { FoundSample } from './unit-test.ts';

export interface ShownAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** Alerts as promtool lists them; lines after the first are indented. */
export function formatAlerts(alerts: readonly ShownAlert[]): string {
  if (alerts.length === 0) return '[]';
  const texts = alerts.map(
    ({ labels, annotations }, i) =>
      `${i}:\n  Labels:${formatLabels(labels)}\n  Annotations:${formatLabels(annotations)}`,
  );
  return indent(`[\n${texts.join(',\n')}\n]`, ' '.repeat(12));
}

/** Lines with `-` are expected and missing, those with `+` are there and were not expected. */
export function formatDifference(expected: readonly ShownAlert[], got: readonly ShownAlert[]): string {
  const linesOf = (alerts: readonly ShownAlert[]): string[] =>
    alerts.flatMap(({ labels, annotations }) => [
      `Labels:${formatLabels(labels)}`,
      `Annotations:${formatLabels(annotations)}`,
    ]);
  const lines = differenceOf(linesOf(expected), linesOf(got)).map(([mark, line]) => {
    const text = `${mark} ${line}`;
    if (mark === ' ') return text;
    return `\u001b[${mark === '-' ? 31 : 32}m${text}\u001b[0m`;
  });
  return indent(`\n${lines.join('\n')}`, ' '.repeat(12));
}

export function formatSamples(samples: readonly FoundSample[]): string {
  if (samples.length === 0) return 'nil';
  return samples.map((sample) => `${formatLabels(sample.labels)} ${formatPoint(sample)}`).join(', ');
}

const formatPoint = ({ value, histogram }: FoundSample): string =>
  histogram ? formatHistogramLiteral(histogram) : formatFloat(value, 'E', -1);

const indent = (text: string, by: string): string => text.replaceAll('\n', `\n${by}`);

/** Longest common subsequence, line by line. */
function differenceOf(a: readonly string[], b: readonly string[]): (readonly [mark: string, line: string])[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const lines: [string, string][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push([' ', a[i++]!]);
      j++;
    } else if (j >= b.length || (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push(['-', a[i++]!]);
    } else lines.push(['+', b[j++]!]);
  }
  return lines;
}
