import { useRef, useState } from 'preact/hooks';
import type { DashboardLinkModel, DashboardModel } from '../../../src/dashboards/model.ts';
import type { DashboardSummary } from '../data/api-types.ts';
import { useDismiss } from '../parts/dismiss.ts';
import { Icon } from '../parts/icons.tsx';
import { useResource, useSession } from '../session.ts';
import { linkAddress } from './data-link.ts';
import type { Choices } from './substitute.ts';

interface Target {
  readonly title: string;
  readonly tooltip: string;
  readonly href: string;
  readonly isNewTab: boolean;
}

/** A dashboard's links to others: side by side, or in a menu where its author wanted one. */
export function DashboardLinks({
  model,
  choices,
}: {
  readonly model: DashboardModel;
  readonly choices: Choices;
}) {
  const { api, range, router } = useSession();
  const needsList = model.links.some(({ kind }) => kind === 'dashboards');
  const all = useResource(async (abort) => (needsList ? api.dashboards(abort) : []), [needsList], {
    live: false,
  });
  const list = all.data.value ?? [];
  const { from, to } = range.text.value;
  const added = (link: DashboardLinkModel, address: string): string => {
    const query = new URLSearchParams();
    if (link.keepTime) {
      query.set('from', from);
      query.set('to', to);
    }
    if (link.includeVars) {
      for (const [name, { values, isAll }] of choices)
        for (const value of isAll ? ['$__all'] : values) query.append(`var-${name}`, value);
    }
    const text = query.toString();
    return text === '' ? address : `${address}${address.includes('?') ? '&' : '?'}${text}`;
  };
  const targetsOf = (link: DashboardLinkModel): Target[] => {
    if (link.kind === 'dashboards')
      return tagged(list, link, model.uid).map(
        (one): Target => ({
          title: one.title,
          tooltip: '',
          href: router.href(added(link, `/d/${encodeURIComponent(one.uid)}/`)),
          isNewTab: link.isNewTab,
        }),
      );
    const scope = {
      choices,
      range: range.resolve(),
      name: '',
      labels: {},
      fields: {},
      value: { raw: '', text: '' },
    };
    const address = linkAddress({ title: link.title, url: link.url, isNewTab: link.isNewTab }, scope);
    if (address === undefined) return [];
    const isOurs = address.startsWith('/');
    const whole = added(link, address);
    return [
      {
        title: link.title,
        tooltip: link.tooltip,
        href: isOurs ? router.href(whole) : whole,
        isNewTab: link.isNewTab || !isOurs,
      },
    ];
  };
  if (model.links.length === 0) return null;
  return (
    <nav class="dash-links" aria-label="Links of this dashboard">
      {model.links.map((link, i) => {
        const targets = targetsOf(link);
        if (targets.length === 0) return null;
        return link.isMenu && link.kind === 'dashboards' ? (
          <LinkMenu key={`${i} ${link.title}`} title={link.title} targets={targets} />
        ) : (
          targets.map((target) => <LinkTo key={target.href} target={target} />)
        );
      })}
    </nav>
  );
}

/** Dashboards that have all of the tags; without tags, all others. */
const tagged = (
  list: readonly DashboardSummary[],
  { tags }: DashboardLinkModel,
  own: string,
): DashboardSummary[] => list.filter((one) => one.uid !== own && tags.every((tag) => one.tags.includes(tag)));

function LinkTo({ target }: { readonly target: Target }) {
  return (
    <a
      class="button is-quiet"
      href={target.href}
      title={target.tooltip}
      {...(target.isNewTab ? { target: '_blank', rel: 'noreferrer noopener' } : {})}
    >
      {target.title}
      {target.isNewTab && <Icon name="out" />}
    </a>
  );
}

function LinkMenu({ title, targets }: { readonly title: string; readonly targets: readonly Target[] }) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  useDismiss(root, isOpen, () => setIsOpen(false));
  return (
    <span class="dash-menu" ref={root}>
      <button
        type="button"
        class="button is-quiet"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {title} <Icon name="chevron" />
      </button>
      {isOpen && (
        <div class="popover dash-menu-list">
          {targets.map((target) => (
            <a
              key={target.href}
              class="menu-item"
              href={target.href}
              {...(target.isNewTab ? { target: '_blank', rel: 'noreferrer noopener' } : {})}
            >
              {target.title}
            </a>
          ))}
        </div>
      )}
    </span>
  );
}
