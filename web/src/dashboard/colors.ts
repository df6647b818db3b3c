import type { PanelModel, ThresholdsModel } from '../../../src/dashboards/model.ts';
import { isColorBlind, isDark, type ShownTheme } from '../chart/palette.ts';

/** Hue and chroma of Grafana's named colours, drawn in our own lightness so that they read in both themes. */
const HUES: Readonly<Record<string, readonly [hue: number, chroma: number]>> = {
  red: [27, 0.19],
  orange: [55, 0.16],
  yellow: [90, 0.15],
  green: [150, 0.15],
  blue: [255, 0.15],
  purple: [300, 0.16],
};

/** The same for readers who cannot tell red from green: green turns blue, and what is worse is darker. */
const SAFE_HUES: Readonly<Record<string, readonly [hue: number, chroma: number, lightness: number]>> = {
  red: [32, 0.19, 0.5],
  orange: [62, 0.16, 0.66],
  yellow: [95, 0.15, 0.8],
  green: [245, 0.14, 0.58],
  blue: [285, 0.15, 0.5],
  purple: [320, 0.14, 0.6],
};

/** Grafana's steps of a colour: how much darker or lighter. */
const SHADES: Readonly<Record<string, number>> = {
  'super-light-': 0.16,
  'light-': 0.09,
  'semi-dark-': -0.06,
  'dark-': -0.12,
};

/** A colour as authored, as CSS; names become ours, `#rrggbb` and `rgb()` stay. Anything else is undefined. */
export function cssColor(name: string | undefined, theme: ShownTheme): string | undefined {
  if (name === undefined || name === '') return undefined;
  const plain = isColorBlind(theme) ? (redOrGreen(name) ?? name) : name;
  if (plain !== name) return cssColor(plain, theme);
  if (/^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(name)) return name;
  if (/^(rgb|hsl)a?\([\d\s.,%/]+\)$/.test(name)) return name;
  if (name === 'transparent') return 'transparent';
  if (name === 'text') return isDark(theme) ? 'oklch(0.93 0.005 85)' : 'oklch(0.24 0.01 260)';
  const shade = Object.keys(SHADES).find((prefix) => name.startsWith(prefix)) ?? '';
  const hue = (isColorBlind(theme) ? SAFE_HUES : HUES)[name.slice(shade.length)];
  if (!hue) return undefined;
  const [, , own] = hue;
  const base =
    own === undefined
      ? isDark(theme)
        ? 0.73
        : hue[0] === 90
          ? 0.62
          : 0.57
      : own + (isDark(theme) ? 0.1 : 0);
  const lightness = Math.min(0.95, Math.max(0.3, base + (shade === '' ? 0 : SHADES[shade]!)));
  return `oklch(${lightness.toFixed(2)} ${hue[1]} ${hue[0]})`;
}

/** The name of a colour that is written as numbers, where it is a red or a green. */
function redOrGreen(color: string): 'red' | 'green' | undefined {
  const parts = partsOf(color);
  if (!parts) return undefined;
  const [red = 0, green = 0, blue = 0] = parts;
  const high = Math.max(red, green, blue);
  if (high - Math.min(red, green, blue) < high * 0.35) return undefined;
  if (high === red) return Math.max(green, blue) - Math.min(green, blue) < red * 0.25 ? 'red' : undefined;
  return high === green && blue < green * 0.8 ? 'green' : undefined;
}

/** Red, green and blue from 0 to 255. */
function partsOf(color: string): number[] | undefined {
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(color);
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(color);
  return rgb?.slice(1).map(Number) ?? hex?.slice(1).map((part) => Number.parseInt(part, 16));
}

/** Black or white, whichever reads better on a colour. */
export function inkOn(color: string): string {
  const light = luminanceOf(color);
  return light !== undefined && light > EVEN ? 'oklch(0.17 0.008 260)' : 'oklch(1 0 0)';
}

/** The luminance on which both inks read equally well. */
const EVEN = 0.1925;

/** Relative luminance as WCAG defines it, 0 to 1; undefined for a colour in another notation. */
function luminanceOf(color: string): number | undefined {
  const oklch = /^oklch\(\s*([\d.]+)\s+([\d.]+)\s+([\d.]+)/.exec(color);
  if (oklch) {
    const [lightness, chroma, hue] = oklch.slice(1).map(Number) as [number, number, number];
    const a = chroma * Math.cos((hue * Math.PI) / 180);
    const b = chroma * Math.sin((hue * Math.PI) / 180);
    // Ottosson's OKLab to linear sRGB, summed to the luminance.
    const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
    const red = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
    const green = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
    const blue = -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s;
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  const parts = partsOf(color);
  if (!parts) return undefined;
  const [r = 0, g = 0, b = 0] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The authored colour of the step a value has reached; of percentages, between the panel's ends. */
export function thresholdColor(
  value: number | null,
  thresholds: ThresholdsModel | undefined,
  panel: Pick<PanelModel, 'min' | 'max'>,
): string | undefined {
  if (!thresholds || value === null) return thresholds?.steps[0]?.color;
  const low = panel.min ?? 0;
  const high = panel.max ?? 100;
  const measured = thresholds.mode === 'percentage' ? ((value - low) / (high - low)) * 100 : value;
  let color = thresholds.steps[0]?.color;
  for (const step of thresholds.steps) if (step.value === null || measured >= step.value) color = step.color;
  return color;
}
