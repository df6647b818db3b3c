import { useState } from 'preact/hooks';
import type { TargetPage } from '../data/api.ts';
import type { ActiveTarget } from '../data/api-types.ts';
import type { Health } from '../data/hosts.ts';
import { parsePromDuration, spacedUnits } from '../format/duration.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { LabelChips } from '../parts/labels.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Value } from '../parts/value.tsx';
import { useSession } from '../session.ts';
import { Parked } from './parked.tsx';
import { RelabelWhy } from './relabel-why.tsx';

const STATES: Readonly<Record<ActiveTarget['health'], { state: Health; word: string }>> = {
  up: { state: 'ok', word: 'up' },
  down: { state: 'firing', word: 'down' },
  unknown: { state: 'unknown', word: 'waiting' },
};

/** A target on one line; below it, on request, how it was found and what it says, and always what is wrong with it. */
export function TargetRow({ target }: { readonly target: ActiveTarget }) {
  const labels = Object.entries(target.labels).filter(([name]) => name !== 'job');
  const intervalSeconds = (parsePromDuration(target.scrapeInterval) ?? 0) / 1000;
  const { router } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const isSlow = intervalSeconds > 0 && target.lastScrapeDuration > intervalSeconds / 2;
  return (
    <>
      <tr class={target.lastError === '' && !target.parked ? undefined : 'has-note'}>
        <td>
          <StateMark {...STATES[target.health]} showWord />
        </td>
        <td class="target-url">
          <button
            type="button"
            class="link-plain mono"
            aria-expanded={isOpen}
            title="How it was found, and what it says"
            onClick={() => setIsOpen(!isOpen)}
          >
            {target.scrapeUrl}
          </button>
        </td>
        <td class="target-labels">
          <LabelChips labels={labels} />
        </td>
        <td class="num" data-label="Last scrape">
          <Ago time={parseApiTime(target.lastScrape)} suffix=" ago" />
        </td>
        <td class={isSlow ? 'num text-pending' : 'num'} data-label="Took">
          <Value
            value={parseApiTime(target.lastScrape) === undefined ? null : target.lastScrapeDuration}
            unit="s"
          />
        </td>
        <td class="num dim" data-label="Every">
          {spacedUnits(target.scrapeInterval)}
        </td>
      </tr>
      {isOpen && (
        <tr class="note-row">
          <td colSpan={6}>
            <div class="target-detail">
              <p>
                <a
                  href={router.href(
                    `/graph?g0.expr=${encodeURIComponent(`{job=${JSON.stringify(target.labels.job ?? '')}, instance=${JSON.stringify(target.labels.instance ?? '')}}`)}&g0.tab=1`,
                  )}
                >
                  What it says now
                </a>
                <span class="dim"> · timeout {target.scrapeTimeout}</span>
              </p>
              <p class="dim">Found as</p>
              <LabelChips labels={Object.entries(target.discoveredLabels)} />
              <RelabelWhy pool={target.scrapePool} labels={target.discoveredLabels} />
              <PageText target={target} />
            </div>
          </td>
        </tr>
      )}
      {target.lastError !== '' && (
        <tr class="note-row">
          <td colSpan={6}>
            <span class="text-firing">{target.lastError}</span>
          </td>
        </tr>
      )}
      {target.parked && (
        <tr class="note-row">
          <td colSpan={6}>
            <Parked parked={target.parked} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The page a target gives right now, on request: what an exporter really says. */
function PageText({ target }: { readonly target: ActiveTarget }) {
  const { api } = useSession();
  const [page, setPage] = useState<TargetPage | Error | 'asked'>();
  const ask = async (): Promise<void> => {
    setPage('asked');
    setPage(await api.targetPage(target.scrapePool, target.scrapeUrl).catch((error: Error) => error));
  };
  return (
    <>
      <p>
        <button type="button" class="button is-small" disabled={page === 'asked'} onClick={() => void ask()}>
          {page === undefined ? 'Show its page' : 'Ask again'}
        </button>{' '}
        {page !== undefined && page !== 'asked' && !(page instanceof Error) && (
          <span class="dim">
            <Value value={page.bytes} unit="bytes" />
            {page.text !== undefined && page.text.length < page.bytes ? ', its beginning' : ''}
          </span>
        )}
      </p>
      {page instanceof Error && <span class="text-firing">{page.message}</span>}
      {page !== undefined && page !== 'asked' && !(page instanceof Error) && (
        <textarea
          class="input mono target-page"
          aria-label="Its page"
          rows={16}
          readOnly
          spellcheck={false}
          value={page.text ?? 'It is protobuf, which is not shown.'}
        />
      )}
    </>
  );
}
