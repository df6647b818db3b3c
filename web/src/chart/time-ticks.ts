import { clockOf, tickText, type Zone } from '../format/time.ts';

const STEPS = [
  1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  1_209_600, 2_592_000,
];

/** Labels of a time axis: at most `most` of them, on round times of the zone. Unix seconds; `at` is the share of the range, 0 to 1. */
export function timeTicks(
  from: number,
  to: number,
  most: number,
  zone: Zone = 'local',
): { at: number; text: string }[] {
  const step = STEPS.find((candidate) => (to - from) / candidate <= most) ?? STEPS.at(-1)!;
  const offset = from - clockOf(from * 1000, zone).getTime() / 1000;
  const ticks: { at: number; text: string }[] = [];
  for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) {
    ticks.push({ at: (time - from) / (to - from), text: tickText(time * 1000, step * 1000, zone) });
  }
  return ticks;
}
