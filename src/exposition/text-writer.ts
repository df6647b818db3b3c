import { escapeText } from '../model/labels.ts';
import { formatValue } from '../model/sample.ts';
import type { MetricType } from './parser.ts';

/** A metric family with its samples, as it stands on a page. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: Extract<MetricType, 'counter' | 'gauge' | 'unknown'>;
  readonly samples: readonly FamilySample[];
}

export interface FamilySample {
  /** Names and values in turn; names within the old alphabet. */
  readonly labels: readonly string[];
  readonly value: number;
}

/** Writes families in the text format, version 0.0.4. Families without samples are left out. */
export function writeTextPage(families: Iterable<Family>): string {
  let page = '';
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue;
    page += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
    for (const { labels, value } of samples) page += `${name}${writeLabels(labels)} ${formatValue(value)}\n`;
  }
  return page;
}

function writeLabels(labels: readonly string[]): string {
  if (labels.length === 0) return '';
  let text = '{';
  for (let i = 0; i < labels.length; i += 2) {
    text += `${i === 0 ? '' : ','}${labels[i]}="${escapeText(labels[i + 1]!)}"`;
  }
  return `${text}}`;
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (char) => (char === '\n' ? '\\n' : '\\\\'));
}
