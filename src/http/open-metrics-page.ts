/**
 * Own metrics as OpenMetrics text, from the page in text format 0.0.4: families of counters are named without `_total`, a counter
 * that is not named as one is of unknown type, blank lines go, and the end is marked. The registry can write OpenMetrics itself, but
 * renames the counters of its text page for good when it does.
 */
export function openMetricsPage(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const counters = new Set<string>();
  for (const line of lines) {
    const family = /^# TYPE (\S+) counter$/.exec(line)?.[1];
    if (family) counters.add(family);
  }
  const out = lines.map((line) => {
    const comment = /^# (TYPE|HELP) (\S+) (.*)$/s.exec(line);
    if (!comment) return line;
    const [, kind, family, rest] = comment;
    if (!counters.has(family!)) return line;
    if (!family!.endsWith('_total')) return kind === 'TYPE' ? `# TYPE ${family} unknown` : line;
    return `# ${kind} ${family!.slice(0, -'_total'.length)} ${rest}`;
  });
  return `${out.join('\n')}\n# EOF\n`;
}
