import type { Family, FamilySample } from '../../exposition/text-writer.ts';

/** One group of the host's metrics, under node_exporter's names. */
export interface HostCollector {
  readonly name: string;
  /** @throws Error saying what could not be read */
  collect(): readonly Family[] | Promise<readonly Family[]>;
}

/** Thrown by a collector of something this host does not have: no success, and no reason to complain. */
export class NothingToRead extends Error {}

export function gauge(name: string, help: string, samples: number | readonly FamilySample[]): Family {
  return { name, help, type: 'gauge', samples: samplesOf(samples) };
}

export function counter(name: string, help: string, samples: number | readonly FamilySample[]): Family {
  return { name, help, type: 'counter', samples: samplesOf(samples) };
}

function samplesOf(samples: number | readonly FamilySample[]): readonly FamilySample[] {
  return typeof samples === 'number' ? [{ labels: [], value: samples }] : samples;
}
