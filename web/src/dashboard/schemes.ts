import { isColorBlind, isDark, type ShownTheme } from '../chart/palette.ts';

/** Colour schemes by their usual names, low to high, as hex triplets. */
const SCHEMES: Readonly<Record<string, string>> = {
  Spectral: '9e0142d53e4ff46d43fdae61fee08bffffbfe6f598abdda466c2a53288bd5e4fa2',
  RdYlGn: 'a50026d73027f46d43fdae61fee08bffffbfd9ef8ba6d96a66bd631a9850006837',
  RdYlBu: 'a50026d73027f46d43fdae61fee090ffffbfe0f3f8abd9e974add14575b4313695',
  Inferno: '0000041b0c414a0c6b781c6da52c60cf4446ed6925fb9b06f7d13dfcffa4',
  Magma: '000004180f3d440f76721f819e2f7fcd4071f1605dfd9668feca8dfcfdbf',
  Plasma: '0d088746039f7201a89c179ebd3786d8576bed7953fb9f3afdca26f0f921',
  Viridis: '4401544828783e498931688e26828e1f9e8935b7796ece58b5de2bfde725',
  Turbo: '23171b4a58dd2f9df527d7c44df88495fb51dedd32ffa423f65f18ba2208900c00',
  Oranges: 'fff5ebfee6cefdd0a2fdae6bfd8d3cf16913d94801a636037f2704',
  Blues: 'f7fbffdeebf7c6dbef9ecae16baed64292c62171b508519c08306b',
  Greens: 'f7fcf5e5f5e0c7e9c0a1d99b74c47641ab5d238b45006d2c00441b',
  Reds: 'fff5f0fee0d2fcbba1fc9272fb6a4aef3b2ccb181da50f1567000d',
  Purples: 'fcfbfdefedf5dadaebbcbddc9e9ac8807dba6a51a354278f3f007d',
  Greys: 'fffffff0f0f0d9d9d9bdbdbd969696737373525252252525000000',
  YlOrRd: 'ffffccffeda0fed976feb24cfd8d3cfc4e2ae31a1cbd0026800026',
  YlGnBu: 'ffffd9edf8b1c7e9b47fcdbb41b6c41d91c0225ea8253494081d58',
  // Grafana's continuous modes of values.
  'continuous-GrYlRd': '73bf69fade2af2495c',
  'continuous-RdYlGr': 'f2495cfade2a73bf69',
  'continuous-BlYlRd': '5794f2fade2af2495c',
  'continuous-YlRd': 'fade2af2495c',
  'continuous-BlPu': '5794f2b877d9',
  'continuous-YlBl': 'fade2a5794f2',
  'continuous-blues': 'deebf75794f21f60c4',
  'continuous-reds': 'fee0d2f2495cc4162a',
  'continuous-greens': 'e5f5e073bf6937872d',
  'continuous-purples': 'efedf5b877d98f3bb8',
};

/** Light at the low end: turned round on a dark ground, where low is to be dark. The last four are dark at the low end. */
const LIGHT_FIRST = new Set(['Oranges', 'Blues', 'Greens', 'Reds', 'Purples', 'Greys', 'YlOrRd', 'YlGnBu']);
const DARK_FIRST = new Set(['Inferno', 'Magma', 'Plasma', 'Viridis']);

/** What stands in for schemes between red and green where these are not told apart. */
const SAFE: Readonly<Record<string, string>> = {
  RdYlGn: 'RdYlBu',
  Spectral: 'RdYlBu',
  'continuous-GrYlRd': 'continuous-BlYlRd',
  'continuous-RdYlGr': 'RdYlBu',
};

/** The colour at a share of a scheme, 0 to 1; an unknown scheme is drawn as Oranges. */
export function schemeColor(scheme: string, share: number, theme: ShownTheme, isReversed = false): string {
  const authored = scheme in SCHEMES ? scheme : 'Oranges';
  const known = isColorBlind(theme) ? (SAFE[authored] ?? authored) : authored;
  const isTurned = isDark(theme) ? LIGHT_FIRST.has(known) : DARK_FIRST.has(known);
  const stops = SCHEMES[known]!.match(/.{6}/g)!.map((hex) =>
    [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
  );
  const bounded = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  const at = (isTurned !== isReversed ? 1 - bounded : bounded) * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)]!, stops[Math.ceil(at)]!];
  const rgb = low.map((from, i) => Math.round(from + (high[i]! - from) * (at - Math.floor(at))));
  return `rgb(${rgb.join(', ')})`;
}

export const isContinuous = (mode: string): boolean => mode.startsWith('continuous-');
