import type { Clock } from '../clock.ts';

const SHOW_EVERY_MS = 200;
const WIDTH = 24;
/** Reading takes about this share of an import; the rest is packing, day by day. */
const READING = 0.55;

export interface Progress {
  read(bytes: number, total: number, lines: number): void;
  stored(day: number, days: number): void;
  /** Leaves an empty line behind. */
  clear(): void;
}

/** A line that is written over and over: bar, rate, time left. @param write undefined shows nothing */
export function createProgress(write: ((text: string) => void) | undefined, clock: Clock): Progress {
  const startedAt = clock.monotonic();
  let shownAt = startedAt;
  let isShown = false;
  const show = (share: number, what: string): void => {
    const now = clock.monotonic();
    if (now - shownAt < SHOW_EVERY_MS) return;
    shownAt = now;
    isShown = true;
    const full = Math.round(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const left = share > 0 ? ((now - startedAt) * (1 - share)) / share / 1000 : 0;
    write?.(`\r\x1b[K${bar} ${Math.floor(share * 100)} %  ${what}  ${duration(left)} left`);
  };
  return {
    read(bytes, total, lines) {
      if (!write || total === 0) return;
      const perSecond = lines / Math.max(0.001, (clock.monotonic() - startedAt) / 1000);
      show((READING * Math.min(bytes, total)) / total, `${(perSecond / 1e6).toFixed(2)} M samples/s`);
    },
    stored(day, days) {
      if (write) show(READING + ((1 - READING) * day) / days, `day ${day} of ${days}`);
    },
    clear() {
      if (isShown) write?.('\r\x1b[K');
      isShown = false;
    },
  };
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
