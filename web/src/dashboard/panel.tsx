import { useRef } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { parsePromDuration } from '../format/duration.ts';
import { Icon } from '../parts/icons.tsx';
import { useNearView } from '../parts/near-view.ts';
import { ErrorNote, Skeleton } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import type { TimeMarks } from './annotations.ts';
import { BarPanel } from './bar-panel.tsx';
import { BarGaugePanel, GaugePanel } from './gauge-panel.tsx';
import { HeatPanel } from './heat-panel.tsx';
import { AlertListPanel, DashboardListPanel } from './list-panels.tsx';
import { loadPanel, type PanelContext, type PanelData } from './panel-data.ts';
import { PiePanel } from './pie-panel.tsx';
import { SeriesPanel } from './series-panel.tsx';
import { StatPanel } from './stat-panel.tsx';
import { StatePanel } from './state-panel.tsx';
import { type Choices, substitute } from './substitute.ts';
import { TablePanel } from './table-panel.tsx';
import { TextPanel } from './text-panel.tsx';

interface PanelProps {
  readonly panel: PanelModel;
  readonly choices: Choices;
  /** Of the section's first grid row. */
  readonly top: number;
  readonly syncKey: string;
  readonly marks: TimeMarks;
}

/** A panel in the grid. It asks for data only once it comes near the view, and again only while it is there. */
export function Panel({ panel, choices, top, syncKey, marks }: PanelProps) {
  const root = useRef<HTMLElement>(null);
  const isNear = useNearView(root);
  const { x, y, w, h } = panel.gridPos;
  const title = substitute(panel.title, choices, {}, 'text');
  return (
    <section
      ref={root}
      class="dash-panel"
      aria-label={title || panel.type}
      style={{ '--x': String(x + 1), '--y': String(y - top + 1), '--w': String(w), '--h': String(h) }}
    >
      {(title !== '' || panel.description !== '') && (
        <h2 class="panel-title">
          {title}
          {panel.time && !panel.time.isHidden && (
            <span class="panel-time">{timeNote(panel.time, choices)}</span>
          )}
          {panel.description !== '' && (
            <span class="panel-info" title={panel.description} role="img" aria-label={panel.description}>
              <Icon name="info" />
            </span>
          )}
        </h2>
      )}
      <div class="panel-body">
        {panel.unsupported ? (
          <p class="panel-empty">{panel.warnings?.join(' ')}</p>
        ) : panel.type === 'alertlist' ? (
          <AlertListPanel panel={panel} />
        ) : panel.type === 'dashlist' ? (
          <DashboardListPanel panel={panel} />
        ) : panel.text ? (
          <TextPanel text={{ ...panel.text, content: substitute(panel.text.content, choices, {}, 'text') }} />
        ) : (
          <LivePanel panel={panel} choices={choices} isNear={isNear} syncKey={syncKey} marks={marks} />
        )}
      </div>
      {!panel.unsupported && panel.warnings && <p class="panel-warning">{panel.warnings.join(' ')}</p>}
    </section>
  );
}

/** What a panel's own time is: "last 7 d", "1 d earlier". */
function timeNote({ from, shift }: NonNullable<PanelModel['time']>, choices: Choices): string {
  const words = (text: string): string =>
    substitute(text, choices, {})
      .replace(/^now-/, '')
      .replace(/(\d+)(\w)/, '$1 $2');
  return [from !== '' && `last ${words(from)}`, shift !== '' && `${words(shift)} earlier`]
    .filter(Boolean)
    .join(', ');
}

interface LivePanelProps {
  readonly panel: PanelModel;
  readonly choices: Choices;
  readonly isNear: boolean;
  readonly syncKey: string;
  readonly marks: TimeMarks;
}

function LivePanel({ panel, choices, isNear, syncKey, marks }: LivePanelProps) {
  const { queries, range, tick, targets } = useSession();
  const seenTick = useRef(-1);
  if (isNear) seenTick.current = tick.value;
  const resource = useResource(
    async (abort): Promise<PanelData | undefined> => {
      if (seenTick.current < 0) return undefined;
      const context: PanelContext = {
        queries,
        range: range.resolve(),
        choices,
        width: (panel.gridPos.w / 24) * Math.max(320, window.innerWidth - 48),
        scrapeSeconds: (parsePromDuration(targets.data.peek()?.[0]?.scrapeInterval ?? '') ?? 15_000) / 1000,
      };
      return loadPanel(panel, context, abort);
    },
    [panel, choices, range.text.value, seenTick.current],
    { live: false },
  );
  const data = resource.data.value;
  const error = resource.error.value;
  if (error) return <ErrorNote what="" error={error} retry={() => void resource.refresh()} />;
  if (!data) return <Skeleton rows={1} height={Math.max(40, panel.gridPos.h * 38 - 60)} />;
  switch (panel.type) {
    case 'stat':
      return <StatPanel panel={panel} data={data} />;
    case 'gauge':
      return <GaugePanel panel={panel} data={data} />;
    case 'bargauge':
      return <BarGaugePanel panel={panel} data={data} />;
    case 'table':
      return <TablePanel panel={panel} data={data} choices={choices} />;
    case 'heatmap':
      return <HeatPanel panel={panel} data={data} />;
    case 'piechart':
      return <PiePanel panel={panel} data={data} />;
    case 'barchart':
    case 'histogram':
      return <BarPanel panel={panel} data={data} />;
    case 'state-timeline':
    case 'status-history':
      return <StatePanel panel={panel} data={data} />;
    default:
      return <SeriesPanel panel={panel} data={data} syncKey={syncKey} marks={marks} />;
  }
}
