import { expect, test } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.ts';
import { silentLog } from '../../testing/silent-log.ts';
import type { DiscoverySink, TargetGroup } from './discoverer.ts';
import { createJobDiscovery } from './job-discovery.ts';

const group = (address: string): TargetGroup => ({
  source: 'list',
  targets: [{ __address__: address }],
  labels: { team: 'x' },
});

function jobDiscovery() {
  let changes = 0;
  const failures: string[] = [];
  const log = silentLog();
  const job = createJobDiscovery({
    clock: fakeClock(),
    log,
    onChange: () => changes++,
    onFailure: (mechanism) => failures.push(mechanism),
  });
  return { job, log, failures, changes: () => changes };
}

/** A discoverer that says what the test has it say. */
function puppet(settings: string) {
  const sinks: DiscoverySink[] = [];
  const named = {
    mechanism: 'http_sd_configs',
    settings,
    create: () => ({
      run: async (sink: DiscoverySink, signal: AbortSignal) => {
        sinks.push(sink);
        if (signal.aborted) return;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    }),
  };
  return { named, sinks };
}

test('the same groups again are no change, and stay the same objects', async () => {
  const { job, changes } = jobDiscovery();
  const { named, sinks } = puppet('a');
  job.apply([named]);
  await Promise.resolve();
  sinks[0]!.update([group('a:1')]);
  const before = job.groups()[0];
  sinks[0]!.update([group('a:1')]);
  expect([changes(), job.groups()[0] === before]).toEqual([1, true]);
  sinks[0]!.update([group('a:2')]);
  expect([changes(), job.groups()]).toEqual([2, [group('a:2')]]);
  await job.stop();
});

test('what a discoverer says after its end counts for nothing', async () => {
  const { job, changes, failures } = jobDiscovery();
  const [old, next] = [puppet('old'), puppet('next')];
  job.apply([old.named]);
  await Promise.resolve();
  old.sinks[0]!.update([group('a:1')]);
  job.apply([next.named]);
  old.sinks[0]!.update([group('b:1')]);
  old.sinks[0]!.problem('gone');
  expect([changes(), failures, job.hasAnswered()]).toEqual([1, [], false]);
  // Until the new one has answered.
  expect(job.groups()).toEqual([group('a:1')]);
  await job.stop();
});

test('a discoverer that gives up is told as a failure, and keeps what it found', async () => {
  const { job, log, failures } = jobDiscovery();
  job.apply([
    {
      mechanism: 'dns_sd_configs',
      settings: 'x',
      create: () => ({
        run: async (sink) => {
          sink.update([group('a:1')]);
          throw new Error('cannot go on');
        },
      }),
    },
  ]);
  await new Promise(setImmediate);
  expect(job.states()).toMatchObject([{ lastError: 'cannot go on', targets: 1 }]);
  expect([failures, job.hasAnswered(), job.groups()]).toEqual([['dns_sd_configs'], true, [group('a:1')]]);
  expect(log.events.map(({ fields }) => fields.problem)).toEqual(['cannot go on']);
  await job.stop();
});
