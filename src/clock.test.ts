import { describe, expect, it } from 'vitest';
import { every, type Timer } from './clock.ts';
import { garbageCollector } from './query/garbage.ts';
import { fakeClock } from './testing/fake-clock.ts';

describe('every', () => {
  it('calls again and again until cancelled', async () => {
    const clock = fakeClock();
    const times: number[] = [];
    const timer = every(clock, 1000, () => times.push(clock.monotonic()));
    await clock.advance(3500);
    timer.cancel();
    await clock.advance(3500);
    expect(times).toEqual([1000, 2000, 3000]);
  });

  it('ends when cancelled by its own work', async () => {
    const clock = fakeClock();
    let count = 0;
    const timer: Timer = every(clock, 1000, () => {
      if (++count === 2) timer.cancel();
    });
    await clock.advance(5000);
    expect(count).toBe(2);
  });

  it('keeps nothing of the times before', async () => {
    const clock = fakeClock();
    const armed: WeakRef<Timer>[] = [];
    const timer = every(
      {
        ...clock,
        after(delayMs, fire) {
          const one = clock.after(delayMs, fire);
          armed.push(new WeakRef(one));
          return one;
        },
      },
      1000,
      () => {},
    );
    await clock.advance(20_000);
    garbageCollector()(true);
    expect(armed).toHaveLength(21);
    expect(armed.slice(0, 15).filter((one) => one.deref())).toEqual([]);
    timer.cancel();
  });
});
