import { useMemo } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { HeatMap } from '../chart/heat-map.tsx';
import { heatRows } from './buckets.ts';
import type { PanelData } from './panel-data.ts';

/** Buckets over time, as the panel wants them named and coloured. */
export function HeatPanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const rows = useMemo(() => heatRows(panel, data.series), [panel, data]);
  const { heatmap } = panel;
  return (
    <HeatMap
      label={panel.title}
      rows={rows}
      times={data.series[0]?.times ?? []}
      step={data.step}
      range={[data.range.from / 1000, data.range.to / 1000]}
      unit={heatmap?.unit}
      decimals={heatmap?.decimals}
      scheme={heatmap?.scheme}
      isReversed={heatmap?.isReversed}
      exponent={heatmap?.exponent}
      gap={heatmap?.cellGap}
    />
  );
}
