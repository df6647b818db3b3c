import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hasOpenssl, testCertificate } from '../../testing/certificate.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { configOf, integrationOf, notification } from '../kinds/kinds.fixture.ts';
import { withAwsCredentials } from './aws-credentials.ts';
import { createHttpTransport } from './http.ts';

const folder = mkdtempSync(join(tmpdir(), 'belfry-aws-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const files = {
  AWS_SHARED_CREDENTIALS_FILE: file(
    'credentials',
    '# mine\n[default]\naws_access_key_id = DK\naws_secret_access_key = DS\n[ops]\naws_access_key_id=OK\naws_secret_access_key=OS=\naws_session_token=OT\n',
  ),
  AWS_CONFIG_FILE: file('config', '[default]\nregion = eu-west-1\n\n[profile ops]\nregion=us-east-2\n'),
};
const environment = { AWS_ACCESS_KEY_ID: 'EK', AWS_SECRET_ACCESS_KEY: 'ES', AWS_REGION: 'ap-south-1' };

test.each([
  [{}, {}, ['', '', undefined, undefined]],
  [{}, files, ['eu-west-1', 'DK', 'DS', undefined]],
  [{ profile: 'ops' }, { ...files, ...environment }, ['ap-south-1', 'OK', 'OS=', 'OT']],
  [{}, { ...files, AWS_PROFILE: 'ops' }, ['us-east-2', 'OK', 'OS=', 'OT']],
  [{}, { ...files, ...environment }, ['ap-south-1', 'EK', 'ES', undefined]],
  [
    { region: 'r', access_key: 'AK', secret_key_file: file('secret', 'FS\n') },
    { ...files, ...environment },
    ['r', 'AK', 'FS', undefined],
  ],
])('%j in the environment %# signs as %j', async (sigv4, env, expected) => {
  const config = configOf('sns', { topic_arn: 'T', sigv4 });
  const { region, access_key, secret_key, session_token } = (
    await withAwsCredentials(config, { HOME: join(folder, 'nobody'), ...env })
  ).sigv4;
  expect([region, access_key, secret_key, session_token]).toEqual(expected);
});

const nobody = { HOME: join(folder, 'nobody') };
const profiles = {
  AWS_CONFIG_FILE: file('bundles', `[profile ops]\nca_bundle=${file('ops.pem', 'OPS')}\n`),
};

test.each([
  ['nothing is named', {}, {}, { ca_file: 'own.pem' }, { ca_file: 'own.pem' }],
  ['the environment names one', { AWS_CA_BUNDLE: file('a.pem', 'A\n') }, {}, {}, { ca: 'A' }],
  [
    'one is configured beside it',
    { AWS_CA_BUNDLE: file('a.pem', 'A') },
    {},
    { ca_file: file('own.pem', 'O') },
    { ca: 'O\nA' },
  ],
  ['the profile names one', profiles, { profile: 'ops' }, {}, { ca: 'OPS' }],
  [
    'both name one',
    { ...profiles, AWS_CA_BUNDLE: file('a.pem', 'A') },
    { profile: 'ops' },
    { ca: 'O' },
    { ca: 'O\nA' },
  ],
])('certificates trusted when %s', async (_, env, sigv4, tls, expected) => {
  const config = configOf('sns', { topic_arn: 'T', sigv4, http_config: { tls_config: tls } });
  const { http_config } = await withAwsCredentials(config, { ...nobody, ...env });
  expect(http_config).toEqual({
    ...config.http_config,
    tls_config: { insecure_skip_verify: false, ...expected },
  });
});

test.skipIf(!hasOpenssl)(
  'AWS_CA_BUNDLE is what makes an endpoint trusted; one that is not there is said',
  async () => {
    using certificate = testCertificate('localhost');
    const server = createServer({ key: certificate.key, cert: certificate.cert }, (_, response) =>
      response.end('<PublishResponse/>'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const api_url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const sigv4 = { region: 'r', access_key: 'A', secret_key: 'S' };
    const config = configOf('sns', { api_url, topic_arn: 'T', sigv4 });
    const clock = fakeClock();
    const attempt = (env: Record<string, string>) =>
      integrationOf('sns', config, {
        clock,
        environment: { ...nobody, ...env },
        http: createHttpTransport({ clock, userAgent: 'test', environment: {} }),
      }).attempt(notification, new AbortController().signal);
    expect(await attempt({})).toMatchObject({
      kind: 'retry',
      message: expect.stringContaining('self-signed certificate'),
    });
    expect(await attempt({ AWS_CA_BUNDLE: certificate.certFile })).toMatchObject({ kind: 'delivered' });
    expect(await attempt({ AWS_CA_BUNDLE: join(folder, 'gone.pem') })).toMatchObject({
      kind: 'rejected',
      message: expect.stringMatching(/^AWS_CA_BUNDLE: could not read .*gone\.pem: ENOENT/),
    });
    server.closeAllConnections();
    server.close();
  },
);
