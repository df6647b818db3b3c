import type { ComponentType } from 'preact';
import { useState } from 'preact/hooks';
import { lazyPart } from '../lazy-part.ts';
import { Icon } from '../parts/icons.tsx';
import { useSession } from '../session.ts';
import { linkAddress } from './data-link.ts';
import type { InspectProps } from './inspect.tsx';
import type { PanelData } from './panel-data.ts';
import type { ShownPanel } from './repeat.ts';
import { substitute } from './substitute.ts';

interface PanelToolsProps {
  readonly shown: ShownPanel;
  readonly isAlone: boolean;
  /** What it shows now; absent for panels that ask nothing. */
  dataOf?(): PanelData | undefined;
}

/** What can be done with a panel: quiet until the pointer or the keyboard is on it. */
export function PanelTools({ shown, isAlone, dataOf }: PanelToolsProps) {
  const { router, range, clock, tick } = useSession();
  const { panel, choices, name } = shown;
  // The range that links carry moves on with time.
  if (panel.panelLinks?.length) void tick.value;
  const [inspecting, setInspecting] = useState<{ Dialog: ComponentType<InspectProps>; data: PanelData }>();
  const title = substitute(panel.title, choices, {}, 'text') || 'this panel';
  const inspect = async (): Promise<void> => {
    const data = dataOf?.();
    if (!data) return;
    const { InspectDialog } = await lazyPart(() => import('./inspect.tsx'), clock.now());
    setInspecting({ Dialog: InspectDialog, data });
  };
  const scope = {
    choices,
    range: range.resolve(),
    name: title,
    labels: {},
    fields: {},
    value: { raw: '', text: '' },
  };
  const links = (panel.panelLinks ?? []).flatMap((link) => {
    const address = linkAddress(link, scope);
    return address === undefined
      ? []
      : [{ address: address.startsWith('/') ? router.href(address) : address, link }];
  });
  return (
    <div class="panel-tools">
      {links.map(({ address, link }) => (
        <a
          key={address}
          class="icon-button is-small"
          href={address}
          title={link.title}
          aria-label={link.title}
          {...(link.isNewTab || address.startsWith('http')
            ? { target: '_blank', rel: 'noreferrer noopener' }
            : {})}
        >
          <Icon name="out" />
        </a>
      ))}
      <span class="panel-tools-quiet">
        {dataOf && panel.targets.length > 0 && (
          <>
            <a
              class="icon-button is-small"
              data-tool="explore"
              href={router.href(exploreLink(shown, range.text.value))}
              title="Explore (e)"
              aria-label={`Explore ${title}`}
            >
              <Icon name="explore" />
            </a>
            <button
              type="button"
              class="icon-button is-small"
              data-tool="inspect"
              title="Show as a table, and what was asked (i)"
              aria-label={`Show ${title} as a table`}
              onClick={() => void inspect()}
            >
              <Icon name="table" />
            </button>
          </>
        )}
        <button
          type="button"
          class="icon-button is-small"
          data-tool="view"
          title={isAlone ? 'Back to the dashboard (v)' : 'Full screen (v)'}
          aria-label={isAlone ? 'Back to the dashboard' : `Full screen: ${title}`}
          onClick={() =>
            router.setQuery({
              viewPanel: isAlone ? undefined : name,
              fullscreen: undefined,
              panelId: undefined,
            })
          }
        >
          <Icon name={isAlone ? 'shrink' : 'expand'} />
        </button>
      </span>
      {inspecting && (
        <inspecting.Dialog
          panel={panel}
          data={inspecting.data}
          title={title}
          onClose={() => setInspecting(undefined)}
        />
      )}
    </div>
  );
}

/** Explore's address with the panel's queries as they are asked. */
function exploreLink({ panel, choices }: ShownPanel, range: { from: string; to: string }): string {
  const query = new URLSearchParams();
  panel.targets
    .filter((target) => !target.isHidden)
    .forEach((target, i) => {
      const macros = { __interval: '1m', __rate_interval: '5m', __range: '1h' };
      query.set(`g${i}.expr`, substitute(target.expr, choices, macros));
      query.set(`g${i}.tab`, target.isInstant ? '1' : '0');
    });
  query.set('from', range.from);
  query.set('to', range.to);
  return `/graph?${query}`;
}
