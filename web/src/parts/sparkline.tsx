interface SparklineProps {
  readonly values: readonly (number | null)[];
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly min?: number;
  readonly max?: number;
  readonly color?: string;
}

const WIDTH = 100;
const HEIGHT = 24;

/** A line the height of a word. Holes are left open. */
export function Sparkline({ values, label, min, max, color }: SparklineProps) {
  const { line, area } = sparkPaths(values, min, max);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      style={{ color }}
    >
      <path class="sparkline-area" d={area} />
      <path class="sparkline-line" d={line} />
    </svg>
  );
}

/** Paths in a box of 100 × 24; the axis starts at `min` (or 0, or below it) and ends at `max` (or the largest value). */
function sparkPaths(
  values: readonly (number | null)[],
  min?: number,
  max?: number,
): { line: string; area: string } {
  const known = values.filter((value) => value !== null);
  const low = min ?? Math.min(0, ...known);
  const high = Math.max(max ?? Math.max(...known, low), low + 1e-12);
  const x = (i: number): number => (i / Math.max(1, values.length - 1)) * WIDTH;
  const y = (value: number): number => HEIGHT - 1 - ((value - low) / (high - low)) * (HEIGHT - 2);
  let line = '';
  let area = '';
  let runStart = -1;
  for (let i = 0; i <= values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) {
      if (runStart >= 0) area += `L${x(i - 1).toFixed(1)} ${HEIGHT}L${x(runStart).toFixed(1)} ${HEIGHT}Z`;
      runStart = -1;
      continue;
    }
    const point = `${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    line += `${runStart < 0 ? 'M' : 'L'}${point}`;
    area += `${runStart < 0 ? 'M' : 'L'}${point}`;
    if (runStart < 0) runStart = i;
  }
  return { line, area };
}
