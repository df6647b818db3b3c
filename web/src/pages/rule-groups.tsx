import { useMemo, useState } from 'preact/hooks';
import type { AlertingRule, RecordingRule, RuleGroup } from '../data/api-types.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { More, useGrowing } from '../parts/growing.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Value } from '../parts/value.tsx';
import { Empty } from '../parts/view-state.tsx';
import { useSession } from '../session.ts';
import { stateOf } from './rule-item.tsx';

/** Groups with what their evaluation takes, and all of their rules, those that record too. */
export function RuleGroupTable({
  groups,
  search,
}: {
  readonly groups: readonly RuleGroup[];
  readonly search: string;
}) {
  const wanted = search.trim().toLowerCase();
  const searchable = useMemo(() => groups.map(searchableGroup), [groups]);
  const shown = searchable.flatMap(({ group, text, ruleTexts }) => {
    const rules = text.includes(wanted)
      ? group.rules
      : group.rules.filter((_, i) => ruleTexts[i]!.includes(wanted));
    return rules.length > 0 ? [{ group, rules }] : [];
  });
  if (shown.length === 0)
    return <Empty title={wanted === '' ? 'No rules are loaded.' : `No rule matches “${search}”.`} />;
  return (
    <div class="rule-groups">
      {shown.map(({ group, rules }) => (
        <GroupItem
          key={`${group.file} ${group.name}`}
          group={group}
          rules={rules}
          wanted={wanted}
          isOpenAtFirst={wanted !== '' || shown.length === 1}
        />
      ))}
    </div>
  );
}

type Rule = AlertingRule | RecordingRule;

/** A group with what a filter is looked for in, in small letters. */
const searchableGroup = (group: RuleGroup) => ({
  group,
  text: `${group.name} ${group.file}`.toLowerCase(),
  ruleTexts: group.rules.map((rule) => `${rule.name} ${rule.query}`.toLowerCase()),
});

interface GroupItemProps {
  readonly group: RuleGroup;
  readonly rules: readonly Rule[];
  /** What is filtered by. */
  readonly wanted: string;
  readonly isOpenAtFirst: boolean;
}

function GroupItem({ group, rules, wanted, isOpenAtFirst }: GroupItemProps) {
  const growth = useGrowing(wanted);
  const failing = group.rules.filter((rule) => rule.health === 'err').length;
  const [toggled, setToggled] = useState<{ wanted: string; isOpen: boolean }>();
  // A filter opens what it finds, until someone says otherwise.
  const isOpen = toggled?.wanted === wanted ? toggled.isOpen : isOpenAtFirst || failing > 0;
  const isSlow = group.evaluationTime > group.interval / 2;
  return (
    <details
      class="rule-group-item"
      open={isOpen}
      onToggle={(event) => setToggled({ wanted, isOpen: event.currentTarget.open })}
    >
      <summary>
        <StateMark state={failing > 0 ? 'firing' : 'ok'} word={failing > 0 ? 'failing' : 'ok'} />
        <strong>{group.name}</strong>
        <span class="dim rule-group-file">{group.file}</span>
        <span class="rule-group-facts">
          {group.rules.length} {group.rules.length === 1 ? 'rule' : 'rules'} · every {group.interval} s · took{' '}
          <span class={isSlow ? 'text-pending' : undefined}>
            <Value value={group.evaluationTime} unit="s" />
          </span>{' '}
          · <Ago time={parseApiTime(group.lastEvaluation)} suffix=" ago" />
        </span>
      </summary>
      {isOpen && (
        <div class="table-scroll">
          <table class="table rule-table">
            <thead>
              <tr>
                <th>Rule</th>
                <th>Expression</th>
                <th class="num">Took</th>
              </tr>
            </thead>
            <tbody>
              {rules.slice(0, growth.shown).map((rule) => (
                <RuleRow key={`${rule.type} ${rule.name} ${rule.query}`} rule={rule} />
              ))}
            </tbody>
          </table>
          <More growth={growth} count={rules.length} what="rules" />
        </div>
      )}
    </details>
  );
}

function RuleRow({ rule }: { readonly rule: Rule }) {
  const { router } = useSession();
  const isRecording = rule.type === 'recording';
  const state = isRecording
    ? {
        state: rule.health === 'err' ? ('unknown' as const) : ('ok' as const),
        word: rule.health === 'err' ? 'error' : 'records',
      }
    : stateOf(rule);
  return (
    <tr>
      <td>
        <span class="rule-cell">
          <StateMark {...state} />
          <a
            href={router.href(
              isRecording
                ? `/graph?g0.expr=${encodeURIComponent(rule.name)}&g0.tab=0`
                : `/alerts?rule=${encodeURIComponent(rule.name)}`,
            )}
          >
            {rule.name}
          </a>
          <span class="dim">{state.word}</span>
        </span>
      </td>
      <td class="mono rule-expr" title={rule.query}>
        {rule.query}
        {rule.lastError && <p class="text-firing">{rule.lastError}</p>}
      </td>
      <td class="num">
        <Value value={rule.evaluationTime} unit="s" />
      </td>
    </tr>
  );
}
