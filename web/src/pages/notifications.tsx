import { useState } from 'preact/hooks';
import { problemText } from '../data/problem.ts';
import type { OutboxRow, SentNotification } from '../data/trace-types.ts';
import { Ago } from '../parts/ago.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { SentList } from './sent-list.tsx';

const PAGE = 100;

/** What is still to be sent or was given up, and what was sent: who was told what, when, and what they answered. */
export function Notifications() {
  const { api, router } = useSession();
  const query = router.query.value;
  const search = query.get('search') ?? '';
  const onlyFailed = query.get('outcome') === 'failed';
  const [count, setCount] = useState(PAGE);
  const outbox = useResource((abort) => api.outbox(abort), []);
  const sent = useResource(
    (abort): Promise<readonly SentNotification[]> =>
      api.notifications(
        {
          limit: String(count),
          ...(search === '' ? {} : { search }),
          ...(onlyFailed ? { outcome: 'failed' } : {}),
        },
        abort,
      ),
    [search, onlyFailed, count],
  );
  return (
    <>
      <View resource={outbox} what="The outbox" skeleton={null}>
        {(rows) => rows.length > 0 && <Outbox rows={rows} onChanged={() => void outbox.refresh()} />}
      </View>
      <section>
        <div class="section-head">
          <h2 class="section-title">Sent</h2>
          <input
            class="input search-input"
            type="search"
            aria-label="Find messages"
            placeholder="Find by alert, label, receiver or answer"
            defaultValue={search}
            onChange={(event) => router.setQuery({ search: event.currentTarget.value || undefined })}
          />
          <button
            type="button"
            class="segment"
            aria-pressed={onlyFailed}
            onClick={() => router.setQuery({ outcome: onlyFailed ? undefined : 'failed' })}
          >
            Only failed
          </button>
        </div>
        <View resource={sent} what="The history" skeleton={<Skeleton rows={6} height={38} />}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={search === '' && !onlyFailed ? 'Nothing was sent yet.' : 'No message matches.'}>
                Messages are kept here for 90 days.
              </Empty>
            ) : (
              <>
                <SentList sent={list} />
                {list.length === count && (
                  <button type="button" class="button" onClick={() => setCount(count + PAGE)}>
                    Show older
                  </button>
                )}
              </>
            )
          }
        </View>
      </section>
    </>
  );
}

const STATES: Readonly<
  Record<OutboxRow['state'], { state: 'pending' | 'firing' | 'unknown'; word: string }>
> = {
  sending: { state: 'pending', word: 'being sent' },
  failed: { state: 'firing', word: 'failed' },
  dead: { state: 'unknown', word: 'given up' },
};

function Outbox({ rows, onChanged }: { readonly rows: readonly OutboxRow[]; onChanged(): void }) {
  const { api } = useSession();
  const [problem, setProblem] = useState<string>();
  const resend = async (key: string): Promise<void> => {
    try {
      await api.resend(key);
      setProblem(undefined);
    } catch (error) {
      setProblem(problemText(error));
    }
    onChanged();
  };
  return (
    <section>
      <h2 class="section-title">
        Not answered yet <span class="section-note">kept until someone answers or it is out of date</span>
      </h2>
      {problem !== undefined && (
        <p class="error-note" role="alert">
          {problem}
        </p>
      )}
      <ul class="sent-list">
        {rows.map((row) => (
          <li key={row.key} class="sent is-outbox">
            <StateMark {...STATES[row.state]} />
            <span class="sent-when">
              {STATES[row.state].word}{' '}
              <span class="dim">
                <Ago time={row.createdAt} suffix=" ago" />
              </span>
            </span>
            <span class="sent-to">
              <b>{row.receiver}</b> <span class="dim">{row.integration}</span>
            </span>
            <span class="sent-about">
              {row.notification.alerts.length} {row.notification.alerts.length === 1 ? 'alert' : 'alerts'}{' '}
              <span class="dim">
                {row.notification.reason} · {row.attempts} {row.attempts === 1 ? 'try' : 'tries'}
              </span>
            </span>
            <span class="sent-answer text-firing">{row.error}</span>
            {row.state !== 'sending' && (
              <button type="button" class="button is-small" onClick={() => void resend(row.key)}>
                Send again
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
