import uPlot from 'uplot';
import type { ChartHost, ChartSpec } from './chart-spec.ts';
import { createAxes, type PlotColors } from './plot-axes.ts';
import { bandsOf, dataOf, seriesOf } from './plot-series.ts';
import { drawThresholdAreas, drawThresholds } from './plot-thresholds.ts';
import { drawMarks, drawShades } from './time-marks.ts';
import { createTooltip, MANY_LINES } from './tooltip.ts';

export interface PlotEvents {
  /** Unix ms. */
  zoom(from: number, to: number): void;
  zoomOut(): void;
}

export interface Plot {
  update(spec: ChartSpec): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

/** Draws one chart into `host`. A new shape of data (other lines, other unit) needs a new plot; see `shapeOf`. */
export function createPlot(
  host: HTMLElement,
  first: ChartSpec,
  size: { width: number; height: number },
  colors: PlotColors,
  syncKey: string,
  events: PlotEvents,
): Plot {
  let spec = first;
  const { axes, scales, hasRight, forgetSpans } = createAxes(() => spec, colors);
  const tooltip = createTooltip(host);
  const plot = new uPlot(
    {
      ...size,
      padding: [8, hasRight ? 0 : 18, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: spec.lines.length < MANY_LINES ? { size: 6, width: 0 } : { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: { key: syncKey, setSeries: false },
        focus: { prox: -1 },
        lock: true,
        bind: {
          dblclick: () => () => {
            events.zoomOut();
            return null;
          },
        },
      },
      scales,
      axes,
      series: [{}, ...spec.lines.map((line) => seriesOf(line, spec))],
      bands: bandsOf(spec),
      ...(spec.zone === 'utc'
        ? { tzDate: (time: number) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC') }
        : {}),
      hooks: {
        setCursor: [(self) => tooltip.move(self, spec)],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 8) return;
            events.zoom(self.posToVal(left, 'x') * 1000, self.posToVal(left + width, 'x') * 1000);
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        drawClear: [
          (self) => {
            if (spec.thresholdStyle?.includes('area')) drawThresholdAreas(self, spec.thresholds ?? []);
            drawShades(self, spec.shades ?? []);
          },
        ],
        draw: [(self) => drawThresholds(self, spec), (self) => drawMarks(self, spec.marks ?? [])],
      },
    },
    dataOf(spec),
    // Drawn before it stands in the page: each text on a canvas that does would have the browser work out the styles of all that is new.
    (self, init) => {
      self.batch(() => init());
      host.append(self.root);
    },
  );
  (host as ChartHost).drawn = () => spec;
  plot.over.addEventListener('mouseenter', tooltip.show);
  plot.over.addEventListener('mouseleave', tooltip.hide);
  // The library has let go of its crosshair, or holds it, by the time of the click.
  plot.over.addEventListener('click', () => tooltip.pin(isLocked(plot)));

  return {
    update(next) {
      const isOtherChoice = !sameSet(next.hidden, spec.hidden);
      if (isOtherChoice) forgetSpans();
      spec = next;
      plot.batch(() => {
        if (isOtherChoice) {
          plot.delBand(null);
          for (const band of bandsOf(spec)) plot.addBand(band);
        }
        spec.lines.forEach((line, i) => {
          const isShown = !spec.hidden.has(line.name);
          if (plot.series[i + 1]!.show !== isShown) plot.setSeries(i + 1, { show: isShown });
        });
        plot.setData(dataOf(spec));
      });
    },
    resize(width, height) {
      if (width !== plot.width || height !== plot.height) plot.setSize({ width, height });
    },
    destroy() {
      tooltip.destroy();
      plot.destroy();
    },
  };
}

/** The library keeps to itself whether a click holds the crosshair. */
const isLocked = (plot: uPlot): boolean => (plot.cursor as { _lock?: boolean })._lock === true;

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}
