/** Light or dark, and whether red and green are to be told apart by those who cannot. */
export type ShownTheme = 'light' | 'dark' | 'light-safe' | 'dark-safe';

export const isDark = (theme: ShownTheme): boolean => theme.startsWith('dark');
export const isColorBlind = (theme: ShownTheme): boolean => theme.endsWith('-safe');

/**
 * Twelve colours of equal lightness per theme, told apart with the common colour-vision deficiencies; the first six differ most.
 * Hue and chroma in OKLCH.
 */
const SERIES: readonly (readonly [hue: number, chroma: number])[] = [
  [255, 0.15], // blue
  [55, 0.15], // orange
  [150, 0.14], // green
  [300, 0.16], // violet
  [215, 0.11], // cyan
  [345, 0.18], // magenta
  [115, 0.12], // olive
  [32, 0.15], // brick
  [185, 0.1], // teal
  [275, 0.17], // indigo
  [88, 0.13], // gold
  [250, 0.035], // slate
];

/**
 * For readers who tell few hues apart: eight of differing lightness on the blue–yellow axis, which the common deficiencies leave.
 * Lightness is of the light theme; the dark one turns it round.
 */
const SAFE: readonly (readonly [lightness: number, hue: number, chroma: number])[] = [
  [0.48, 255, 0.17],
  [0.72, 75, 0.15],
  [0.4, 230, 0.07],
  [0.62, 225, 0.12],
  [0.52, 45, 0.13],
  [0.8, 95, 0.13],
  [0.56, 310, 0.12],
  [0.36, 30, 0.08],
];

export function seriesColor(index: number, theme: ShownTheme): string {
  if (isColorBlind(theme)) {
    const [light, hue, chroma] = SAFE[index % SAFE.length]!;
    return `oklch(${isDark(theme) ? (1.22 - light).toFixed(2) : light} ${chroma} ${hue})`;
  }
  const [hue, chroma] = SERIES[index % SERIES.length]!;
  return `oklch(${isDark(theme) ? 0.74 : 0.58} ${chroma} ${hue})`;
}

/** Of axes, for the canvas, which cannot read custom properties: the tokens `--tick` and `--grid`. */
export function axisColors(theme: ShownTheme): { readonly tick: string; readonly grid: string } {
  return isDark(theme)
    ? { tick: 'oklch(0.66 0.01 260)', grid: 'oklch(0.93 0.005 85 / 0.08)' }
    : { tick: 'oklch(0.5 0.01 260)', grid: 'oklch(0.24 0.01 260 / 0.07)' };
}

/** The same colour, see-through. */
export function withAlpha(color: string, alpha: number): string {
  const oklch = /^oklch\(([^/)]+)\)$/.exec(color);
  if (oklch) return `oklch(${oklch[1]!.trim()} / ${alpha})`;
  const hex = /^#([0-9a-f]{6})$/i.exec(color);
  if (hex)
    return `${color}${Math.round(alpha * 255)
      .toString(16)
      .padStart(2, '0')}`;
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(color);
  return rgb ? `rgba(${rgb[1]}, ${rgb[2]}, ${rgb[3]}, ${alpha})` : color;
}

/**
 * Gives each name a palette index: the one its name hashes to among the first six, or the next free one. So a series keeps
 * its colour from refresh to refresh and from panel to panel, no two share one while there are twelve or fewer, and no three while
 * there are 24.
 */
export function assignColors(names: readonly string[]): number[] {
  const taken = new Set<number>();
  return names.map((name) => {
    const wanted = hash(name) % 6;
    if (taken.size === SERIES.length) taken.clear();
    const order = [...Array(6).keys()].map((i) => (wanted + i) % 6).concat([6, 7, 8, 9, 10, 11]);
    const index = order.find((candidate) => !taken.has(candidate)) ?? wanted;
    taken.add(index);
    return index;
  });
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
