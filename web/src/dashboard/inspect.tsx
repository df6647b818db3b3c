import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { alignTimes } from '../chart/scale.ts';
import { clockOf, type Zone } from '../format/time.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Value } from '../parts/value.tsx';
import { useSession } from '../session.ts';
import type { PanelData } from './panel-data.ts';

export interface InspectProps {
  readonly panel: PanelModel;
  readonly data: PanelData;
  readonly title: string;
  onClose(): void;
}

const TABS = ['Table', 'Queries', 'JSON'] as const;
/** Most rows and columns listed; the copy holds all. */
const MAX_ROWS = 200;
const MAX_COLUMNS = 12;

/** What a panel shows as a table, what was asked for it, and how it was read. */
export function InspectDialog({ panel, data, title, onClose }: InspectProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [tab, setTab] = useState<(typeof TABS)[number]>('Table');
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="dialog is-wide" ref={dialog} aria-labelledby="inspect-title" onClose={onClose}>
      <h2 id="inspect-title">{title}</h2>
      <div class="inspect-head">
        <div class="segments" role="tablist" aria-label="Show">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              class="segment"
              aria-selected={tab === name}
              onClick={() => setTab(name)}
            >
              {name}
            </button>
          ))}
        </div>
        {tab === 'Table' && <CopyButton text={() => csvOf(data)} label="Copy as CSV" />}
        {tab === 'JSON' && <CopyButton text={() => JSON.stringify(panel, null, 2)} label="Copy" />}
      </div>
      <div class="inspect-body">
        {tab === 'Table' && <ValueTable panel={panel} data={data} />}
        {tab === 'Queries' && <AskedList data={data} />}
        {tab === 'JSON' && <pre class="code">{JSON.stringify(panel, null, 2)}</pre>}
      </div>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}

function ValueTable({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { zone } = useSession();
  const { times, columns } = alignTimes(data.series);
  const shown = data.series.slice(0, MAX_COLUMNS);
  if (times.length === 0) return <p class="note">It has no series.</p>;
  const rows = [...times.keys()].slice(-MAX_ROWS).reverse();
  return (
    <>
      <table class="table">
        <thead>
          <tr>
            <th>Time</th>
            {shown.map(({ name }) => (
              <th key={name} class="num" title={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <td class="inspect-time">{momentText(times[row]! * 1000, zone.shown.value)}</td>
              {shown.map(({ name }, i) => (
                <td key={name} class="num">
                  <Value value={columns[i]![row] ?? null} unit={panel.unit} decimals={panel.decimals} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {(data.series.length > MAX_COLUMNS || times.length > MAX_ROWS) && (
        <p class="note">
          The newest {rows.length} of {times.length} moments, {shown.length} of {data.series.length} series;
          the copy holds all.
        </p>
      )}
    </>
  );
}

/** All of one length, so that a column of them is even. */
const momentText = (time: number, zone: Zone): string =>
  clockOf(time, zone).toISOString().slice(0, 19).replace('T', ' ');

function AskedList({ data }: { readonly data: PanelData }) {
  return (
    <ul class="inspect-queries">
      {data.asked.map(({ refId, expr, step, seriesCount }) => (
        <li key={refId}>
          <p class="dim">
            {refId} · {seriesCount} series{step > 0 ? ` · step ${step} s` : ' · now'}
          </p>
          <pre class="code">{expr}</pre>
        </li>
      ))}
    </ul>
  );
}

/** Times as RFC 3339; names quoted as spreadsheets expect. */
function csvOf(data: PanelData): string {
  const { times, columns } = alignTimes(data.series);
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const head = ['time', ...data.series.map(({ name }) => name)].map(quoted).join(',');
  const rows = times.map((time, row) =>
    [new Date(time * 1000).toISOString(), ...columns.map((column) => column[row] ?? '')].join(','),
  );
  return [head, ...rows].join('\n');
}
