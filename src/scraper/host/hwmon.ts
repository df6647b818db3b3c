import { basename, dirname } from 'node:path';
import type { Family, FamilySample } from '../../exposition/text-writer.ts';
import { counter, gauge, type HostCollector, NothingToRead } from './host-collector.ts';
import { type HostFiles, numberOf } from './host-files.ts';

const CHIPS = '/sys/class/hwmon';

/** A file of a chip: kind and number of the sensor, then what of it. */
const SENSOR_FILE = /^(temp|fan|in|curr|power|energy|humidity|freq)(\d+)_(\w+)$/;

/** Kinds of sensors: unit in the metric's name and how many of the file's units make one. */
const UNITS: Readonly<Record<string, readonly [unit: string, divisor: number]>> = {
  temp: ['celsius', 1000],
  fan: ['rpm', 1],
  in: ['volts', 1000],
  curr: ['amps', 1000],
  power: ['watt', 1_000_000],
  energy: ['joule_total', 1_000_000],
  humidity: ['', 1_000_000],
  freq: ['freq_mhz', 1_000_000],
};

/** Sensors of the hardware: temperatures, fans, voltages, currents, power. */
export function hwmonCollector(files: HostFiles): HostCollector {
  return {
    name: 'hwmon',
    collect() {
      const families = new Map<string, { isCounter: boolean; help: string; samples: FamilySample[] }>();
      const add = (name: string, help: string, labels: readonly string[], value: number): void => {
        const family = families.get(name) ?? { isCounter: name.endsWith('_total'), help, samples: [] };
        families.set(name, family);
        family.samples.push({ labels, value });
      };
      const chips = files.list(CHIPS);
      if (!chips) throw new NothingToRead(`no ${CHIPS}`);
      for (const entry of chips) {
        const folder = `${CHIPS}/${entry}`;
        const chip = chipOf(files, folder, entry);
        const name = files.readIfPresent(`${folder}/name`)?.trim();
        if (name)
          add('node_hwmon_chip_names', 'Names of chips for people.', ['chip', chip, 'chip_name', name], 1);
        // Older drivers keep their sensors with the device.
        for (const place of [folder, `${folder}/device`]) readSensors(files, place, chip, add);
      }
      return Array.from(
        families,
        ([name, { isCounter, help, samples }]): Family => (isCounter ? counter : gauge)(name, help, samples),
      );
    },
  };
}

type Add = (name: string, help: string, labels: readonly string[], value: number) => void;

function readSensors(files: HostFiles, folder: string, chip: string, add: Add): void {
  for (const file of [...(files.list(folder) ?? [])].sort()) {
    const [, kind, number, what] = SENSOR_FILE.exec(file) ?? [];
    if (kind === undefined || number === undefined || what === undefined) continue;
    const labels = ['chip', chip, 'sensor', `${kind}${number}`];
    let text: string | undefined;
    try {
      text = files.readIfPresent(`${folder}/${file}`)?.trim();
    } catch {
      // A sensor that cannot be read now, such as that of a sleeping disk, costs the others nothing.
      continue;
    }
    if (!text) continue;
    if (what === 'label') {
      add('node_hwmon_sensor_label', 'Names of sensors for people.', [...labels, 'label', text], 1);
      continue;
    }
    if (Number.isNaN(Number(text))) continue;
    const value = numberOf(text, `${folder}/${file}`);
    const [unit, divisor] = unitOf(kind, what);
    const part = what === 'input' ? '' : what === 'beep' ? '_beep_enabled' : `_${what}`;
    const name = `node_hwmon_${kind}${part}${unit === '' ? '' : `_${unit}`}`;
    add(name, `Hardware sensor (${kind}): ${what}.`, labels, value / divisor);
  }
}

/** Marks have no unit, and of a fan only what turns has one. */
function unitOf(kind: string, what: string): readonly [unit: string, divisor: number] {
  const isMark =
    what === 'alarm' || what === 'fault' || what === 'beep' || (kind === 'temp' && what === 'type');
  const turns = what === 'input' || what === 'min' || what === 'max' || what === 'target';
  return isMark || (kind === 'fan' && !turns) ? ['', 1] : UNITS[kind]!;
}

/** Names a chip by the bus and device it sits on, as its number changes from boot to boot. */
function chipOf(files: HostFiles, folder: string, entry: string): string {
  const device = files.realPath(`${folder}/device`);
  if (device !== undefined) {
    const name = clean(basename(device));
    const bus = clean(basename(dirname(device)));
    if (name !== '') return bus === '' ? name : `${bus}_${name}`;
  }
  return clean(files.readIfPresent(`${folder}/name`)?.trim() ?? '') || entry;
}

const clean = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9:_]/g, '_')
    .replace(/^_+|_+$/g, '');
