/** How far people are with an incident; the words status pages use. */
export const INCIDENT_STATUSES = ['investigating', 'identified', 'monitoring', 'resolved'] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/** A note in the timeline of an incident. */
export interface IncidentUpdate {
  readonly id: number;
  /** Unix ms. */
  readonly at: number;
  readonly status: IncidentStatus;
  readonly text: string;
  /** Who wrote it; for those who are logged in only. */
  readonly author: string;
}

/** What people know of something that went wrong, beside what the alerts say. */
export interface Incident {
  readonly id: number;
  readonly title: string;
  /** Services of the status page that are affected, by name. */
  readonly services: readonly string[];
  /** Alertmanager's matchers of the firings that belong to it, as text; empty for those of its services only. */
  readonly matchers: string;
  /** Whether the status page shows it. */
  readonly isPublic: boolean;
  /** Unix ms. */
  readonly startedAt: number;
  /** Unix ms; undefined while it is not resolved. */
  readonly endedAt: number | undefined;
  /** Oldest first; the last one says how it stands. */
  readonly updates: readonly IncidentUpdate[];
}

export const statusOf = ({ updates }: Pick<Incident, 'updates'>): IncidentStatus =>
  updates.at(-1)?.status ?? 'investigating';

/** The incident as text for a report afterwards: what, when, and what was noted. Markdown. */
export function incidentReport(incident: Incident, firings: readonly string[]): string {
  const { title, startedAt, endedAt, services, updates } = incident;
  const lines = [
    `# ${oneLine(title)}`,
    '',
    `- Began: ${iso(startedAt)}`,
    `- Ended: ${endedAt === undefined ? 'not yet' : `${iso(endedAt)}, after ${minutes(endedAt - startedAt)}`}`,
    `- Affected: ${services.length > 0 ? services.map(oneLine).join(', ') : 'not said'}`,
    '',
    '## Timeline',
    '',
    ...updates.map(
      ({ at, status, text, author }) =>
        `- ${iso(at)} **${status}**${author === '' ? '' : ` (${oneLine(author)})`}: ${oneLine(text)}`,
    ),
  ];
  if (firings.length > 0) lines.push('', '## Alerts', '', ...firings.map((line) => `- ${oneLine(line)}`));
  return `${lines.join('\n')}\n`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function minutes(ms: number): string {
  const whole = Math.max(1, Math.round(ms / 60_000));
  const hours = Math.floor(whole / 60);
  return hours === 0 ? `${whole} min` : `${hours} h ${whole % 60} min`;
}
