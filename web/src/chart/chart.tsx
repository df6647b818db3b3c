import { useEffect, useRef, useState } from 'preact/hooks';
import { lastValue } from '../data/matrix.ts';
import { valueText } from '../format/units.ts';
import { lazyPart } from '../lazy-part.ts';
import { useSession } from '../session.ts';
import { LAST_ONLY, Legend, type LegendColumn } from './legend.tsx';
import type { ChartSpec, Plot, PlotColors } from './plot.ts';

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
  syncKey = 'page',
  ...spec
}: ChartProps) {
  const { range, theme, clock } = useSession();
  const [isMissing, setIsMissing] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<{ shape: string; plot: Plot } | undefined>(undefined);
  const [library, setLibrary] = useState<typeof import('./plot.ts')>();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = theme.shown.value;

  useEffect(() => {
    let isGone = false;
    lazyPart(() => import('./plot.ts'), clock.now()).then(
      (module) => {
        if (!isGone) setLibrary(module);
      },
      () => {
        if (!isGone) setIsMissing(true);
      },
    );
    return () => {
      isGone = true;
    };
  }, []);

  useEffect(() => {
    const element = host.current;
    if (!element || !library) return;
    const full: ChartSpec = { ...spec, hidden };
    const shape = `${shown} ${syncKey} ${library.shapeOf(full)}`;
    if (plot.current?.shape === shape) {
      plot.current.plot.update(full);
      return;
    }
    plot.current?.plot.destroy();
    const made = library.createPlot(element, full, sizeOf(element, height), colorsOf(element), syncKey, {
      zoom: (from, to) => range.set({ from: String(Math.round(from)), to: String(Math.round(to)) }),
      zoomOut: () => range.undo(),
    });
    plot.current = { shape, plot: made };
  });

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const { width, height: tall } = sizeOf(element, height);
      plot.current?.plot.resize(width, tall);
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
          hidden={hidden}
          onChange={setHidden}
        />
      )}
    </div>
  );
}

function sizeOf(element: HTMLElement, height: number | undefined): { width: number; height: number } {
  return { width: Math.max(60, element.clientWidth), height: height ?? Math.max(80, element.clientHeight) };
}

/** Resolves the tokens the canvas needs: it cannot read custom properties. */
function colorsOf(element: HTMLElement): PlotColors {
  const probe = document.createElement('span');
  element.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const colors = { tick: read('--tick'), grid: read('--grid') };
  probe.remove();
  return colors;
}

function summary(label: string, spec: Omit<ChartSpec, 'hidden'>): string {
  const parts = spec.lines
    .slice(0, 6)
    .map((line) => `${line.name} ${valueText(lastValue(line.values), spec.unit)}`);
  const rest = spec.lines.length - parts.length;
  return `${label}. Now: ${parts.join(', ') || 'no data'}${rest > 0 ? `, and ${rest} more` : ''}.`;
}
