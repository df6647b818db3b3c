import { parseDuration } from '../../model/duration.ts';

/** Per item of the series line, the start relative to the sample's own time in milliseconds; undefined for none. */
export type StartOffsets = readonly (number | undefined)[];

const DURATION = String.raw`[+-]?\d+[a-wyz]*`;
const ITEM = new RegExp(`^(${DURATION})(?:([+-])(${DURATION}))?(?:x(\\d+))?$`);

/** Whether a line gives start timestamps: its metric ends in `@st`. */
export const isStartLine = (line: string): boolean => /^\S+@st(?:\s|$)/.test(line) || /\}@st\s/.test(line);

/**
 * Reads the items of an `@st` line: `-1m`, `_`, `_xN`, `dxN`, `d+exN`, `d-exN`.
 * @throws Error saying what was expected
 */
export function parseStartItems(text: string): StartOffsets {
  const offsets: (number | undefined)[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const nones = /^_(?:x(\d+))?$/.exec(word);
    if (nones) {
      for (let i = 0; i < Number(nones[1] ?? 1); i++) offsets.push(undefined);
      continue;
    }
    const match = ITEM.exec(word);
    if (!match) throw new Error(`expected a start such as -1m or -1m+5sx3, got ${JSON.stringify(word)}`);
    const step = match[3] === undefined ? 0 : signedDuration(match[3]) * (match[2] === '-' ? -1 : 1);
    let offset = signedDuration(match[1]!);
    for (let i = 0; i <= Number(match[4] ?? 0); i++) {
      offsets.push(offset);
      offset += step;
    }
  }
  return offsets;
}

function signedDuration(text: string): number {
  const magnitude = parseDuration(text.replace(/^[+-]/, ''));
  return text.startsWith('-') ? -magnitude : magnitude;
}
