import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminRoutes } from '../http/api-v1/admin.ts';
import { answerError } from '../http/envelope.ts';
import { labelsFromObject } from '../model/labels.ts';
import type { Deletion } from '../tsdb/partition/deletion.ts';
import { UsageError } from './args.ts';
import { deleteCommand } from './delete.ts';
import { type Ran, ran } from './ran.fixture.ts';

const asked: { deletion: Deletion; isPreview: boolean }[] = [];
const result = {
  series: 12,
  samples: 3456,
  days: 2,
  bytesBefore: 1000,
  bytesAfter: 10,
  examples: [labelsFromObject({ __name__: 'up', job: 'old' })],
};
let failure: Error | undefined;
const app = adminRoutes({
  backups: { snapshot: async () => 'none' },
  store: {
    async delete(deletion, isPreview) {
      asked.push({ deletion, isPreview });
      if (failure) throw failure;
      return result;
    },
  },
});
app.onError(answerError);
let server: ReturnType<typeof serve>;
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server = serve(
      {
        fetch: (request) => app.fetch(new Request(request.url.replace('/api/v1', ''), request)),
        port: 0,
        hostname: '127.0.0.1',
      },
      () => resolve(),
    );
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

function run(...argv: string[]): Promise<Ran> {
  asked.length = 0;
  return ran(deleteCommand, [...argv, '--url', url]);
}

test('without --yes it only tells what would go', async () => {
  expect(await run('up{job="old"}', '--start', '2026-01-02T00:00:00Z', '--end', '1767400000')).toEqual({
    code: 0,
    out: '3456 samples of 12 series in 2 days\n  up{job="old"}\n  and 11 more\nNothing was deleted: say --yes to delete them.\n',
    err: '',
  });
  expect(asked).toEqual([
    {
      deletion: {
        selectors: [
          [
            { name: 'job', op: '=', value: 'old' },
            { name: '__name__', op: '=', value: 'up' },
          ],
        ],
        range: { from: Date.UTC(2026, 0, 2), to: 1_767_400_000_001 },
      },
      isPreview: true,
    },
  ]);
});

test('with --yes it deletes', async () => {
  expect(await run('up', 'down', '-y')).toEqual({
    code: 0,
    out: 'deleted 3456 samples of 12 series in 2 days\n',
    err: '',
  });
  expect(asked.map(({ isPreview, deletion }) => [isPreview, deletion.selectors.length])).toEqual([
    [true, 2],
    [false, 2],
  ]);
});

test('a refusal is told with exit code 1, a missing selector with 2', async () => {
  failure = new Error('the disk is full');
  const refused = await run('up', '--yes');
  failure = undefined;
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain('nothing was deleted: the disk is full');
  expect((await run('up{')).err).toContain('invalid parameter "match[]"');
  expect((await run('up', '--start', 'soon')).err).toContain('cannot parse "soon" to a valid timestamp');
  expect((await run('{x=~"a(b"}')).code).toBe(1);
  await expect(run()).rejects.toThrow(UsageError);
});
