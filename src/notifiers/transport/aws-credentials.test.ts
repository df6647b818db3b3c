import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configOf } from '../kinds/kinds.fixture.ts';
import { withAwsCredentials } from './aws-credentials.ts';

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
