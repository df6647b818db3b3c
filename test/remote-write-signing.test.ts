import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { awsSignature } from '../src/testing/aws-signature.ts';
import { httpTarget } from '../src/testing/http-target.ts';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';

test('remote write is signed for AWS, with keys of the configuration', async () => {
  await using stack = new AsyncDisposableStack();
  const seen: { right: boolean; scope: string; signed: string; agent: string | undefined }[] = [];
  const receiver = stack.use(
    await httpTarget((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { claimed, right, scope, signedHeaders } = awsSignature(request, Buffer.concat(parts), 'SK');
        const isRight = right !== undefined && claimed === right;
        seen.push({ right: isRight, scope, signed: signedHeaders, agent: request.headers['user-agent'] });
        response.writeHead(isRight ? 204 : 403).end();
      });
    }),
  );
  const folder = temporaryFolder('signing');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `self: {scrape_interval: 1s}
remote_write:
  - url: http://${receiver.address}/workspaces/ws%201/api/v1/remote_write
    queue_config: {batch_send_deadline: 1s}
    sigv4: {region: eu-west-1, access_key: AK, secret_key: SK}
`,
  );
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  await eventually('samples are taken', async () => {
    const metrics = await (await fetch(`${belfry.url}/metrics`)).text();
    return Number(/^belfry_remote_storage_samples_total\{.*\} (\d+)/m.exec(metrics)?.[1] ?? 0) > 0;
  });
  expect(seen.every(({ right }) => right)).toBe(true);
  expect(seen[0]!.scope).toMatch(/^AK\/\d{8}\/eu-west-1\/aps\/aws4_request$/);
  expect(seen[0]!.signed).toBe(
    'content-encoding;content-length;content-type;host;x-amz-date;x-prometheus-remote-write-version',
  );
  expect(seen[0]!.agent).toMatch(/^Belfry\//);
});
