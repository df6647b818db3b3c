/** How long something lasts, in the coarsest words that still tell: `42 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function durationText(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 10 && minutes % 60 >= 5) return `${hours} h ${minutes % 60} min`;
  if (hours < 36) return `${hours} h`;
  const days = Math.floor(hours / 24);
  return days < 10 && hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** `15d or 5GB` with the units apart from the numbers, as everywhere else on the page. */
export const spacedUnits = (text: string): string =>
  text.replace(/(\d)([a-zA-Z%]+)/g, '$1 $2').replace(/([a-z])(\d)/g, '$1 $2');

/** A Prometheus duration such as `1h30m` in ms; undefined when it is not one. */
export function parsePromDuration(text: string): number | undefined {
  const match = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(
    text.trim(),
  );
  if (!match || text.trim() === '') return undefined;
  const sizes = [31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
  return sizes.reduce((sum, size, i) => sum + size * Number(match[i + 1] ?? 0), 0);
}

/** Writes ms as Prometheus does, largest units first: `1h30m`. */
export function promDuration(durationMs: number): string {
  let rest = Math.max(0, Math.round(durationMs));
  if (rest === 0) return '0s';
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
