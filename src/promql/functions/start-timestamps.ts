/** What start (created) timestamps say about two samples in a row. All in milliseconds, 0 for unknown. */

/** Whether the counter started anew between the samples. */
export function isStartReset(
  previousStart: number,
  previousTime: number,
  start: number,
  time: number,
): boolean {
  if (start === 0 || start >= time) return false;
  if (start !== previousTime) return start > previousTime;
  // Starting where the previous sample stands: a delta series, or a cumulative one whose start is unknown.
  if (previousStart > previousTime) return false;
  return previousStart !== 0 && previousStart !== previousTime;
}

/** Whether a sample claims to have started before the previous one without sharing its start. */
export function startsOverlap(previousStart: number, previousTime: number, start: number): boolean {
  return start !== 0 && start < previousTime && start !== previousStart;
}
