import type { DroppedTarget } from '../data/api-types.ts';
import { LabelChips } from '../parts/labels.tsx';
import { RelabelWhy } from './relabel-why.tsx';

/** What discovery found for a job and is no target of it. @param count of all, of which `targets` may be only some */
export function DroppedTargets({
  count,
  targets,
}: {
  readonly count: number;
  readonly targets: readonly DroppedTarget[];
}) {
  const leftOut = targets.filter(({ reason }) => reason !== undefined && reason !== RELABELLED);
  return (
    <>
      <LeftOut targets={leftOut} />
      {count > leftOut.length && (
        <Dropped
          count={count - leftOut.length}
          targets={targets.filter((target) => !leftOut.includes(target))}
        />
      )}
    </>
  );
}

/** The reason of all that rules of relabel_configs dropped; others could not be targets at all. */
const RELABELLED = 'dropped by relabel_configs';
/** Most lines of targets that could not be any. */
const MAX_LEFT_OUT = 20;

/** What would be scraped if it could: a kind of discovery that is not served, an address that is none. */
function LeftOut({ targets }: { readonly targets: readonly DroppedTarget[] }) {
  if (targets.length === 0) return null;
  return (
    <ul class="discovery-problems">
      {targets.slice(0, MAX_LEFT_OUT).map(({ discoveredLabels, reason }) => (
        <li key={JSON.stringify([discoveredLabels, reason])} class="error-note">
          <span class="mono">{discoveredLabels.__address__}</span> {reason}
        </li>
      ))}
      {targets.length > MAX_LEFT_OUT && <li class="note">and {targets.length - MAX_LEFT_OUT} more</li>}
    </ul>
  );
}

/** Most dropped targets listed: service discovery may find thousands. */
const MAX_DROPPED = 100;

/** What discovery found and relabelling dropped, with the labels its rules saw. */
function Dropped({ count, targets }: { readonly count: number; readonly targets: readonly DroppedTarget[] }) {
  return (
    <details class="dropped">
      <summary>
        {count} {count === 1 ? 'target' : 'targets'} dropped by relabelling
      </summary>
      {targets.length === 0 ? (
        <p class="note">Their labels are not kept.</p>
      ) : (
        <>
          <p class="note">
            They were found and not kept: a rule of relabel_configs with the action keep or drop decided by
            these labels.
          </p>
          <ul>
            {targets.slice(0, MAX_DROPPED).map(({ discoveredLabels, scrapePool }) => (
              <li key={JSON.stringify(discoveredLabels)}>
                <span class="mono">{discoveredLabels.__address__}</span>{' '}
                <LabelChips
                  labels={Object.entries(discoveredLabels).filter(([name]) => name !== '__address__')}
                />
                <RelabelWhy pool={scrapePool ?? ''} labels={discoveredLabels} />
              </li>
            ))}
          </ul>
          {targets.length > MAX_DROPPED && <p class="note">and {targets.length - MAX_DROPPED} more</p>}
        </>
      )}
    </details>
  );
}
