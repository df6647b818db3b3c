import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { lastValue } from '../data/matrix.ts';
import { valueText } from '../format/units.ts';
import { lazyPart } from '../lazy-part.ts';
import { useSession } from '../session.ts';
import { type ChartSpec, shapeOf } from './chart-spec.ts';
import { useEventMarks } from './event-marks.ts';
import { LAST_ONLY, Legend, type LegendColumn, type LegendOrder } from './legend.tsx';
import { axisColors } from './palette.ts';
import { wholePixels } from './pixels.ts';
import type { Plot } from './plot.ts';

export type ChartProps = Omit<ChartSpec, 'hidden'> & {
  /** What the chart shows, for those who cannot see it. */
  readonly label: string;
  /** Pixels; without it the chart fills its container. */
  readonly height?: number;
  readonly legend?: 'none' | 'list';
  readonly legendMode?: 'list' | 'table';
  readonly legendPlacement?: 'bottom' | 'right';
  /** Numbers beside the names; the last value where none are given. */
  readonly legendColumns?: readonly LegendColumn[];
  readonly legendOrder?: LegendOrder;
  /** Pixels, of a legend at the right. */
  readonly legendWidth?: number;
  /** Under this name the URL keeps which lines are hidden; without it only the chart does. */
  readonly stateKey?: string;
  /** Charts with the same key share their crosshair. */
  readonly syncKey?: string;
};

/** A time series chart. The drawing library comes with the first chart; until then the space is kept. */
export function Chart({
  label,
  height,
  legend = 'list',
  legendMode = 'list',
  legendPlacement = 'bottom',
  legendColumns = LAST_ONLY,
  legendOrder,
  legendWidth,
  stateKey,
  syncKey = 'page',
  ...spec
}: ChartProps) {
  const { range, theme, clock, zone } = useSession();
  const happened = useEventMarks();
  const [isMissing, setIsMissing] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<{ shape: string; plot: Plot } | undefined>(undefined);
  const library = useRef<typeof import('./plot.ts')>(undefined);
  const [hidden, setHidden] = useHidden(stateKey, spec.lines);
  const shown = theme.shown.value;
  const shownZone = zone.shown.value;

  useEffect(() => {
    let isGone = false;
    lazyPart(() => import('./plot.ts'), clock.now()).then(
      (module) => {
        if (isGone) return;
        // No state: names and numbers under the chart are drawn already.
        library.current = module;
        draw.current();
      },
      () => {
        if (!isGone) setIsMissing(true);
      },
    );
    return () => {
      isGone = true;
    };
  }, []);

  // Sizes come from the observer only: asking for them would lay the page out anew for each chart of a dashboard.
  const size = useRef<{ width: number; height: number } | undefined>(undefined);
  const draw = useRef(() => {});
  draw.current = () => {
    const element = host.current;
    const { current: drawing } = library;
    if (!element || !drawing || !size.current) return;
    const full: ChartSpec = {
      ...spec,
      hidden,
      zone: shownZone,
      marks: [...(spec.marks ?? []), ...happened.marks],
      shades: [...(spec.shades ?? []), ...happened.shades],
    };
    const shape = `${shown} ${syncKey} ${shapeOf(full)}`;
    if (plot.current?.shape === shape) {
      plot.current.plot.update(full);
      return;
    }
    plot.current?.plot.destroy();
    const made = drawing.createPlot(element, full, size.current, axisColors(shown), syncKey, {
      zoom: (from, to) => range.set({ from: String(Math.round(from)), to: String(Math.round(to)) }),
      zoomOut: () => range.undo(),
    });
    plot.current = { shape, plot: made };
  };
  useEffect(() => draw.current());

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const observer = new ResizeObserver((entries) => {
      const { width, height: tall } = entries.at(-1)!.contentRect;
      const whole = (length: number): number => wholePixels(length, window.devicePixelRatio);
      size.current = { width: whole(Math.max(60, width)), height: whole(height ?? Math.max(80, tall)) };
      if (plot.current) plot.current.plot.resize(size.current.width, size.current.height);
      else draw.current();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.plot.destroy();
      plot.current = undefined;
    };
  }, [height]);

  return (
    <div
      class={`chart${height === undefined ? ' is-filling' : ''}${legend === 'list' && legendPlacement === 'right' ? ' has-legend-right' : ''}`}
      style={legendWidth === undefined ? undefined : { '--legend-width': `${legendWidth}px` }}
    >
      <div
        class="chart-plot"
        ref={host}
        style={height === undefined ? undefined : { height: `${height}px` }}
        role="img"
        aria-label={summary(label, spec)}
      />
      {isMissing && <p class="note">The chart could not be loaded: reload the page.</p>}
      {legend === 'list' && spec.lines.length > 0 && (
        <Legend
          lines={spec.lines.filter((line) => line.isUnnamed !== true)}
          unit={spec.unit}
          decimals={spec.decimals}
          mode={legendMode}
          columns={legendColumns}
          order={legendOrder}
          hidden={hidden}
          onChange={setHidden}
        />
      )}
    </div>
  );
}

const NONE: ReadonlySet<string> = new Set();

/** Which lines are hidden. In the URL a line that stands alone is named, otherwise those that are hidden. */
function useHidden(
  key: string | undefined,
  lines: readonly { readonly name: string }[],
): [ReadonlySet<string>, (hidden: ReadonlySet<string>) => void] {
  const { router } = useSession();
  const [own, setOwn] = useState(NONE);
  const query = router.query.value;
  const hiddenText =
    key === undefined ? '' : JSON.stringify([query.get(`only-${key}`), query.getAll(`hide-${key}`)]);
  const ofUrl = useMemo((): ReadonlySet<string> => {
    if (hiddenText === '') return NONE;
    const [only, hide] = JSON.parse(hiddenText) as [string | null, string[]];
    if (only === null) return hide.length === 0 ? NONE : new Set(hide);
    const others = lines.filter(({ name }) => name !== only).map(({ name }) => name);
    return others.length === lines.length ? NONE : new Set(others);
  }, [hiddenText, lines]);
  if (key === undefined) return [own, setOwn];
  return [
    ofUrl,
    (hidden) => {
      const next = new URLSearchParams(query);
      next.delete(`only-${key}`);
      next.delete(`hide-${key}`);
      const left = lines.filter(({ name }) => !hidden.has(name));
      if (left.length === 1 && lines.length > 2) next.set(`only-${key}`, left[0]!.name);
      else for (const name of hidden) next.append(`hide-${key}`, name);
      const text = next.toString();
      router.go(text === '' ? router.path.value : `${router.path.value}?${text}`, { replace: true });
    },
  ];
}

function summary(label: string, spec: Omit<ChartSpec, 'hidden'>): string {
  const parts = spec.lines
    .slice(0, 6)
    .map((line) => `${line.name} ${valueText(lastValue(line.values), spec.unit)}`);
  const rest = spec.lines.length - parts.length;
  return `${label}. Now: ${parts.join(', ') || 'no data'}${rest > 0 ? `, and ${rest} more` : ''}.`;
}
