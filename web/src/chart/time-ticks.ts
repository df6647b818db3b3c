import { dayText } from '../format/time.ts';

const STEPS = [
  1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  1_209_600, 2_592_000,
];

const two = (n: number): string => String(n).padStart(2, '0');

/** Labels of a time axis: at most `most` of them, on round local times. Unix seconds; `at` is the share of the range, 0 to 1. */
export function timeTicks(from: number, to: number, most: number): { at: number; text: string }[] {
  const step = STEPS.find((candidate) => (to - from) / candidate <= most) ?? STEPS.at(-1)!;
  const offset = new Date(from * 1000).getTimezoneOffset() * 60;
  const ticks: { at: number; text: string }[] = [];
  for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) {
    const date = new Date(time * 1000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    const seconds = step < 60 ? `:${two(date.getSeconds())}` : '';
    const text =
      step >= 86_400 || isMidnight
        ? dayText(date)
        : `${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
    ticks.push({ at: (time - from) / (to - from), text });
  }
  return ticks;
}
