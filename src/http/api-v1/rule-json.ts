import type { Labels } from '../../model/labels.ts';
import { goTimeText } from '../../model/time.ts';
import { isPresent, type PresentAlert } from '../../rules/views.ts';
import { formatFloat } from '../../templates/go-float.ts';
import { arrayPieces } from '../json-list.ts';
import { memo } from '../label-json.ts';
import type { RuleGroupJson, RuleJson } from './monitoring.ts';
import type { RuleList } from './rules.ts';

/** Writes alerts of rules in upstream's JSON, for one answer. */
export function ruleAlertWriter(labelsJson: (labels: Labels) => string): (alert: PresentAlert) => string {
  const time = memo(goTimeText);
  // Go's `%e`: `1e+00`.
  const number = memo((value: number) => formatFloat(value, 'e', -1));
  return ({ labels, annotations, state, activeAt, keepFiringSince, value }) => {
    const kept = keepFiringSince === 0 ? '' : `"keepFiringSince":"${time(keepFiringSince)}",`;
    return (
      `{"labels":${labelsJson(labels)},"annotations":${labelsJson(annotations)},"state":"${state}",` +
      `"activeAt":"${time(activeAt)}",${kept}"value":"${number(value)}"}`
    );
  };
}

type AlertJson = (alert: PresentAlert) => string;

/** What `/alerts` answers, in pieces. */
export function* alertListPieces(alerts: Iterable<PresentAlert>, alertJson: AlertJson): Generator<string> {
  yield '{"status":"success","data":{"alerts":';
  yield* alertPieces(alerts, alertJson);
  yield '}}';
}

/** What `/rules` answers, in pieces: groups and rules whole, their alerts one by one. */
export function* ruleListPieces(
  { groups, groupNextToken }: RuleList,
  alertJson: AlertJson,
): Generator<string> {
  yield '{"status":"success","data":{"groups":[';
  for (const [i, group] of groups.entries()) {
    if (i > 0) yield ',';
    yield* groupPieces(group, alertJson);
  }
  yield groupNextToken === undefined ? ']}}' : `],"groupNextToken":${JSON.stringify(groupNextToken)}}}`;
}

function* groupPieces({ rules, ...about }: RuleGroupJson, alertJson: AlertJson): Generator<string> {
  yield `${opened(about)},"rules":[`;
  for (const [i, rule] of rules.entries()) {
    if (i > 0) yield ',';
    yield* rulePieces(rule, alertJson);
  }
  yield ']}';
}

function* rulePieces({ alerts, ...about }: RuleJson, alertJson: AlertJson): Generator<string> {
  if (!alerts) return yield JSON.stringify(about);
  yield `${opened(about)},"alerts":`;
  yield* alertPieces(alerts, alertJson);
  yield '}';
}

/** Those that ended between two slices of the answer are left out. */
const alertPieces = (alerts: Iterable<PresentAlert>, alertJson: AlertJson): Iterable<string> =>
  arrayPieces(Iterator.from(alerts).filter(isPresent).map(alertJson));

/** An object without its closing brace. */
const opened = (about: object): string => JSON.stringify(about).slice(0, -1);
