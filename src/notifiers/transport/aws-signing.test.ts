import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { alertingConfig, completeAlerting } from '../../config/alerting.ts';
import { type AwsSignature, awsSignature } from '../../testing/aws-signature.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { createForwarder } from '../forward.ts';
import { alert } from '../notifier.fixture.ts';
import { createAwsSigner } from './aws-signing.ts';
import { createHttpTransport, type HttpTransport } from './http.ts';

const NOW = Date.UTC(2026, 0, 1);
const NOBODY = { HOME: '/nonexistent' };
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

interface Seen extends AwsSignature {
  readonly url: string;
  readonly token: string | undefined;
  readonly names: readonly string[];
}

/** An Alertmanager behind AWS, and a forwarder that tells it. */
async function setup(
  section: object,
  {
    secretKey = 'SK',
    env = NOBODY as Record<string, string>,
    sts,
  }: { secretKey?: string; env?: Record<string, string>; sts?: HttpTransport } = {},
) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const signature = awsSignature(request, body, secretKey);
      const names = (JSON.parse(body) as { labels: { alertname: string } }[]).map(
        ({ labels }) => labels.alertname,
      );
      const token = request.headers['x-amz-security-token'] as string | undefined;
      seen.push({ ...signature, url: request.url!, token, names });
      response.writeHead(signature.claimed === signature.right ? 200 : 403).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = fakeClock(NOW);
  const registry = new Registry();
  const real = createHttpTransport({ clock, userAgent: 'test', environment: {} });
  const forwarder = createForwarder({
    transport: real,
    sign: createAwsSigner({ transport: sts ?? real, clock, environment: env }),
    clock,
    log: silentLog(),
    registry,
  });
  cleanups.push(() => server.close().closeAllConnections());
  const { alertmanagers } = completeAlerting(alertingConfig.parse({ alertmanagers: [section] }));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/workspaces/ws%201/alertmanager/api/v2/alerts`;
  forwarder.apply([{ url, config: alertmanagers[0]!, relabel: (labels) => labels }]);
  const counted = async (name: string): Promise<number> =>
    (await registry.getSingleMetric(`belfry_alertmanager_alerts_${name}_total`)!.get()).values[0]!.value;
  let told = 0;
  /** Resolves when the answer has been taken: the clock may be advanced then. */
  const tell = async (alertname: string) => {
    told++;
    await forwarder.accept([alert({ labels: { alertname } })]);
    await expect.poll(async () => (await counted('sent')) + (await counted('failed'))).toBe(told);
  };
  return { seen, tell, forwarder, counted, clock };
}

const own = { region: 'eu-west-1', access_key: 'AK', secret_key: 'SK' };

test('requests to an Alertmanager are signed for AWS, each when it is sent', async () => {
  const { seen, tell, forwarder, counted, clock } = await setup({ sigv4: own });
  await tell('A');
  await clock.advance('1d');
  await tell('Ümläut');
  await forwarder.stop();
  expect(seen.map(({ claimed, right, ...rest }) => ({ ...rest, isRight: claimed === right }))).toEqual([
    {
      isRight: true,
      scope: 'AK/20260101/eu-west-1/aps/aws4_request',
      signedHeaders: 'content-type;host;x-amz-date',
      url: '/workspaces/ws%201/alertmanager/api/v2/alerts',
      token: undefined,
      names: ['A'],
    },
    expect.objectContaining({
      isRight: true,
      scope: 'AK/20260102/eu-west-1/aps/aws4_request',
      names: ['Ümläut'],
    }),
  ]);
  expect([await counted('sent'), await counted('failed')]).toEqual([2, 0]);
});

test('another service and credentials of the environment; the double tells a wrong key', async () => {
  const env = {
    ...NOBODY,
    AWS_ACCESS_KEY_ID: 'EK',
    AWS_SECRET_ACCESS_KEY: 'ES',
    AWS_SESSION_TOKEN: 'ET',
    AWS_REGION: 'r',
  };
  const right = await setup({ sigv4: { service_name: 'other' } }, { secretKey: 'ES', env });
  await right.tell('A');
  await right.forwarder.stop();
  expect(right.seen).toMatchObject([{ scope: 'EK/20260101/r/other/aws4_request', token: 'ET' }]);
  expect(await right.counted('sent')).toBe(1);
  const wrong = await setup({ sigv4: own }, { secretKey: 'another' });
  await wrong.tell('A');
  await wrong.forwarder.stop();
  expect([await wrong.counted('sent'), await wrong.counted('failed')]).toEqual([0, 1]);
});

test('a role is assumed once, while what it gave holds', async () => {
  const asked: string[] = [];
  const expiration = new Date(NOW + 3_600_000).toISOString();
  const sts: HttpTransport = async ({ url, body }) => {
    asked.push(`${url} ${new URLSearchParams(body).get('RoleArn')}`);
    const xml = `<R><AccessKeyId>RK</AccessKeyId><SecretAccessKey>RS</SecretAccessKey><SessionToken>RT</SessionToken><Expiration>${expiration}</Expiration></R>`;
    return { status: 200, headers: {}, body: xml };
  };
  const sigv4 = { ...own, role_arn: 'arn:role' };
  const { seen, tell, forwarder, counted, clock } = await setup({ sigv4 }, { secretKey: 'RS', sts });
  await tell('A');
  await tell('B');
  expect(asked).toEqual(['https://sts.eu-west-1.amazonaws.com/ arn:role']);
  await clock.advance('1h');
  await tell('C');
  await forwarder.stop();
  expect(asked).toHaveLength(2);
  expect(seen.map(({ scope, token }) => [scope.slice(0, 3), token])).toEqual(Array(3).fill(['RK/', 'RT']));
  expect(await counted('sent')).toBe(3);
});

test('a role is asked for with the certificates of AWS_CA_BUNDLE', async () => {
  const trusted: (string | undefined)[] = [];
  const sts: HttpTransport = async (_, { tls_config }) => {
    trusted.push(tls_config.ca);
    return { status: 403, headers: {}, body: '<Message>no</Message>' };
  };
  const bundle = join(mkdtempSync(join(tmpdir(), 'belfry-aws-signing-')), 'bundle.pem');
  cleanups.push(() => rmSync(dirname(bundle), { recursive: true }));
  writeFileSync(bundle, 'PEM');
  for (const env of [NOBODY, { ...NOBODY, AWS_CA_BUNDLE: bundle }]) {
    const { forwarder } = await setup({ sigv4: { ...own, role_arn: 'arn:role' } }, { sts, env });
    await forwarder.accept([alert({ labels: { alertname: 'A' } })]);
    await forwarder.stop();
  }
  expect(trusted).toEqual([undefined, 'PEM']);
});

test('without credentials, or where the role is refused, nothing is sent and the alerts count as failed', async () => {
  const none = await setup({ sigv4: { region: 'r' } });
  await none.forwarder.accept([alert({ labels: { alertname: 'A' } })]);
  await none.forwarder.stop();
  const sts: HttpTransport = async () => ({ status: 403, headers: {}, body: '<Message>no</Message>' });
  const refused = await setup({ sigv4: { ...own, role_arn: 'arn:role' } }, { sts });
  await refused.forwarder.accept([alert({ labels: { alertname: 'A' } })]);
  await refused.forwarder.stop();
  expect([none.seen, refused.seen]).toEqual([[], []]);
  expect([await none.counted('failed'), await refused.counted('failed')]).toEqual([1, 1]);
});
