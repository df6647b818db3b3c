import { useRef, useState } from 'preact/hooks';
import { type AlertRow, deliveryText, isQuiet, otherLabels } from '../data/alerts.ts';
import type { AlertingRule, LabelMap } from '../data/api-types.ts';
import type { Health } from '../data/hosts.ts';
import { promDuration } from '../format/duration.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { CamelName } from '../parts/camel-name.tsx';
import { Icon } from '../parts/icons.tsx';
import { LabelChips } from '../parts/labels.tsx';
import { useNearView } from '../parts/near-view.ts';
import { StateMark } from '../parts/state-mark.tsx';
import { Value } from '../parts/value.tsx';
import { useSession } from '../session.ts';
import { AlertGraph } from './alert-graph.tsx';
import { AlertValue } from './alert-value.tsx';
import { Rehearsal } from './rehearsal.tsx';

interface RuleItemProps {
  readonly rule: AlertingRule;
  /** Alerts of this name. */
  readonly rows: readonly AlertRow[];
  readonly isOpenAtFirst: boolean;
  onSilence(labels: LabelMap): void;
}

/** One alert rule: a line, and on request its expression, its texts and its alerts. */
export function RuleItem({ rule, rows, isOpenAtFirst, onSilence }: RuleItemProps) {
  const [isOpen, setIsOpen] = useState(isOpenAtFirst || rule.state === 'firing');
  const own = rows.filter((row) => hasLabels(row.labels, rule));
  const firing = own.filter((row) => row.state === 'firing').length;
  const pending = own.length - firing;
  return (
    <li class={`rule is-${rule.state}`}>
      <button type="button" class="rule-head" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <StateMark {...stateOf(rule)} showWord />
        <span class="rule-name">
          <CamelName name={rule.name} />
        </span>
        <span class="rule-summary">{summaryOf(rule, own)}</span>
        <span class="rule-counts">
          {firing > 0 && <span class="text-firing">{firing} firing</span>}
          {pending > 0 && <span class="text-pending">{pending} pending</span>}
        </span>
        <span class="rule-for">
          {rule.duration > 0 ? `for ${promDuration(rule.duration * 1000)}` : 'at once'}
        </span>
        <Icon name="chevron" />
      </button>
      {isOpen && <RuleDetail rule={rule} own={own} onSilence={onSilence} />}
    </li>
  );
}

/** What its alert says where there is one; else the rule's own words, with what would be filled in left open. */
function summaryOf({ annotations }: AlertingRule, own: readonly AlertRow[]): string {
  const words = own.length === 1 ? own[0]!.annotations : annotations;
  return (words.summary ?? words.description ?? '').replace(/\{\{.*?\}\}/g, '…');
}

function RuleDetail({
  rule,
  own,
  onSilence,
}: {
  readonly rule: AlertingRule;
  readonly own: readonly AlertRow[];
  onSilence(labels: LabelMap): void;
}) {
  const { router, range } = useSession();
  const [isRehearsing, setIsRehearsing] = useState(false);
  const explore = `/graph?g0.expr=${encodeURIComponent(rule.query)}&g0.tab=0&g0.range_input=1h`;
  return (
    <div class="rule-detail">
      <pre class="code">{rule.query}</pre>
      {rule.health !== 'err' && <RuleGraph rule={rule} />}
      {rule.lastError && <p class="error-note">The last evaluation failed: {rule.lastError}</p>}
      <p class="rule-facts">
        <a href={router.href(explore)}>Show as a graph</a>
        <LabelChips labels={Object.entries(rule.labels)} />
        <span class="dim">
          evaluated <Ago time={parseApiTime(rule.lastEvaluation)} suffix=" ago" /> in{' '}
          <Value value={rule.evaluationTime} unit="s" />
        </span>
      </p>
      {own.length > 0 && (
        <ul class="instance-list">
          {own.map((row) => (
            <li key={row.key} class={`instance is-${row.state}${isQuiet(row) ? ' is-quiet' : ''}`}>
              <StateMark state={row.state} />
              <span class="instance-labels">
                <LabelChips labels={otherLabels(row.labels)} />
              </span>
              <span class="alert-since">
                {row.state} <Ago time={row.activeAt} />
              </span>
              <AlertValue row={row} expr={rule.query} />
              <span class="alert-sent">
                {isQuiet(row) && <Icon name="silence" />}
                {deliveryText(row)}
              </span>
              <span class="alert-actions">
                <button type="button" class="button is-small" onClick={() => onSilence(row.labels)}>
                  {row.silencedBy.length > 0 ? 'Silence again' : 'Silence'}
                </button>
                <a class="button is-small" href={router.href(`/alerts/${row.id}${range.carry.value}`)}>
                  Why
                </a>
              </span>
              <Annotations annotations={row.annotations} />
            </li>
          ))}
        </ul>
      )}
      {own.length === 0 && <Annotations annotations={rule.annotations} />}
      {rule.health !== 'err' &&
        (isRehearsing ? (
          <Rehearsal rule={rule} />
        ) : (
          <div>
            <button type="button" class="button is-small" onClick={() => setIsRehearsing(true)}>
              Rehearse on history
            </button>
          </div>
        ))}
    </div>
  );
}

/** Asks only once it is in view: of a thousand rules that fire, a few are. */
function RuleGraph({ rule }: { readonly rule: AlertingRule }) {
  const root = useRef<HTMLDivElement>(null);
  const isNear = useNearView(root);
  const wasNear = useRef(false);
  wasNear.current ||= isNear;
  return (
    <div class="rule-graph" ref={root}>
      {wasNear.current && <AlertGraph expr={rule.query} name={rule.name} />}
    </div>
  );
}

/** Texts of an alert; what is a web address becomes a link that says where it goes. */
export function Annotations({ annotations }: { readonly annotations: LabelMap }) {
  const entries = Object.entries(annotations);
  if (entries.length === 0) return null;
  return (
    <dl class="annotations">
      {entries.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {/^https?:\/\/\S+$/.test(text) ? (
              <a href={text} target="_blank" rel="noreferrer noopener">
                {text}
              </a>
            ) : (
              text
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function stateOf(rule: AlertingRule): { state: Health; word: string } {
  if (rule.health === 'err') return { state: 'unknown', word: 'error' };
  if (rule.state === 'firing') return { state: 'firing', word: 'firing' };
  if (rule.state === 'pending') return { state: 'pending', word: 'pending' };
  return rule.state === 'inactive' ? { state: 'ok', word: 'quiet' } : { state: 'unknown', word: 'unknown' };
}

/** Two rules may share a name; their labels tell whose an alert is. Templated labels cannot be compared. */
export function hasLabels(labels: LabelMap, rule: AlertingRule): boolean {
  return Object.entries(rule.labels).every(([name, value]) => value.includes('{{') || labels[name] === value);
}
