import type { Family, FamilySample } from '../../exposition/text-writer.ts';

/** One group of the host's metrics, under node_exporter's names. */
export interface HostCollector {
  readonly name: string;
  /** @throws Error saying what could not be read */
  collect(): readonly Family[] | Promise<readonly Family[]>;
}

export function gauge(name: string, help: string, samples: number | readonly FamilySample[]): Family {
  return { name, help, type: 'gauge', samples: samplesOf(samples) };
}

export function counter(name: string, help: string, samples: number | readonly FamilySample[]): Family {
  return { name, help, type: 'counter', samples: samplesOf(samples) };
}

function samplesOf(samples: number | readonly FamilySample[]): readonly FamilySample[] {
  return typeof samples === 'number' ? [{ labels: [], value: samples }] : samples;
}
