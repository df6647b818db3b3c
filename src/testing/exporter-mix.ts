/** A pseudo-random sequence in [0, 1) that is the same for the same seed (xorshift32). */
function sequence(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What exporters expose: `value(t)` is called with growing times, in seconds of the day. */
interface Shape {
  readonly name: string;
  readonly share: number;
  readonly start: (random: () => number) => (t: number) => number;
}

const wave = (t: number): number => 1 + 0.4 * Math.sin((2 * Math.PI * t) / 86_400);

/** A counter that grows by about `rate` a second, by whole ticks of `tick`. */
const counter =
  (rate: number, tick = 1) =>
  (random: () => number): ((t: number) => number) => {
    let ticks = Math.floor(random() * 1e6);
    let last = 0;
    return (t) => {
      const mean = rate * (t - last) * wave(t);
      last = t;
      ticks += Math.max(0, Math.round(mean + (random() + random() - 1) * Math.sqrt(mean + 1)));
      return ticks * tick;
    };
  };

const gauge =
  (middle: number, spread: number, quantum: number) =>
  (random: () => number): ((t: number) => number) => {
    let drift = 0;
    let shown = middle;
    return (t) => {
      if (random() < 0.3) return shown;
      drift = 0.95 * drift + random() - 0.5;
      shown = Math.round((middle + spread * (drift + wave(t) - 1)) / quantum) * quantum;
      return shown;
    };
  };

/** Shares of a usual page: a third never moves, most of the rest are counters, a few are full of digits. */
const SHAPES: readonly Shape[] = [
  { name: 'constant', share: 20, start: (random) => constant(Math.floor(random() * 1000)) },
  { name: 'rare_total', share: 10, start: counter(0.001) },
  { name: 'busy_total', share: 20, start: counter(20) },
  { name: 'bytes_total', share: 4, start: counter(1_000_000) },
  { name: 'seconds_total', share: 6, start: counter(30, 0.01) },
  { name: 'connections', share: 12, start: gauge(200, 40, 1) },
  { name: 'memory_bytes', share: 3, start: gauge(6e9, 5e8, 4096) },
  { name: 'ratio', share: 3, start: gauge(0.8, 0.1, 0.001) },
  { name: 'latency_seconds', share: 3, start: (random) => (t) => 0.01 * wave(t) * (1 + random()) },
];

const constant = (value: number) => (): number => value;

export interface MixedSeries {
  readonly name: string;
  readonly values: Float64Array;
}

/** `count` series with a value every `intervalSeconds` from midnight on, `rows` of them; the same for the same seed. */
export function exporterMix(count: number, rows: number, intervalSeconds = 15, seed = 1): MixedSeries[] {
  const total = SHAPES.reduce((sum, { share }) => sum + share, 0);
  return Array.from({ length: count }, (_, i) => {
    let at = (i * total) / count;
    const shape = SHAPES.find(({ share }) => (at -= share) < 0) ?? SHAPES[0]!;
    const value = shape.start(sequence(seed * 7919 + i));
    return {
      name: shape.name,
      values: Float64Array.from({ length: rows }, (_, row) => value(row * intervalSeconds)),
    };
  });
}
